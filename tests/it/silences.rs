//! Silences: what they suppress, what is still sent, and what is sent when a silence ends.

use axum::http::StatusCode;
use chrono::TimeDelta;
use minimax_watch::domain::account::SubscriptionName;
use minimax_watch::domain::silence::{Matcher, SilenceId};
use minimax_watch::store::NewSilence;

use crate::received;
use crate::simulator::{Answer, Delivery, LapsedBody, Record, Refusal, Reply};
use crate::world::{DESK, MAIL, PAGER, Settings, World, days, healthy, hours, minutes, seconds, start};

const BOTH: &[(&str, &str)] = &[("1", "studio-a"), ("2", "studio-b")];

/// The matchers of a silence.
pub(crate) struct SilenceSpec<'a> {
    pub(crate) globs: &'a [&'a str],
    pub(crate) kinds: &'a [&'a str],
    pub(crate) subscription: Option<&'a str>,
    pub(crate) even_critical: bool,
}

/// Silences critical alerts too, so that a test can use any alert.
pub(crate) const EVEN_CRITICAL: SilenceSpec<'_> =
    SilenceSpec { globs: &[], kinds: &[], subscription: None, even_critical: true };

/// As `silence add` makes it without `--even-critical`.
const DEFAULT: SilenceSpec<'_> = SilenceSpec { even_critical: false, ..EVEN_CRITICAL };

pub(crate) async fn silence(world: &World, spec: SilenceSpec<'_>, length: TimeDelta) -> SilenceId {
    let texts = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let matcher =
        Matcher::new(&texts(spec.globs), &texts(spec.kinds), spec.subscription.map(SubscriptionName::new));
    let silence = NewSilence {
        matcher: matcher.unwrap(),
        until: world.now() + length,
        reason: "a test".to_owned(),
        even_critical: spec.even_critical,
    };
    let mut writer = world.engine.store.write().await.unwrap();
    let id = writer.add_silence(&silence, world.now()).await.unwrap();
    writer.commit().await.unwrap();
    id
}

async fn end_silence(world: &World, id: SilenceId) -> bool {
    let mut writer = world.engine.store.write().await.unwrap();
    let ended = writer.end_silence(id, world.now()).await.unwrap();
    writer.commit().await.unwrap();
    ended
}

/// `data.silenced` of the last of these messages.
pub(crate) fn silenced_count(deliveries: &[Delivery]) -> u64 {
    received::body(deliveries.last().unwrap())["data"]["silenced"].as_u64().unwrap()
}

#[tokio::test]
async fn silenced_alert_is_sent_once_when_the_silence_ends() {
    let world = World::watching(BOTH).await;
    world.run().await;
    silence(&world, SilenceSpec { globs: &["studio-a"], ..EVEN_CRITICAL }, hours(4)).await;
    world.main.remove("1");
    world.run().await;
    world.live_until(start() + hours(6)).await;
    world.run().await;
    assert_eq!(
        world.received_with_times(),
        [(start() + hours(4), "opened not_found critical studio-a".to_owned())]
    );
}

#[tokio::test]
async fn silence_survives_a_restart_and_applies_to_every_receiver() {
    let world = World::open(Settings::watching(BOTH).receivers(&[PAGER, DESK, MAIL])).await;
    world.all_healthy(BOTH);
    world.run().await;
    silence(&world, SilenceSpec { globs: &["*"], ..EVEN_CRITICAL }, hours(1)).await;
    let world = world.restart().await;
    world.main.remove("1");
    world.run().await;
    assert_eq!((world.received(), world.received_at_desk(), world.received_mail()), (vec![], vec![], vec![]));
    world.live_until(start() + hours(1)).await;
    assert_eq!(world.received(), ["opened not_found critical studio-a"]);
    assert_eq!(world.received_at_desk(), ["opened not_found critical studio-a"]);
    assert_eq!(world.received_mail().len(), 1);
}

#[tokio::test]
async fn alert_that_opens_and_resolves_during_a_silence_sends_nothing() {
    let world = World::watching(BOTH).await;
    world.run().await;
    silence(&world, SilenceSpec { globs: &["studio-a"], ..EVEN_CRITICAL }, hours(4)).await;
    world.main.remove("1");
    world.run().await;
    world.advance(hours(1));
    world.main.put(healthy("1"));
    world.run().await;
    assert!(world.firing().await.is_empty());
    world.live_until(start() + days(2)).await;
    assert!(world.received().is_empty());
}

#[tokio::test]
async fn resolved_notification_is_sent_through_a_silence() {
    let world = World::watching(BOTH).await;
    world.main.remove("1");
    world.run().await;
    assert_eq!(world.received(), ["opened not_found critical studio-a"]);
    silence(&world, SilenceSpec { globs: &["*"], ..EVEN_CRITICAL }, days(9)).await;
    world.main.put(healthy("1"));
    world.run().await;
    assert_eq!(world.received(), ["resolved not_found critical studio-a"]);
}

#[tokio::test]
async fn reminders_are_silenced_and_an_overdue_one_is_sent_when_the_silence_ends() {
    let settings = Settings::watching(BOTH).alerts("repeat_every = \"24h\"");
    let world = World::open(settings).await;
    world.all_healthy(BOTH);
    world.main.set_answer("1", Answer::account_error("on hold"));
    world.run().await;
    let notified = world.now();
    world.received();
    silence(&world, SilenceSpec { globs: &["studio-a"], ..EVEN_CRITICAL }, days(3) + hours(1)).await;
    world.live_until(notified + days(5)).await;
    let end_silence = notified + days(3) + hours(1);
    let reminder = "repeated account_error critical studio-a".to_owned();
    assert_eq!(
        world.received_with_times(),
        [(end_silence, reminder.clone()), (end_silence + days(1), reminder)]
    );
}

#[tokio::test]
async fn escalation_during_a_silence_is_sent_once_when_it_ends() {
    let world = World::open(Settings::watching(BOTH)).await;
    world.all_healthy(BOTH);
    world.main.put(Record::ending("1", start() + days(6)));
    world.run().await;
    assert_eq!(world.received(), ["opened expiry 7d warning studio-a"]);
    silence(&world, SilenceSpec { kinds: &["expiry"], ..EVEN_CRITICAL }, days(5) + hours(12)).await;
    world.live_until(start() + days(5) + hours(23)).await;
    assert_eq!(
        world.received_with_times(),
        [
            (start() + days(5) + hours(12), "escalated expiry 1d critical studio-a".to_owned()),
            (start() + days(5) + hours(23), "escalated expiry 1h critical studio-a".to_owned()),
        ]
    );
}

#[tokio::test]
async fn critical_alerts_of_every_kind_pass_a_silence() {
    let world = World::open(Settings::watching(BOTH)).await;
    world.main.put(Record::ending("1", start() + hours(12)));
    world.main.put(healthy("2").max_jobs(3));
    silence(&world, SilenceSpec { globs: &["*"], ..DEFAULT }, days(9)).await;
    world.run().await;
    assert_eq!(world.received(), ["opened expiry 1d critical studio-a"]);
    world.live_until(start() + hours(13)).await;
    assert_eq!(
        world.received_with_times(),
        [
            (start() + hours(11), "escalated expiry 1h critical studio-a".to_owned()),
            (start() + hours(12), "escalated expiry expired critical studio-a".to_owned()),
        ]
    );
    world.main.put(healthy("2").max_jobs(1));
    world.run().await;
    assert!(world.received().is_empty(), "a change is never critical");
    world.main.remove("2");
    world.run().await;
    assert_eq!(world.received(), ["opened not_found critical studio-b"]);
    world.main.set_answer("2", Answer::account_error("on hold"));
    world.run().await;
    assert!(
        world.received().iter().any(|received| received.contains("opened account_error critical studio-b"))
    );
    world.main.set_answer("1", Answer::unauthorized(Refusal::WithCode));
    world.main.set_answer("2", Answer::unauthorized(Refusal::WithCode));
    world.run().await;
    assert!(
        world.received().iter().any(|received| received.contains("opened unauthorized critical main(2)"))
    );
}

#[tokio::test]
async fn alert_that_becomes_critical_during_a_silence_is_sent_and_repeated() {
    let world = World::open(Settings::watching(BOTH).alerts("repeat_every = \"12h\"")).await;
    world.all_healthy(BOTH);
    world.main.put(Record::ending("1", start() + days(2)));
    silence(&world, SilenceSpec { globs: &["studio-a"], ..DEFAULT }, days(2)).await;
    world.run().await;
    assert!(world.received().is_empty(), "a warning is silenced");
    world.live_until(start() + days(1) + hours(13)).await;
    assert_eq!(
        world.received_with_times(),
        [
            (start() + days(1), "opened expiry 1d critical studio-a".to_owned()),
            (start() + days(1) + hours(12), "repeated expiry 1d critical studio-a".to_owned()),
        ]
    );
}

#[tokio::test]
async fn warning_sent_before_a_silence_escalates_through_it_and_is_not_repeated_at_its_end() {
    let world = World::open(Settings::watching(BOTH)).await;
    world.all_healthy(BOTH);
    world.main.put(Record::ending("1", start() + days(2)));
    world.run().await;
    assert_eq!(world.received(), ["opened expiry 3d warning studio-a"]);
    silence(&world, SilenceSpec { globs: &["studio-a"], ..DEFAULT }, days(1) + hours(3)).await;
    world.live_until(start() + days(1) + hours(5)).await;
    assert_eq!(
        world.received_with_times(),
        [(start() + days(1), "escalated expiry 1d critical studio-a".to_owned())]
    );
}

#[tokio::test]
async fn even_critical_silences_critical_alerts_too() {
    let world = World::open(Settings::watching(BOTH)).await;
    world.main.put(Record::ending("1", start() + hours(12)));
    world.main.put(healthy("2"));
    silence(&world, SilenceSpec { globs: &["*"], ..EVEN_CRITICAL }, days(1)).await;
    world.run().await;
    world.at(start() + hours(13));
    world.main.set_answer("1", Answer::unauthorized(Refusal::WithCode));
    world.main.set_answer("2", Answer::unauthorized(Refusal::WithCode));
    world.run().await;
    assert!(world.received().is_empty());
    world.live_until(start() + days(1)).await;
    assert_eq!(
        world.received(),
        ["opened expiry expired critical studio-a + opened unauthorized critical main(2)"],
        "one message holds all of it"
    );
}

#[tokio::test]
async fn subscription_alert_is_silenced_only_when_all_its_accounts_are() {
    let world = World::watching(BOTH).await;
    world.run().await;
    let one = silence(&world, SilenceSpec { globs: &["studio-a"], ..EVEN_CRITICAL }, days(1)).await;
    for id in ["1", "2"] {
        world.main.set_answer(id, Answer::lapsed(LapsedBody::Expired));
    }
    world.run().await;
    assert_eq!(world.received(), ["opened subscription_lapsed critical main(2)"], "studio-b is not silenced");
    world.all_healthy(BOTH);
    world.run().await;
    assert_eq!(world.received(), ["resolved subscription_lapsed critical main(2)"]);
    assert!(end_silence(&world, one).await);
    silence(&world, SilenceSpec { globs: &["studio-*"], ..EVEN_CRITICAL }, days(1)).await;
    for id in ["1", "2"] {
        world.main.set_answer(id, Answer::lapsed(LapsedBody::Expired));
    }
    world.run().await;
    assert!(world.received().is_empty());
}

#[tokio::test]
async fn messages_count_what_is_silenced_for_their_receiver() {
    let accounts = &[("1", "studio-a"), ("2", "studio-b"), ("3", "office")];
    let two_kinds = PAGER.to_owned() + "kinds = [\"not_found\", \"account_error\"]\n";
    let world = World::open(Settings::watching(accounts).receivers(&[&two_kinds, MAIL])).await;
    world.all_healthy(accounts);
    world.run().await;
    silence(&world, SilenceSpec { globs: &["studio-*"], ..EVEN_CRITICAL }, hours(4)).await;
    world.main.remove("1");
    world.main.put(healthy("2").max_jobs(9));
    world.main.set_answer("3", Answer::account_error("on hold"));
    world.run().await;
    assert_eq!(
        silenced_count(&world.pager.deliveries()),
        1,
        "the change is not routed to this receiver, so it is not counted"
    );
    assert_eq!(world.received(), ["opened account_error critical office"]);
    let mail = &world.mailbox.mails()[0];
    assert!(mail.text().contains("2 more are silenced for this receiver."), "{}", mail.text());
    world.live_until(start() + hours(4)).await;
    assert_eq!(silenced_count(&world.pager.deliveries()), 0, "no alert is silenced any longer");
    assert_eq!(world.received(), ["opened not_found critical studio-a"]);
}

#[tokio::test]
async fn silenced_change_is_sent_later() {
    let world = World::watching(BOTH).await;
    world.run().await;
    silence(&world, SilenceSpec { globs: &["studio-a"], ..EVEN_CRITICAL }, hours(4)).await;
    world.main.put(healthy("1").max_jobs(7));
    world.main.put(healthy("2").max_jobs(8));
    world.run().await;
    assert_eq!(
        world.received(),
        ["max_jobs_changed info studio-b maxJobs 1>8"],
        "the other account is not affected"
    );
    let world = world.restart().await;
    world.live_until(start() + days(1)).await;
    assert_eq!(
        world.received_with_times(),
        [(start() + hours(4), "max_jobs_changed info studio-a maxJobs 1>7".to_owned())]
    );
    world.run().await;
    assert!(world.received().is_empty());
}

#[tokio::test]
async fn silenced_change_of_a_removed_account_stays_silenced_by_its_name() {
    let mut world = World::watching(BOTH).await;
    world.run().await;
    silence(&world, SilenceSpec { globs: &["studio-a"], ..EVEN_CRITICAL }, hours(4)).await;
    world.main.put(healthy("1").max_jobs(7));
    world.run().await;
    world.reload(Settings::watching(&BOTH[1..])).await;
    world.tick().await;
    assert!(world.received().is_empty());
    world.live_until(start() + hours(4)).await;
    assert_eq!(world.received(), ["max_jobs_changed info studio-a maxJobs 1>7"]);
}

#[tokio::test]
async fn silence_of_one_kind_or_of_another_subscription_suppresses_nothing_else() {
    let world = World::watching(BOTH).await;
    world.run().await;
    silence(&world, SilenceSpec { kinds: &["expiry", "max_jobs_changed"], ..EVEN_CRITICAL }, days(1)).await;
    silence(&world, SilenceSpec { subscription: Some("other"), ..EVEN_CRITICAL }, days(1)).await;
    world.main.remove("1");
    world.run().await;
    assert_eq!(world.received(), ["opened not_found critical studio-a"]);
}

#[tokio::test]
async fn ending_a_silence_sends_the_alert_and_works_only_once() {
    let world = World::watching(BOTH).await;
    world.run().await;
    let id = silence(&world, SilenceSpec { subscription: Some("main"), ..EVEN_CRITICAL }, days(1)).await;
    world.main.remove("1");
    world.run().await;
    world.advance(minutes(5));
    assert!(end_silence(&world, id).await);
    assert!(!end_silence(&world, id).await);
    assert!(!end_silence(&world, 4711).await);
    world.tick().await;
    assert_eq!(world.received(), ["opened not_found critical studio-a"]);
    let again = silence(&world, SilenceSpec { globs: &["x"], ..EVEN_CRITICAL }, seconds(1)).await;
    assert!(again > id, "a number is never used twice");
}

#[tokio::test]
async fn of_overlapping_silences_the_last_one_to_end_decides() {
    let world = World::watching(BOTH).await;
    world.run().await;
    silence(&world, SilenceSpec { globs: &["studio-a"], ..EVEN_CRITICAL }, hours(1)).await;
    silence(&world, SilenceSpec { kinds: &["not_found"], ..EVEN_CRITICAL }, hours(3)).await;
    world.main.remove("1");
    world.run().await;
    world.live_until(start() + hours(5)).await;
    assert_eq!(
        world.received_with_times(),
        [(start() + hours(3), "opened not_found critical studio-a".to_owned())]
    );
}

#[tokio::test]
async fn delivery_failing_can_be_silenced_by_its_kind() {
    let pager = PAGER.to_owned() + "fallback = \"desk\"\n";
    let world = World::open(Settings::watching(BOTH).receivers(&[&pager, DESK])).await;
    world.all_healthy(BOTH);
    world.run().await;
    silence(&world, SilenceSpec { kinds: &["delivery_failing"], ..EVEN_CRITICAL }, hours(4)).await;
    world.pager.set(Some(Reply::status(StatusCode::GONE)));
    world.main.remove("1");
    world.run().await;
    assert_eq!(world.received_at_desk(), ["opened not_found critical studio-a"]);
    world.live_until(start() + hours(5)).await;
    assert_eq!(world.received_at_desk(), ["opened delivery_failing warning pager"]);
}

//! Silences: what is withheld, what is told all the same, and what is told when a silence ends.

use axum::http::StatusCode;
use chrono::TimeDelta;
use minimax_watch::domain::account::SubscriptionName;
use minimax_watch::domain::silence::{Matcher, SilenceId};
use minimax_watch::simulator::{Answer, Lapse, Record, Refusal, Reply};
use minimax_watch::store::NewSilence;

use crate::heard;
use crate::world::{DESK, MAIL, PAGER, Settings, World, days, healthy, hours, minutes, seconds, start};

const BOTH: &[(&str, &str)] = &[("1", "studio-a"), ("2", "studio-b")];

/// Silences these for so long from now on.
struct Hush<'a> {
    globs: &'a [&'a str],
    kinds: &'a [&'a str],
    subscription: Option<&'a str>,
    even_critical: bool,
}

/// Critical alerts too, so that any alert can show what a silence does.
const NOTHING: Hush<'_> = Hush { globs: &[], kinds: &[], subscription: None, even_critical: true };

/// As `silence add` makes it without `--even-critical`.
const USUAL: Hush<'_> = Hush { even_critical: false, ..NOTHING };

async fn silence(world: &World, hush: Hush<'_>, length: TimeDelta) -> SilenceId {
    let texts = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let matcher =
        Matcher::new(&texts(hush.globs), &texts(hush.kinds), hush.subscription.map(SubscriptionName::new));
    let silence = NewSilence {
        matcher: matcher.unwrap(),
        until: world.now() + length,
        reason: "a test".to_owned(),
        even_critical: hush.even_critical,
    };
    let mut writer = world.engine.store.write().await.unwrap();
    let id = writer.add_silence(&silence, world.now()).await.unwrap();
    writer.commit().await.unwrap();
    id
}

async fn end(world: &World, id: SilenceId) -> bool {
    let mut writer = world.engine.store.write().await.unwrap();
    let ended = writer.end_silence(id, world.now()).await.unwrap();
    writer.commit().await.unwrap();
    ended
}

/// How much the last message to the pager says is withheld; none when it does not say.
fn withheld(world: &World) -> Option<u64> {
    let deliveries = world.pager.deliveries();
    heard::body(deliveries.last().unwrap())["data"].get("withheld").map(|count| count.as_u64().unwrap())
}

#[tokio::test]
async fn a_withheld_fire_is_told_in_the_second_in_which_the_silence_ends_and_once() {
    let world = World::watching(BOTH).await;
    world.run().await;
    silence(&world, Hush { globs: &["studio-a"], ..NOTHING }, hours(4)).await;
    world.main.remove("1");
    world.run().await;
    world.live_until(start() + hours(6)).await;
    world.run().await;
    assert_eq!(world.heard_when(), [(start() + hours(4), "opened not_found critical studio-a".to_owned())]);
}

#[tokio::test]
async fn it_outlives_a_restart_and_holds_for_every_receiver() {
    let world = World::open(Settings::watching(BOTH).receivers(&[PAGER, DESK, MAIL])).await;
    world.all_healthy(BOTH);
    world.run().await;
    silence(&world, Hush { globs: &["*"], ..NOTHING }, hours(1)).await;
    let world = world.restart().await;
    world.main.remove("1");
    world.run().await;
    assert_eq!((world.heard(), world.heard_at_desk(), world.mailed()), (vec![], vec![], vec![]));
    world.live_until(start() + hours(1)).await;
    assert_eq!(world.heard(), ["opened not_found critical studio-a"]);
    assert_eq!(world.heard_at_desk(), ["opened not_found critical studio-a"]);
    assert_eq!(world.mailed().len(), 1);
}

#[tokio::test]
async fn what_fires_and_ends_within_a_silence_says_nothing() {
    let world = World::watching(BOTH).await;
    world.run().await;
    silence(&world, Hush { globs: &["studio-a"], ..NOTHING }, hours(4)).await;
    world.main.remove("1");
    world.run().await;
    world.advance(hours(1));
    world.main.put(healthy("1"));
    world.run().await;
    assert!(world.firing().await.is_empty());
    world.live_until(start() + days(2)).await;
    assert!(world.heard().is_empty());
}

#[tokio::test]
async fn the_end_of_what_was_told_passes_through_a_silence() {
    let world = World::watching(BOTH).await;
    world.main.remove("1");
    world.run().await;
    assert_eq!(world.heard(), ["opened not_found critical studio-a"]);
    silence(&world, Hush { globs: &["*"], ..NOTHING }, days(9)).await;
    world.main.put(healthy("1"));
    world.run().await;
    assert_eq!(world.heard(), ["resolved not_found critical studio-a"]);
}

#[tokio::test]
async fn reminders_are_withheld_and_one_that_is_overdue_comes_when_the_silence_ends() {
    let settings = Settings::watching(BOTH).alerts("repeat_every = \"24h\"");
    let world = World::open(settings).await;
    world.all_healthy(BOTH);
    world.main.set("1", Answer::account_error("on hold"));
    world.run().await;
    let told = world.now();
    world.heard();
    silence(&world, Hush { globs: &["studio-a"], ..NOTHING }, days(3) + hours(1)).await;
    world.live_until(told + days(5)).await;
    let end = told + days(3) + hours(1);
    let reminder = "repeated account_error critical studio-a".to_owned();
    assert_eq!(world.heard_when(), [(end, reminder.clone()), (end + days(1), reminder)]);
}

#[tokio::test]
async fn what_got_graver_within_a_silence_is_told_once_at_its_end() {
    let world = World::open(Settings::watching(BOTH)).await;
    world.all_healthy(BOTH);
    world.main.put(Record::ending("1", start() + days(6)));
    world.run().await;
    assert_eq!(world.heard(), ["opened expiry 7d warning studio-a"]);
    silence(&world, Hush { kinds: &["expiry"], ..NOTHING }, days(5) + hours(12)).await;
    world.live_until(start() + days(5) + hours(23)).await;
    assert_eq!(
        world.heard_when(),
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
    silence(&world, Hush { globs: &["*"], ..USUAL }, days(9)).await;
    world.run().await;
    assert_eq!(world.heard(), ["opened expiry 1d critical studio-a"]);
    world.live_until(start() + hours(13)).await;
    assert_eq!(
        world.heard_when(),
        [
            (start() + hours(11), "escalated expiry 1h critical studio-a".to_owned()),
            (start() + hours(12), "escalated expiry expired critical studio-a".to_owned()),
        ]
    );
    world.main.put(healthy("2").max_jobs(1));
    world.run().await;
    assert!(world.heard().is_empty(), "no change is critical");
    world.main.remove("2");
    world.run().await;
    assert_eq!(world.heard(), ["opened not_found critical studio-b"]);
    world.main.set("2", Answer::account_error("on hold"));
    world.run().await;
    assert!(world.heard().iter().any(|heard| heard.contains("opened account_error critical studio-b")));
    world.main.set("1", Answer::unauthorized(Refusal::WithCode));
    world.main.set("2", Answer::unauthorized(Refusal::WithCode));
    world.run().await;
    assert!(world.heard().iter().any(|heard| heard.contains("opened unauthorized critical main(2)")));
}

#[tokio::test]
async fn an_alert_that_becomes_critical_within_a_silence_is_sent_then_and_reminded_of() {
    let world = World::open(Settings::watching(BOTH).alerts("repeat_every = \"12h\"")).await;
    world.all_healthy(BOTH);
    world.main.put(Record::ending("1", start() + days(2)));
    silence(&world, Hush { globs: &["studio-a"], ..USUAL }, days(2)).await;
    world.run().await;
    assert!(world.heard().is_empty(), "a warning is silenced");
    world.live_until(start() + days(1) + hours(13)).await;
    assert_eq!(
        world.heard_when(),
        [
            (start() + days(1), "opened expiry 1d critical studio-a".to_owned()),
            (start() + days(1) + hours(12), "repeated expiry 1d critical studio-a".to_owned()),
        ]
    );
}

#[tokio::test]
async fn what_was_sent_as_a_warning_before_the_silence_is_sent_as_escalated_within_it_and_not_again_at_its_end()
 {
    let world = World::open(Settings::watching(BOTH)).await;
    world.all_healthy(BOTH);
    world.main.put(Record::ending("1", start() + days(2)));
    world.run().await;
    assert_eq!(world.heard(), ["opened expiry 3d warning studio-a"]);
    silence(&world, Hush { globs: &["studio-a"], ..USUAL }, days(1) + hours(3)).await;
    world.live_until(start() + days(1) + hours(5)).await;
    assert_eq!(world.heard_when(), [(start() + days(1), "escalated expiry 1d critical studio-a".to_owned())]);
}

#[tokio::test]
async fn even_critical_silences_critical_alerts_too() {
    let world = World::open(Settings::watching(BOTH)).await;
    world.main.put(Record::ending("1", start() + hours(12)));
    world.main.put(healthy("2"));
    silence(&world, Hush { globs: &["*"], ..NOTHING }, days(1)).await;
    world.run().await;
    world.at(start() + hours(13));
    world.main.set("1", Answer::unauthorized(Refusal::WithCode));
    world.main.set("2", Answer::unauthorized(Refusal::WithCode));
    world.run().await;
    assert!(world.heard().is_empty());
    world.live_until(start() + days(1)).await;
    assert_eq!(
        world.heard(),
        ["opened expiry expired critical studio-a + opened unauthorized critical main(2)"],
        "one message tells all of it"
    );
}

#[tokio::test]
async fn what_concerns_a_whole_subscription_is_withheld_only_when_all_its_accounts_are() {
    let world = World::watching(BOTH).await;
    world.run().await;
    let one = silence(&world, Hush { globs: &["studio-a"], ..NOTHING }, days(1)).await;
    for id in ["1", "2"] {
        world.main.set(id, Answer::lapsed(Lapse::Expired));
    }
    world.run().await;
    assert_eq!(world.heard(), ["opened subscription_lapsed critical main(2)"], "studio-b is not silenced");
    world.all_healthy(BOTH);
    world.run().await;
    assert_eq!(world.heard(), ["resolved subscription_lapsed critical main(2)"]);
    assert!(end(&world, one).await);
    silence(&world, Hush { globs: &["studio-*"], ..NOTHING }, days(1)).await;
    for id in ["1", "2"] {
        world.main.set(id, Answer::lapsed(Lapse::Expired));
    }
    world.run().await;
    assert!(world.heard().is_empty());
}

#[tokio::test]
async fn messages_say_how_much_is_withheld_from_their_receiver() {
    let accounts = &[("1", "studio-a"), ("2", "studio-b"), ("3", "office")];
    let choosy = PAGER.to_owned() + "kinds = [\"not_found\", \"account_error\"]\n";
    let world = World::open(Settings::watching(accounts).receivers(&[&choosy, MAIL])).await;
    world.all_healthy(accounts);
    world.run().await;
    silence(&world, Hush { globs: &["studio-*"], ..NOTHING }, hours(4)).await;
    world.main.remove("1");
    world.main.put(healthy("2").max_jobs(9));
    world.main.set("3", Answer::account_error("on hold"));
    world.run().await;
    assert_eq!(withheld(&world), Some(1), "of the change this receiver never hears");
    assert_eq!(world.heard(), ["opened account_error critical office"]);
    let mail = &world.mailbox.mails()[0];
    assert!(mail.text().contains("Silences withhold from you: 2 more."), "{}", mail.text());
    world.live_until(start() + hours(4)).await;
    assert_eq!(withheld(&world), None, "nothing changes for who needs no silences");
    assert_eq!(world.heard(), ["opened not_found critical studio-a"]);
}

#[tokio::test]
async fn a_change_is_withheld_and_not_lost() {
    let world = World::watching(BOTH).await;
    world.run().await;
    silence(&world, Hush { globs: &["studio-a"], ..NOTHING }, hours(4)).await;
    world.main.put(healthy("1").max_jobs(7));
    world.main.put(healthy("2").max_jobs(8));
    world.run().await;
    assert_eq!(world.heard(), ["max_jobs_changed info studio-b maxJobs 1>8"], "the other is not held up");
    let world = world.restart().await;
    world.live_until(start() + days(1)).await;
    assert_eq!(
        world.heard_when(),
        [(start() + hours(4), "max_jobs_changed info studio-a maxJobs 1>7".to_owned())]
    );
    world.run().await;
    assert!(world.heard().is_empty());
}

#[tokio::test]
async fn a_withheld_change_of_an_account_that_leaves_the_configuration_stays_withheld_by_its_name() {
    let mut world = World::watching(BOTH).await;
    world.run().await;
    silence(&world, Hush { globs: &["studio-a"], ..NOTHING }, hours(4)).await;
    world.main.put(healthy("1").max_jobs(7));
    world.run().await;
    world.reload(Settings::watching(&BOTH[1..])).await;
    world.tick().await;
    assert!(world.heard().is_empty());
    world.live_until(start() + hours(4)).await;
    assert_eq!(world.heard(), ["max_jobs_changed info studio-a maxJobs 1>7"]);
}

#[tokio::test]
async fn a_silence_of_one_kind_or_of_another_subscription_withholds_nothing_else() {
    let world = World::watching(BOTH).await;
    world.run().await;
    silence(&world, Hush { kinds: &["expiry", "max_jobs_changed"], ..NOTHING }, days(1)).await;
    silence(&world, Hush { subscription: Some("other"), ..NOTHING }, days(1)).await;
    world.main.remove("1");
    world.run().await;
    assert_eq!(world.heard(), ["opened not_found critical studio-a"]);
}

#[tokio::test]
async fn ended_by_hand_it_tells_at_the_next_announcing_and_cannot_be_ended_twice() {
    let world = World::watching(BOTH).await;
    world.run().await;
    let id = silence(&world, Hush { subscription: Some("main"), ..NOTHING }, days(1)).await;
    world.main.remove("1");
    world.run().await;
    world.advance(minutes(5));
    assert!(end(&world, id).await);
    assert!(!end(&world, id).await);
    assert!(!end(&world, 4711).await);
    world.tick().await;
    assert_eq!(world.heard(), ["opened not_found critical studio-a"]);
    let again = silence(&world, Hush { globs: &["x"], ..NOTHING }, seconds(1)).await;
    assert!(again > id, "a number is never given twice");
}

#[tokio::test]
async fn where_silences_overlap_the_last_one_decides() {
    let world = World::watching(BOTH).await;
    world.run().await;
    silence(&world, Hush { globs: &["studio-a"], ..NOTHING }, hours(1)).await;
    silence(&world, Hush { kinds: &["not_found"], ..NOTHING }, hours(3)).await;
    world.main.remove("1");
    world.run().await;
    world.live_until(start() + hours(5)).await;
    assert_eq!(world.heard_when(), [(start() + hours(3), "opened not_found critical studio-a".to_owned())]);
}

#[tokio::test]
async fn a_failing_receiver_can_be_silenced_by_its_kind() {
    let pager = PAGER.to_owned() + "fallback = \"desk\"\n";
    let world = World::open(Settings::watching(BOTH).receivers(&[&pager, DESK])).await;
    world.all_healthy(BOTH);
    world.run().await;
    silence(&world, Hush { kinds: &["delivery_failing"], ..NOTHING }, hours(4)).await;
    world.pager.set(Some(Reply::status(StatusCode::GONE)));
    world.main.remove("1");
    world.run().await;
    assert_eq!(world.heard_at_desk(), ["opened not_found critical studio-a"]);
    world.live_until(start() + hours(5)).await;
    assert_eq!(world.heard_at_desk(), ["opened delivery_failing warning pager"]);
}

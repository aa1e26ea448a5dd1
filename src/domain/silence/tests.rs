use chrono::{TimeDelta, TimeZone, Utc};
use serde_json::Value;
use strum::IntoEnumIterator;

use super::*;
use crate::domain::account::{AccountId, AccountKey, ReceiverName};
use crate::domain::alerts::{AlertId, Condition, Severity};
use crate::domain::lead_times::Stage;

fn now() -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap()
}

fn main_subscription() -> SubscriptionName {
    SubscriptionName::new("main")
}

fn texts(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// A silence of an hour.
fn silence(globs: &[&str], kinds: &[&str], subscriptions: &[&str]) -> Silence {
    let subscriptions = subscriptions.iter().map(|name| SubscriptionName::new(*name));
    Silence {
        id: 1,
        matcher: Matcher::new(&texts(globs), &texts(kinds), subscriptions).unwrap(),
        until: now() + TimeDelta::hours(1),
        reason: "a test".to_owned(),
        even_critical: false,
        created_at: now(),
        ended_at: None,
    }
}

fn account(id: &str, name: &str) -> AccountRef {
    AccountRef { id: AccountId::new(id), name: name.to_owned() }
}

fn alert(subject: Subject, kind: AlertKind, stage: Option<Stage>) -> Alert {
    let condition = Condition {
        subject,
        kind,
        stage,
        severity: Severity::Warning,
        expires_at: None,
        detail: String::new(),
        affected: 1,
    };
    Alert {
        id: AlertId::new("A"),
        condition,
        opened_at: now(),
        resolved_at: None,
        renewed_until: None,
        reached_at: now(),
        resolution: None,
    }
}

fn studio() -> Subject {
    Subject::Account(AccountKey::new(&main_subscription(), &AccountId::new("123456")))
}

#[test]
fn alert_is_silenced_when_every_given_matcher_matches() {
    let studio_a = account("123456", "studio-a");
    for (globs, kinds, subscriptions, silenced) in [
        (&["studio-*"][..], &[][..], &[][..], true),
        (&["1234*"], &[], &[], true),
        (&["STUDIO-*"], &[], &[], false),
        (&["other", "studio-?"], &[], &[], true),
        (&["other"], &[], &[], false),
        (&[], &["not_found"], &[], true),
        (&[], &["expiry", "not_found"], &[], true),
        (&[], &["expiry", "capability_lost"], &[], false),
        (&[], &[], &["main"], true),
        (&[], &[], &["other", "main"], true),
        (&[], &[], &["mai*"], false),
        (&["studio-*"], &["not_found"], &["main"], true),
        (&["studio-*"], &["not_found"], &["other"], false),
        (&["studio-*"], &["expiry"], &["main"], false),
        (&["other"], &["not_found"], &["main"], false),
    ] {
        let silence = silence(globs, kinds, subscriptions);
        let alert = alert(studio(), AlertKind::NotFound, None);
        assert_eq!(silence.silences_alert(&alert, &[&studio_a], now()), silenced, "{}", silence.matcher);
    }
}

#[test]
fn alert_of_a_subscription_is_silenced_only_when_all_its_accounts_match() {
    let (a, b, office) = (account("1", "studio-a"), account("2", "studio-b"), account("3", "office"));
    for (globs, accounts, silenced) in [
        (&["studio-*"][..], &[&a, &b][..], true),
        (&["studio-*"], &[&a, &b, &office], false),
        (&["studio-*", "3"], &[&a, &b, &office], true),
        (&["*"], &[&a, &b, &office], true),
        (&["studio-*"], &[], false),
        (&["*"], &[], true),
    ] {
        let alert = alert(Subject::Subscription(main_subscription()), AlertKind::Unreachable, None);
        let silence = silence(globs, &[], &[]);
        assert_eq!(silence.silences_alert(&alert, accounts, now()), silenced, "{globs:?} {accounts:?}");
    }
    let alert = alert(Subject::Subscription(main_subscription()), AlertKind::Unreachable, None);
    assert!(silence(&[], &[], &["main"]).silences_alert(&alert, &[&a, &office], now()));
    assert!(!silence(&[], &[], &["other"]).silences_alert(&alert, &[&a, &office], now()));
}

#[test]
fn alert_about_a_receiver_is_silenced_only_by_its_kind() {
    let subject = || Subject::Receiver(ReceiverName::new("pager"));
    let alert = alert(subject(), AlertKind::DeliveryFailing, None);
    for (globs, kinds, subscriptions, silenced) in [
        (&[][..], &["delivery_failing"][..], &[][..], true),
        (&["*"], &[], &[], false),
        (&["*"], &["delivery_failing"], &[], false),
        (&[], &["delivery_failing"], &["main"], false),
        (&[], &[], &["main"], false),
        (&[], &["expiry"], &[], false),
    ] {
        let silence = silence(globs, kinds, subscriptions);
        assert_eq!(silence.silences_alert(&alert, &[], now()), silenced, "{}", silence.matcher);
    }
}

#[test]
fn critical_alerts_of_every_kind_pass_a_silence_without_even_critical() {
    let studio_a = account("123456", "studio-a");
    for kind in AlertKind::iter().filter(|kind| *kind != AlertKind::DeliveryFailing) {
        for severity in [Severity::Info, Severity::Warning, Severity::Critical] {
            let mut alert = alert(studio(), kind, None);
            alert.condition.severity = severity;
            let silence = silence(&["*"], &[], &[]);
            let is_silenced = silence.silences_alert(&alert, &[&studio_a], now());
            assert_eq!(is_silenced, severity != Severity::Critical, "{kind} {severity:?}");
            let silence = Silence { even_critical: true, ..silence };
            assert!(silence.silences_alert(&alert, &[&studio_a], now()), "{kind} {severity:?}");
        }
    }
}

#[test]
fn severity_and_not_stage_decides_what_passes() {
    let studio_a = account("123456", "studio-a");
    for stage in ["7d", "1d", "1h", "expired"] {
        let mut expiry = alert(studio(), AlertKind::Expiry, stage.parse::<Stage>().ok());
        let silence = silence(&["*"], &[], &[]);
        assert!(silence.silences_alert(&expiry, &[&studio_a], now()), "{stage}");
        expiry.condition.severity = Severity::Critical;
        assert!(!silence.silences_alert(&expiry, &[&studio_a], now()), "{stage}");
    }
}

#[test]
fn effect_lists_each_covered_kind_as_silenced_or_passing() {
    let whole_subscription = "an alert of a whole subscription, unless these accounts are all of it";
    for (globs, kinds, even_critical, silenced, passing) in [
        (
            &["studio-a"][..],
            &[][..],
            false,
            &[
                "expiry while it is a warning",
                "expiry_unknown",
                "unreachable",
                "malformed",
                "jobs_failing while it is a warning",
                "credits_low",
                "changes of a configuration",
            ][..],
            &[
                "expiry once it is critical",
                "unauthorized",
                "subscription_lapsed",
                "not_found",
                "account_error",
                "jobs_failing once it is critical",
                "out_of_credits",
                whole_subscription,
            ][..],
        ),
        (
            &["studio-a"],
            &["expiry", "max_jobs_changed"],
            false,
            &["expiry while it is a warning", "max_jobs_changed"],
            &["expiry once it is critical"],
        ),
        (&["studio-a"], &["expiry", "not_found"], true, &["expiry", "not_found"], &[]),
        (&[], &["delivery_failing", "unauthorized"], false, &["delivery_failing"], &["unauthorized"]),
        (
            &["*"],
            &["delivery_failing"],
            false,
            &[],
            &["delivery_failing (it is about a receiver: silence it by --kind alone)"],
        ),
        (&["*"], &["not_found", "account_error"], false, &[], &["not_found", "account_error"]),
        (&["*"], &["unreachable"], false, &["unreachable"], &[]),
        (
            &["*"],
            &[],
            true,
            &[
                "expiry",
                "expiry_unknown",
                "unauthorized",
                "subscription_lapsed",
                "not_found",
                "account_error",
                "unreachable",
                "malformed",
                "jobs_failing",
                "out_of_credits",
                "credits_low",
                "services_in_error",
                "changes of a configuration",
            ],
            &["delivery_failing (it is about a receiver: silence it by --kind alone)"],
        ),
    ] {
        let effect = Effect::new(&silence(globs, kinds, &[]).matcher, even_critical);
        assert_eq!(
            (effect.silenced.as_slice(), effect.passing.as_slice()),
            (&texts(silenced)[..], &texts(passing)[..]),
            "{globs:?} {kinds:?}"
        );
    }
}

#[test]
fn effect_agrees_with_the_silence_for_every_kind_and_severity() {
    let studio_a = account("123456", "studio-a");
    for (even_critical, kind) in
        [true, false].into_iter().flat_map(|even| AlertKind::iter().map(move |kind| (even, kind)))
    {
        let silence = Silence { even_critical, ..silence(&["*"], &[kind.as_str()], &[]) };
        let subject = if kind == AlertKind::DeliveryFailing {
            Subject::Receiver(ReceiverName::new("pager"))
        } else {
            studio()
        };
        let is_any_silenced = kind.severities().iter().any(|severity| {
            let mut alert = alert(subject.clone(), kind, None);
            alert.condition.severity = *severity;
            silence.silences_alert(&alert, &[&studio_a], now())
        });
        assert_eq!(!Effect::new(&silence.matcher, even_critical).is_empty(), is_any_silenced, "{kind}");
    }
}

#[test]
fn resolved_alert_is_never_silenced() {
    let mut resolved = alert(studio(), AlertKind::NotFound, None);
    resolved.resolved_at = Some(now());
    let silence = Silence { even_critical: true, ..silence(&["*"], &[], &[]) };
    assert!(!silence.silences_alert(&resolved, &[&account("123456", "studio-a")], now()));
}

#[test]
fn silence_ends_exactly_at_its_end_or_when_it_is_ended_early() {
    let silence = silence(&["*"], &[], &[]);
    let millisecond = TimeDelta::milliseconds(1);
    assert!(silence.is_in_force(silence.until - millisecond));
    assert!(!silence.is_in_force(silence.until));
    assert!(silence.is_in_force(now() - TimeDelta::days(1)), "a clock step back does not end it");
    let ended = Silence { ended_at: Some(now()), ..silence };
    assert!(!ended.is_in_force(now()));
    assert!(!ended.is_in_force(now() - TimeDelta::days(1)), "a clock step back does not restore it");
}

#[test]
fn last_end_of_several_silences_counts() {
    let (short, long) = (silence(&["*"], &[], &[]), silence(&[], &["not_found"], &[]));
    let until = now() + TimeDelta::hours(2);
    let both = [short, Silence { until, ..long }];
    let studio_a = account("123456", "studio-a");
    let silenced = |kind| alert_silenced_until(&both, &alert(studio(), kind, None), &[&studio_a], now());
    assert_eq!(silenced(AlertKind::NotFound), Some(until));
    assert_eq!(silenced(AlertKind::AccountError), Some(now() + TimeDelta::hours(1)));
    assert_eq!(silenced(AlertKind::Unauthorized), Some(now() + TimeDelta::hours(1)));
}

#[test]
fn change_is_silenced_like_an_alert_of_its_account() {
    let change = Change {
        account: AccountKey::new(&main_subscription(), &AccountId::new("123456")),
        kind: ChangeKind::MaxJobsChanged,
        severity: Severity::Warning,
        field: "maxJobs".to_owned(),
        before: Value::from(3),
        after: Value::from(1),
        at: now(),
    };
    let studio_a = account("123456", "studio-a");
    for (globs, kinds, silenced) in [
        (&["studio-*"][..], &[][..], true),
        (&["studio-*"], &["expiry"], false),
        (&[], &["max_jobs_changed"], true),
        (&["other"], &["max_jobs_changed"], false),
    ] {
        let until = change_silenced_until(&[silence(globs, kinds, &[])], &change, &studio_a, now());
        assert_eq!(until.is_some(), silenced, "{globs:?} {kinds:?}");
    }
}

#[test]
fn invalid_silence_is_refused_with_a_hint() {
    let refused = |globs: &[&str], kinds: &[&str]| {
        Matcher::new(&texts(globs), &texts(kinds), []).unwrap_err().to_string()
    };
    assert!(refused(&[], &[]).contains("use `*` to match all accounts"));
    assert!(refused(&["studio-[a"], &[]).starts_with("invalid glob `studio-[a`: "));
    let unknown = refused(&["*"], &["expired"]);
    assert!(
        unknown.starts_with("unknown kind `expired`; kinds of alerts and changes: expiry, "),
        "{unknown}"
    );
    assert!(unknown.contains("delivery_failing") && unknown.ends_with("identity_changed"), "{unknown}");
}

#[test]
fn matcher_is_displayed_on_one_line() {
    for (silence, words) in [
        (silence(&["studio-*"], &[], &[]), "everything of studio-*"),
        (silence(&["a\r\nb", "c"], &["not_found", "expiry"], &[]), "expiry, not_found of a\\u{d}\\u{a}b, c"),
        (silence(&[], &["host_changed"], &["main", "b"]), "host_changed in b, main"),
    ] {
        assert_eq!(silence.matcher.to_string(), words);
    }
}

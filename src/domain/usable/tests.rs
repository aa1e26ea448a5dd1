//! Tables for each reason and for the order, and properties of the rule.

use chrono::{TimeZone, Utc};
use proptest::prelude::*;
use strum::IntoEnumIterator;

use super::*;
use crate::domain::account::{AccountId, AccountKey, SubscriptionName};
use crate::domain::severity::Severity::{Critical, Info, Warning};

fn now() -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap()
}

fn minutes(minutes: i64) -> TimeDelta {
    TimeDelta::minutes(minutes)
}

/// Nothing is asked of the account; a check counts for 75 minutes.
fn requirements() -> Requirements {
    Requirements { now: now(), max_age: minutes(75), valid_for: TimeDelta::zero(), needs: Vec::new() }
}

fn flags() -> BTreeMap<String, bool> {
    [("supportVideo", true), ("supportAudio", false)].map(|(flag, has)| (flag.to_owned(), has)).into()
}

/// A healthy account.
fn facts(capabilities: &BTreeMap<String, bool>) -> AccountFacts<'_> {
    AccountFacts {
        last_conclusive: Some(ConclusiveCheck { at: now() - minutes(5), outcome: Some(Outcome::Ok) }),
        expires_at: Some(now() + TimeDelta::days(20)),
        capabilities,
        alerts: Vec::new(),
        is_trial_due: false,
    }
}

/// `usable`, `usable with a warning`, `unknown`, or the reasons.
fn words(usability: &Usability) -> String {
    match usability {
        Usability::Usable { trial: true, .. } => "usable on trial".to_owned(),
        Usability::Usable { has_warning: true, .. } => "usable with a warning".to_owned(),
        Usability::Usable { .. } => "usable".to_owned(),
        Usability::Unusable { reasons } => {
            reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        }
        Usability::Unknown => "unknown".to_owned(),
    }
}

fn judged(edit: impl FnOnce(&mut AccountFacts<'_>, &mut Requirements)) -> String {
    let flags = flags();
    let (mut facts, mut requirements) = (facts(&flags), requirements());
    edit(&mut facts, &mut requirements);
    words(&judge_usability(&facts, &requirements))
}

#[test]
fn only_a_recent_ok_makes_an_account_usable() {
    let after = |outcome, age: TimeDelta| {
        judged(|facts, _| facts.last_conclusive = Some(ConclusiveCheck { at: now() - age, outcome }))
    };
    let ok = Some(Outcome::Ok);
    for (outcome, age, expected) in [
        (ok, minutes(0), "usable"),
        (ok, minutes(74), "usable"),
        (
            ok,
            minutes(75),
            "the last conclusive check was 2026-11-23 06:00 UTC (1 h 15 min ago); it must be younger than 1 h 15 min",
        ),
        // A small step of the clock.
        (ok, minutes(-74), "usable"),
        (
            ok,
            minutes(-75),
            "the last conclusive check is dated 2026-11-23 08:30 UTC, in the future: the clock was set back",
        ),
        (
            Some(Outcome::NotFound),
            minutes(5),
            "the last conclusive check was not_found, 2026-11-23 07:10 UTC (5 min ago)",
        ),
        (None, minutes(5), "the last conclusive check was not ok, 2026-11-23 07:10 UTC (5 min ago)"),
    ] {
        assert_eq!(after(outcome, age), expected, "{outcome:?} {age}");
    }
    assert_eq!(judged(|facts, _| facts.last_conclusive = None), "unknown");
}

#[test]
fn token_must_be_valid_for_the_whole_time_and_an_unknown_expiry_does_not_count() {
    for (left, valid_for, expected) in [
        (Some(1), 0, "usable"),
        (Some(0), 0, "the token expired 2026-11-23 07:15 UTC"),
        (Some(-60), 0, "the token expired 2026-11-23 06:15 UTC"),
        (Some(121), 120, "usable"),
        (Some(120), 120, "the token expires 2026-11-23 09:15 UTC (in 2 h), within the 2h that are asked for"),
        (None, 0, "usable"),
        (None, 120, "usable"),
    ] {
        let found = judged(|facts, requirements| {
            facts.expires_at = left.map(|left| now() + minutes(left));
            requirements.valid_for = minutes(valid_for);
        });
        assert_eq!(found, expected, "{left:?} {valid_for}");
    }
}

#[test]
fn each_missing_flag_is_named() {
    for (needs, expected) in [
        (&["video"][..], "usable"),
        (&["video", "audio"], "supportAudio is false"),
        (&["Chat", "supportAudio"], "supportChat is absent; supportAudio is false"),
    ] {
        let needs: Vec<NeededFlag> = needs.iter().map(|need| NeededFlag::parse(need).unwrap()).collect();
        assert_eq!(judged(|_, requirements| requirements.needs.clone_from(&needs)), expected, "{needs:?}");
    }
}

#[test]
fn critical_alert_speaks_against_an_account_and_a_warning_puts_it_behind_others() {
    for (alerts, expected) in [
        (&[(AlertKind::Expiry, Critical)][..], "usable with a warning"),
        (&[(AlertKind::Expiry, Warning)], "usable with a warning"),
        (&[(AlertKind::Malformed, Warning)], "usable with a warning"),
        (&[(AlertKind::Malformed, Info)], "usable"),
        (&[(AlertKind::Unauthorized, Critical)], "the alert unauthorized is open (critical)"),
        (
            &[(AlertKind::Expiry, Warning), (AlertKind::SubscriptionLapsed, Critical)],
            "the alert subscription_lapsed is open (critical)",
        ),
    ] {
        assert_eq!(judged(|facts, _| facts.alerts = alerts.to_vec()), expected, "{alerts:?}");
    }
}

#[test]
fn one_cause_is_one_reason() {
    let found = judged(|facts, _| {
        let at = now() - minutes(5);
        facts.last_conclusive = Some(ConclusiveCheck { at, outcome: Some(Outcome::AccountError) });
        facts.alerts = vec![(AlertKind::AccountError, Critical), (AlertKind::SubscriptionLapsed, Critical)];
    });
    assert_eq!(
        found,
        "the last conclusive check was account_error, 2026-11-23 07:10 UTC (5 min ago); \
         the alert subscription_lapsed is open (critical)"
    );
}

#[test]
fn only_what_a_job_disproves_allows_a_trial() {
    let found = judged(|facts, _| {
        facts.is_trial_due = true;
        facts.alerts = vec![(AlertKind::NotFound, Critical)];
    });
    assert_eq!(found, "the alert not_found is open (critical)");
    assert_eq!(judged(|facts, _| facts.is_trial_due = true), "usable", "nothing speaks against it");
}

fn key(id: &str) -> AccountKey {
    AccountKey::new(&SubscriptionName::new("main"), &AccountId::new(id))
}

#[test]
fn best_account_has_no_warning_then_the_latest_expiry_then_more_jobs() {
    let days = |days| Some(now() + TimeDelta::days(days));
    let best_first = [
        UsableRank::new(key("b"), false, false, days(20), Some(1)),
        UsableRank::new(key("a"), false, false, days(9), Some(3)),
        UsableRank::new(key("c"), false, false, days(9), Some(3)),
        UsableRank::new(key("a"), false, false, days(9), None),
        UsableRank::new(key("a"), false, false, None, Some(9)),
        UsableRank::new(key("a"), false, true, days(30), Some(9)),
        UsableRank::new(key("a"), true, false, days(30), Some(9)),
    ];
    assert!(best_first.is_sorted(), "{best_first:#?}");
}

fn any_alert() -> impl Strategy<Value = (AlertKind, Severity)> {
    let kinds: Vec<AlertKind> = AlertKind::iter().collect();
    (proptest::sample::select(kinds), proptest::sample::select(vec![Info, Warning, Critical]))
}

fn any_need() -> impl Strategy<Value = NeededFlag> {
    proptest::sample::select(vec!["video", "audio", "chat"]).prop_map(|need| NeededFlag::parse(need).unwrap())
}

prop_compose! {
    fn any_check()(age in -200_i64..200, outcome in proptest::option::of(0_usize..9)) -> ConclusiveCheck {
        let outcome = outcome.and_then(|index| Outcome::iter().nth(index));
        ConclusiveCheck { at: now() - minutes(age), outcome }
    }
}

prop_compose! {
    fn any_facts()(
        last_conclusive in proptest::option::of(prop_oneof![
            any_check(),
            Just(ConclusiveCheck { at: now() - minutes(5), outcome: Some(Outcome::Ok) }),
        ]),
        left in proptest::option::of(-100_i64..3_000),
        alerts in proptest::collection::vec(any_alert(), 0..3),
        is_trial_due: bool,
        flags in proptest::sample::select(vec![flags(), BTreeMap::new()]),
    ) -> (AccountFacts<'static>, BTreeMap<String, bool>) {
        static NONE: BTreeMap<String, bool> = BTreeMap::new();
        let expires_at = left.map(|left| now() + minutes(left));
        (AccountFacts { last_conclusive, expires_at, capabilities: &NONE, alerts, is_trial_due }, flags)
    }
}

prop_compose! {
    fn any_requirements()(
        needs in proptest::collection::vec(any_need(), 0..3),
        valid_for in 0_i64..500,
        max_age in 0_i64..200,
    ) -> Requirements {
        Requirements { now: now(), max_age: minutes(max_age), valid_for: minutes(valid_for), needs }
    }
}

prop_compose! {
    fn any_rank(id: usize)(
        trial: bool,
        has_warning: bool,
        left in proptest::option::of(0_i64..3),
        max_jobs in proptest::option::of(0_i64..3),
    ) -> UsableRank {
        let expires_at = left.map(|left| now() + minutes(left));
        UsableRank::new(key(&id.to_string()), trial, has_warning, expires_at, max_jobs)
    }
}

/// The ranks of ten accounts.
fn any_ranks() -> impl Strategy<Value = Vec<UsableRank>> {
    (0..10).map(any_rank).collect::<Vec<_>>()
}

fn is_about_jobs(kind: AlertKind) -> bool {
    matches!(kind, AlertKind::JobsFailing | AlertKind::OutOfCredits)
}

fn is_usable(usability: &Usability) -> bool {
    usability.is_usable() == Some(true)
}

proptest! {
    #[test]
    fn open_critical_alert_other_than_expiry_makes_an_account_unusable_except_for_a_trial(
        (facts, flags) in any_facts(), requirements in any_requirements()
    ) {
        let facts = AccountFacts { capabilities: &flags, ..facts };
        let has_critical = |(kind, severity): &(AlertKind, Severity)| {
            let is_ignored = matches!(kind, AlertKind::Expiry | AlertKind::ServicesInError);
            *severity == Critical && !is_ignored && !is_about_jobs(*kind)
        };
        let usability = judge_usability(&facts, &requirements);
        if facts.alerts.iter().any(has_critical) {
            prop_assert!(!is_usable(&usability));
        } else if facts.alerts.iter().any(|(kind, _)| is_about_jobs(*kind)) {
            let is_trial = matches!(usability, Usability::Usable { trial: true, .. });
            prop_assert!(!is_usable(&usability) || (is_trial && facts.is_trial_due), "{usability:?}");
        }
    }

    #[test]
    fn asking_for_more_never_makes_an_account_usable(
        (facts, flags) in any_facts(), requirements in any_requirements(), more in any_need(), longer in 0_i64..500
    ) {
        let facts = AccountFacts { capabilities: &flags, ..facts };
        let mut stricter = requirements.clone();
        stricter.needs.push(more);
        stricter.valid_for += minutes(longer);
        let (before, after) = (judge_usability(&facts, &requirements), judge_usability(&facts, &stricter));
        prop_assert!(is_usable(&before) || !is_usable(&after), "{before:?}, then {after:?}");
        prop_assert_eq!(before == Usability::Unknown, after == Usability::Unknown);
    }

    #[test]
    fn unusable_account_has_a_reason_of_one_line(
        (facts, flags) in any_facts(), requirements in any_requirements()
    ) {
        let facts = AccountFacts { capabilities: &flags, ..facts };
        if let Usability::Unusable { reasons } = judge_usability(&facts, &requirements) {
            prop_assert!(!reasons.is_empty());
            let sentences: Vec<String> = reasons.iter().map(ToString::to_string).collect();
            prop_assert!(sentences.iter().all(|sentence| !sentence.contains('\n') && !sentence.ends_with('.')));
        }
    }

    #[test]
    fn order_is_total_and_does_not_depend_on_the_order_before(ranks in any_ranks(), turn in 0_usize..10) {
        let (mut sorted, mut turned) = (ranks.clone(), ranks);
        sorted.sort();
        turned.rotate_left(turn);
        turned.sort_unstable();
        prop_assert_eq!(&sorted, &turned);
        prop_assert!(sorted.is_sorted_by(|one, other| one < other), "no two accounts are equally good");
    }
}

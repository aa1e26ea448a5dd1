//! An explanation as people read it.

use std::collections::BTreeMap;

use chrono::{TimeDelta, TimeZone, Utc};

use super::*;
use crate::domain::account::{AccountId, SubscriptionName};
use crate::domain::alert::{AlertId, AlertKind, Severity};
use crate::domain::configuration::EndSource;
use crate::domain::message::Reason;
use crate::domain::observation::Outcome;
use crate::report::{
    AckReport, EndReport, Expiries, ExpiryReport, KnownReport, NotTold, RuleAlert, RungTold, SilenceReport,
};

fn now() -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 23, 3, 30, 0).unwrap()
}

fn end() -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 24, 1, 15, 0).unwrap()
}

fn receiver(name: &str) -> ReceiverName {
    ReceiverName::new(name)
}

fn rungs() -> Vec<RungReport> {
    let rung = |stage: &str, left: TimeDelta, told: Vec<RungTold>, not_told: Vec<NotTold>| RungReport {
        stage: stage.to_owned(),
        at: end() - left,
        reached: now() >= end() - left,
        told,
        not_told,
    };
    let told =
        |name: &str, state| RungTold { receiver: receiver(name), at: end() - TimeDelta::days(1), state };
    let mild = "not wanted: its `min_severity` is critical, this is warning".to_owned();
    vec![
        rung(
            "3d",
            TimeDelta::days(3),
            vec![told("ops-mail", None)],
            vec![NotTold { receiver: receiver("pager"), why: mild }],
        ),
        rung(
            "1d",
            TimeDelta::days(1),
            vec![
                told("ops-mail", Some(DeliveryState::Delivered)),
                told("pager", Some(DeliveryState::Pending)),
            ],
            Vec::new(),
        ),
        rung("expired", TimeDelta::zero(), Vec::new(), Vec::new()),
    ]
}

fn token_end() -> EndReport {
    EndReport {
        expires_at: Some(end()),
        expiries: Expiries {
            exp_expire: ExpiryReport {
                at: Some(end()),
                seen_at: Some(end()),
                state: crate::domain::expiry_tracking::ReadState::Read,
                text: None,
            },
            ..Expiries::default()
        },
        source: EndSource::ExpExpire,
        why: "[expiry].source is exp_Expire".to_owned(),
    }
}

fn explanation() -> Explanation {
    let firing = RuleAlert {
        id: Some(AlertId::new("01KAQ9Z0X0000000000000000")),
        shared: false,
        affected: 1,
        stage: Some("1d".to_owned()),
        severity: Severity::Critical,
        opened_at: end() - TimeDelta::days(3),
        acknowledged: Some(AckReport { at: now(), reason: String::new() }),
    };
    let rule = |kind, why: &str, alert: Option<RuleAlert>| RuleReport {
        kind,
        fires: alert.is_some(),
        why: why.to_owned(),
        alert,
    };
    let word = |name: &str, result, why: &str, until| WordReport {
        receiver: receiver(name),
        kind: AlertKind::Expiry,
        result,
        why: why.to_owned(),
        told_at: None,
        until,
    };
    let next = |hours, what: &str, name: Option<&str>| NextReport {
        at: now() + TimeDelta::hours(hours),
        what: what.to_owned(),
        receiver: name.map(receiver),
        reason: name.map(|_| Reason::Escalated),
        kind: name.map(|_| AlertKind::Expiry),
        stage: None,
    };
    Explanation {
        generated_at: now(),
        subscription: SubscriptionName::new("main"),
        id: AccountId::new("123456"),
        name: "studio-a".to_owned(),
        watched: true,
        known: KnownReport {
            outcome: Some(Outcome::Unavailable),
            error: Some("no complete answer\nwithin 15 s".to_owned()),
            checked_at: Some(now() - TimeDelta::minutes(15)),
            last_ok_at: Some(now() - TimeDelta::minutes(45)),
            unchanged_since: Some(now() - TimeDelta::days(12)),
            max_jobs: Some(3),
            host: Some("hailuoai.video".to_owned()),
            capabilities: BTreeMap::from([
                ("supportVideo".to_owned(), true),
                ("supportMusic".to_owned(), false),
            ]),
        },
        end: token_end(),
        rungs: rungs(),
        rules: vec![
            rule(AlertKind::Expiry, "the token ends soon: stage 1d is reached", Some(firing)),
            rule(AlertKind::SubscriptionLapsed, "not seen: the last look saw unavailable, 15 min ago", None),
        ],
        receivers: vec![
            word(
                "ops-mail",
                WordResult::Told,
                "told 2026-11-23 01:15 UTC (2 h 15 min ago); a reminder in 21 h",
                None,
            ),
            word(
                "a-receiver-with-a-very-long-name",
                WordResult::Silenced,
                "a silence keeps it back (it opened)",
                Some(end()),
            ),
        ],
        silences: vec![SilenceReport {
            id: 3,
            in_force: true,
            accounts: vec!["studio-*".to_owned()],
            kinds: Vec::new(),
            subscriptions: Vec::new(),
            even_critical: true,
            reason: "being\nrenewed".to_owned(),
            created_at: now(),
            until: end(),
            ended_at: None,
        }],
        next: vec![
            next(1, "the next run looks at it", None),
            next(22, "expiry expired (escalated)", Some("ops-mail")),
            next(22, "expiry expired (escalated)", Some("pager")),
        ],
    }
}

#[test]
fn it_is_told_from_what_is_known_to_what_comes_next() {
    let text = render(&explanation(), Paint(false));
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn colour_changes_no_word_and_no_line() {
    let coloured = render(&explanation(), Paint(true));
    assert!(coloured.contains("\u{1b}[1mKNOWN\u{1b}[0m") && coloured.contains("\u{1b}[31mCRITICAL\u{1b}[0m"));
    let plain =
        ["1", "31", "0"].iter().fold(coloured, |text, code| text.replace(&format!("\u{1b}[{code}m"), ""));
    assert_eq!(plain, render(&explanation(), Paint(false)));
}

#[test]
fn where_nothing_is_known_it_says_so() {
    let mut nothing = explanation();
    nothing.watched = false;
    nothing.known = KnownReport {
        outcome: None,
        error: None,
        checked_at: None,
        last_ok_at: None,
        unchanged_since: None,
        max_jobs: None,
        host: None,
        capabilities: BTreeMap::new(),
    };
    nothing.end.expires_at = None;
    (nothing.rungs, nothing.receivers, nothing.silences, nothing.next) = Default::default();
    let text = render(&nothing, Paint(false));
    for words in [
        "watched no more",
        "none yet, never",
        "unknown: ",
        "Nothing is open that",
        "None means this",
        "Nothing within a month",
    ] {
        assert!(text.contains(words), "{words}\n{text}");
    }
}

//! An explanation as people read it.

use std::collections::BTreeMap;

use chrono::{TimeDelta, TimeZone, Utc};

use super::*;
use crate::domain::account::{AccountId, SubscriptionName};
use crate::domain::alerts::{AlertId, AlertKind, Severity};
use crate::domain::configuration::ExpirySource;
use crate::domain::message::Reason;
use crate::domain::observation::Outcome;
use crate::report::{
    AccountIdentity, Expiries, ExpiryExplanation, ExpiryReport, NotNotified, RuleAlert, SilenceReport,
    StageNotified, StateReport, UnassignedJobsReport,
};
use crate::store::{Ack, DeliveryState};

fn now() -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 23, 3, 30, 0).unwrap()
}

fn end() -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 24, 1, 15, 0).unwrap()
}

fn receiver(name: &str) -> ReceiverName {
    ReceiverName::new(name)
}

fn stages() -> Vec<StageReport> {
    let stage =
        |stage: &str, left: TimeDelta, notified: Vec<StageNotified>, not_notified: Vec<NotNotified>| {
            StageReport {
                stage: stage.to_owned(),
                at: end() - left,
                reached: now() >= end() - left,
                notified,
                not_notified,
            }
        };
    let notified =
        |name: &str, state| StageNotified { receiver: receiver(name), at: end() - TimeDelta::days(1), state };
    let mild = "not routed: its `min_severity` is critical, this is warning".to_owned();
    vec![
        stage(
            "3d",
            TimeDelta::days(3),
            vec![notified("ops-mail", None)],
            vec![NotNotified { receiver: receiver("pager"), why: mild }],
        ),
        stage(
            "1d",
            TimeDelta::days(1),
            vec![
                notified("ops-mail", Some(DeliveryState::Delivered)),
                notified("pager", Some(DeliveryState::Pending)),
            ],
            Vec::new(),
        ),
        stage("expired", TimeDelta::zero(), Vec::new(), Vec::new()),
    ]
}

fn token_expiry() -> ExpiryExplanation {
    ExpiryExplanation {
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
        source: ExpirySource::ExpExpire,
        why: "[expiry].source is exp_Expire".to_owned(),
    }
}

fn unassigned_jobs() -> UnassignedJobsReport {
    let (subscription, newest_at) = (SubscriptionName::new("main"), now() - TimeDelta::minutes(20));
    UnassignedJobsReport { subscription, jobs: 12, newest_at }
}

fn explanation() -> Explanation {
    let firing = RuleAlert {
        id: Some(AlertId::new("01KAQ9Z0X0000000000000000")),
        shared: false,
        affected: 1,
        stage: Some("1d".to_owned()),
        severity: Severity::Critical,
        opened_at: end() - TimeDelta::days(3),
        acknowledged: Some(Ack { at: now(), reason: String::new() }),
    };
    let rule = |kind, why: &str, alert: Option<RuleAlert>| RuleReport {
        kind,
        fires: alert.is_some(),
        why: why.to_owned(),
        alert,
    };
    let decision = |name: &str, decision, why: &str, until| ReceiverDecision {
        receiver: receiver(name),
        kind: AlertKind::Expiry,
        decision,
        why: why.to_owned(),
        notified_at: None,
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
        credits: None,
        generated_at: now(),
        account: AccountIdentity {
            subscription: SubscriptionName::new("main"),
            id: AccountId::new("123456"),
            name: "studio-a".to_owned(),
        },
        watched: true,
        state: StateReport {
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
        plan: None,
        unassigned_jobs: Some(unassigned_jobs()),
        expiry: token_expiry(),
        stages: stages(),
        rules: vec![
            rule(AlertKind::Expiry, "the token expires soon: stage 1d is reached", Some(firing)),
            rule(AlertKind::SubscriptionLapsed, "the last outcome was unavailable, 15 min ago", None),
        ],
        receivers: vec![
            decision(
                "ops-mail",
                DecisionKind::Notified,
                "notified 2026-11-23 01:15 UTC (2 h 15 min ago); next reminder in 21 h",
                None,
            ),
            decision(
                "a-receiver-with-a-very-long-name",
                DecisionKind::Silenced,
                "silenced (it opened)",
                Some(end()),
            ),
            decision(
                "phone",
                DecisionKind::QuietHours,
                "held back by its quiet hours 22:00-07:00 (Europe/Berlin) (it opened)",
                Some(end()),
            ),
        ],
        silences: vec![SilenceReport {
            id: 3,
            in_force: true,
            matcher: "everything of studio-*".to_owned(),
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
            next(1, "next scheduled run", None),
            next(22, "expiry expired (escalated)", Some("ops-mail")),
            next(22, "expiry expired (escalated)", Some("pager")),
        ],
    }
}

#[test]
fn explanation_goes_from_the_current_state_to_what_comes_next() {
    let text = render(&explanation(), Paint(false));
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn colour_changes_no_text() {
    let coloured = render(&explanation(), Paint(true));
    assert!(
        coloured.contains("\u{1b}[1mCURRENT STATE\u{1b}[0m")
            && coloured.contains("\u{1b}[31mCRITICAL\u{1b}[0m")
    );
    let plain =
        ["1", "31", "0"].iter().fold(coloured, |text, code| text.replace(&format!("\u{1b}[{code}m"), ""));
    assert_eq!(plain, render(&explanation(), Paint(false)));
}

#[test]
fn unknown_facts_are_named() {
    let mut nothing = explanation();
    nothing.watched = false;
    nothing.state = StateReport {
        outcome: None,
        error: None,
        checked_at: None,
        last_ok_at: None,
        unchanged_since: None,
        max_jobs: None,
        host: None,
        capabilities: BTreeMap::new(),
    };
    nothing.expiry.expires_at = None;
    (nothing.stages, nothing.rules, nothing.receivers) = Default::default();
    (nothing.silences, nothing.next) = Default::default();
    let text = render(&nothing, Paint(false));
    for words in [
        "no longer watched",
        "none yet, never",
        "unknown: ",
        "No open alerts.",
        "No silence matches",
        "Nothing within a month",
    ] {
        assert!(text.contains(words), "{words}\n{text}");
    }
}

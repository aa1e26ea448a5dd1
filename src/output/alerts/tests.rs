//! Alerts as people read them.

use chrono::{TimeDelta, TimeZone, Utc};

use super::*;
use crate::domain::account::{AccountId, AccountRef, ReceiverName, SubscriptionName};
use crate::domain::alerts::{AlertId, AlertKind, Severity};
use crate::domain::message::{AlertEntry, Reason, Status};
use crate::store::{Ack, DeliveryState};

fn now() -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap()
}

fn alert(kind: AlertKind, severity: Severity, name: Option<&str>) -> AlertReport {
    AlertReport {
        alert: AlertEntry {
            id: AlertId::new("01KAQ9Z0X0000000000000000"),
            kind,
            status: Status::Firing,
            reason: None,
            stage: (kind == AlertKind::Expiry).then(|| "1d".to_owned()),
            severity,
            subscription: Some(SubscriptionName::new("main")),
            account: name.map(|name| AccountRef { id: AccountId::new("1"), name: name.to_owned() }),
            receiver: None,
            affected: 1,
            opened_at: now() - TimeDelta::days(6),
            resolved_at: None,
            expires_at: None,
            detail: "The MiniMax token ends 2026-11-24 03:15 UTC (in 20 h). One more\nline of a vendor."
                .to_owned(),
            no_longer_watched: false,
        },
        acknowledged: None,
        silenced_until: None,
        kept_alive_at: Vec::new(),
        notified: Vec::new(),
    }
}

fn notified(receiver: &str, times: u32, state: Option<DeliveryState>) -> LatestNotification {
    LatestNotification {
        alert: AlertId::new("01KAQ9Z0X0000000000000000"),
        receiver: ReceiverName::new(receiver),
        times,
        last_at: now() - TimeDelta::hours(4),
        last_reason: Reason::Escalated,
        last_state: state,
    }
}

fn list(alerts: Vec<AlertReport>) -> Alerts {
    Alerts { generated_at: now(), alerts }
}

#[test]
fn each_alert_shows_its_period_and_notified_receivers() {
    let mut near = alert(AlertKind::Expiry, Severity::Critical, Some("studio-a"));
    near.notified = vec![
        notified("ops-mail", 7, Some(DeliveryState::Delivered)),
        notified("pager", 1, Some(DeliveryState::Pending)),
        notified("archive", 3, Some(DeliveryState::Failed)),
    ];
    near.acknowledged = Some(Ack { at: now() - TimeDelta::hours(1), reason: "renewed at\neight".to_owned() });
    let mut shared = alert(AlertKind::Unreachable, Severity::Warning, None);
    shared.alert.affected = 12;
    shared.silenced_until = Some(now() + TimeDelta::minutes(90));
    let mut over = alert(
        AlertKind::NotFound,
        Severity::Critical,
        Some("a-name-that-is-longer-than-anybody-would-type-it-twice"),
    );
    over.alert.resolved_at = Some(now() - TimeDelta::days(1));
    insta::assert_snapshot!(render(&list(vec![over, shared, near]), true, Paint(false)));
}

#[test]
fn nothing_is_wider_than_80_columns_and_colour_changes_no_word() {
    let mut wide = alert(AlertKind::AccountError, Severity::Critical, Some("studio-a"));
    wide.alert.detail = "word ".repeat(60);
    wide.notified = (0..9).map(|n| notified(&format!("receiver-{n}"), n, None)).collect();
    let plain = render(&list(vec![wide.clone()]), false, Paint(false));
    assert!(plain.lines().all(|line| line.chars().count() <= 80), "{plain}");
    let coloured = render(&list(vec![wide]), false, Paint(true));
    assert!(coloured.starts_with("\u{1b}[31mCRITICAL\u{1b}[0m  studio-a: "), "{coloured}");
    assert_eq!(coloured.replace("\u{1b}[31m", "").replace("\u{1b}[0m", ""), plain);
}

#[test]
fn accounts_of_the_same_name_show_their_subscription() {
    let one = alert(AlertKind::NotFound, Severity::Critical, Some("studio-a"));
    let mut other = one.clone();
    other.alert.subscription = Some(SubscriptionName::new("second"));
    let text = render(&list(vec![one, other]), false, Paint(false));
    assert!(text.contains("studio-a of main: not_found") && text.contains("studio-a of second: "), "{text}");
}

#[test]
fn empty_list_says_how_to_see_earlier_alerts() {
    assert!(render(&list(Vec::new()), false, Paint(false)).contains("alerts --all"));
    assert_eq!(render(&list(Vec::new()), true, Paint(false)), "No alerts in that time.\n");
}

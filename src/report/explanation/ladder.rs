//! The rungs of an expiry ladder: when each is, and who was told at it.

use super::gathered::Gathered;
use super::receivers::unwanted_words;
use super::{NotTold, RungReport, RungTold};
use crate::config::Receiver;
use crate::domain::alert::{Alert, AlertKind, Subject};
use crate::domain::expiry::{self, Stage};
use crate::domain::message::Status;
use crate::domain::time::{Timestamp, minute};
use crate::store::StoredTelling;

/// Every rung, the first to come first.
pub(super) fn rungs(gathered: &Gathered<'_>) -> Vec<RungReport> {
    let (known, policy) = (gathered.known, gathered.scene.policy);
    let Some(end) = known.standing_under(policy).end else { return Vec::new() };
    let leads = policy.ladder(&known.account).leads().iter().map(|lead| (Stage::Lead(*lead), end - *lead));
    leads.chain([(Stage::Expired, end)]).map(|(stage, at)| rung(gathered, end, stage, at)).collect()
}

fn rung(gathered: &Gathered<'_>, end: Timestamp, stage: Stage, at: Timestamp) -> RungReport {
    let reached = gathered.now >= at;
    let of_end = |told: &&StoredTelling| {
        told.telling.status == Status::Firing
            && told.telling.expires_at == Some(end)
            && is_expiry(gathered, told)
    };
    let tellings: Vec<&StoredTelling> = gathered.tellings.iter().filter(of_end).collect();
    let mut told: Vec<RungTold> = Vec::new();
    for telling in tellings.iter().filter(|told| told.telling.stage == Some(stage)) {
        if told.iter().all(|told| told.receiver != telling.receiver) {
            told.push(RungTold {
                receiver: telling.receiver.clone(),
                at: telling.telling.at,
                state: telling.state,
            });
        }
    }
    let missing = gathered
        .config
        .receivers
        .iter()
        .filter(|receiver| reached && told.iter().all(|told| told.receiver != receiver.name));
    let not_told = missing.map(|receiver| NotTold {
        receiver: receiver.name.clone(),
        why: why_not(gathered, receiver, &tellings, stage, (end, at)),
    });
    RungReport { stage: stage.to_string(), at, reached, not_told: not_told.collect(), told }
}

fn is_expiry(gathered: &Gathered<'_>, told: &StoredTelling) -> bool {
    let own = Subject::Account(gathered.known.account.clone());
    let is = |alert: &Alert| alert.condition.kind == AlertKind::Expiry && alert.condition.subject == own;
    gathered.scene.alerts.iter().any(|alert| alert.id == told.alert && is(alert))
}

/// Why a receiver was not told at a rung that is reached.
fn why_not(
    gathered: &Gathered<'_>,
    receiver: &Receiver,
    tellings: &[&StoredTelling],
    stage: Stage,
    (end, at): (Timestamp, Timestamp),
) -> String {
    let account = gathered.scene.directory.account(&gathered.known.account);
    let severity = expiry::severity(end, at);
    if let Some(unwanted) = receiver.route.unwanted(AlertKind::Expiry, severity, &[&account]) {
        return unwanted_words(unwanted, receiver, AlertKind::Expiry, severity);
    }
    let graver =
        tellings.iter().find(|told| told.receiver == receiver.name && told.telling.stage > Some(stage));
    if let Some(graver) = graver {
        let (told_at, stage) =
            (minute(graver.telling.at), graver.telling.stage.map(|stage| stage.to_string()));
        return format!("told of a later rung instead ({} on {told_at})", stage.unwrap_or_default());
    }
    let alert = gathered.scene.alerts.iter().find(|alert| {
        alert.is_firing()
            && alert.condition.kind == AlertKind::Expiry
            && alert.condition.subject == Subject::Account(gathered.known.account.clone())
    });
    let silenced = alert
        .and_then(|alert| gathered.scene.directory.withheld(gathered.scene.silences, alert, gathered.now));
    match (silenced, tellings.iter().any(|told| told.receiver == receiver.name)) {
        (Some(until), _) => format!("silenced until {}", minute(until)),
        (None, true) => "a later rung was reached before anything was announced".to_owned(),
        (None, false) if alert.is_some_and(|alert| alert.condition.stage == Some(stage)) => {
            "to be told with the next announcing".to_owned()
        }
        (None, false) => "the end was not known yet, or nothing ran then".to_owned(),
    }
}

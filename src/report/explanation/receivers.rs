//! What becomes of each open alert for each receiver, in words.

use super::gathered::Gathered;
use super::{WordReport, WordResult};
use crate::config::Receiver;
use crate::domain::alert::{AlertKind, Severity};
use crate::domain::announce::Word;
use crate::domain::foresight::Outlook;
use crate::domain::message::Reason;
use crate::domain::route::Unwanted;
use crate::domain::time::{minute, relative};
use crate::store::DeliveryState;

/// One entry for each open alert and receiver; also for an end that somebody is still to be told of.
pub(super) fn words(gathered: &Gathered<'_>) -> Vec<WordReport> {
    let outlook = gathered.scene.outlook(gathered.now);
    outlook.iter().filter_map(|outlook| word(gathered, outlook)).collect()
}

fn word(gathered: &Gathered<'_>, outlook: &Outlook) -> Option<WordReport> {
    let Outlook { alert, receiver, word } = outlook;
    let configured = gathered.config.receivers.iter().find(|known| known.name == *receiver)?;
    let (kind, now) = (alert.condition.kind, gathered.now);
    let mut tellings =
        gathered.tellings.iter().filter(|told| told.alert == alert.id && told.receiver == *receiver);
    let last = tellings.next_back();
    let told_at = last.map(|told| told.telling.at);
    let acked = gathered.acks.contains_key(&alert.id);
    let (result, until, why) = match word {
        Word::Over => return None,
        Word::Unwanted(unwanted) => (
            WordResult::NotWanted,
            None,
            unwanted_words(*unwanted, configured, kind, alert.condition.severity),
        ),
        Word::Withheld(until, reason) => {
            (WordResult::Silenced, Some(*until), format!("a silence keeps it back ({})", in_word(*reason)))
        }
        Word::Tell(reason) => (
            WordResult::ToBeTold,
            None,
            format!("to be told with the next announcing ({})", in_word(*reason)),
        ),
        Word::Knows(reminder) => {
            let told = told_at.map(|at| format!("told {} ({})", minute(at), relative(at, now)));
            let told = told.unwrap_or_else(|| "told".to_owned());
            let fate = match last.and_then(|told| told.state) {
                Some(DeliveryState::Pending) => ", but the message still waits",
                Some(DeliveryState::Failed) => ", but the message was given up",
                Some(DeliveryState::Delivered) | None => "",
            };
            let more = match (reminder, acked) {
                (_, true) => "acknowledged, so no reminders".to_owned(),
                (None, false) => "no reminders: [alerts].repeat_every is 0s".to_owned(),
                (Some(at), false) => format!("a reminder {}", relative(*at, now)),
            };
            (WordResult::Told, *reminder, format!("{told}{fate}; {more}"))
        }
    };
    Some(WordReport { receiver: receiver.clone(), kind, result, why, told_at, until })
}

const fn in_word(reason: Reason) -> &'static str {
    match reason {
        Reason::Opened => "it opened",
        Reason::Escalated => "it got graver",
        Reason::Repeated => "a reminder",
        Reason::Resolved => "it ended",
    }
}

/// Which of the receiver's settings keeps an alert out.
pub(super) fn unwanted_words(
    unwanted: Unwanted,
    receiver: &Receiver,
    kind: AlertKind,
    severity: Severity,
) -> String {
    match unwanted {
        Unwanted::Kind => format!("not wanted: its `kinds` leave {kind} out"),
        Unwanted::Severity => format!(
            "not wanted: its `min_severity` is {}, this is {}",
            receiver.route.min_severity.as_str(),
            severity.as_str()
        ),
        Unwanted::Accounts => format!("not wanted: its `accounts` are {}", receiver.accounts.join(", ")),
        Unwanted::NoFallback => "not its matter: it is no `fallback` of that receiver".to_owned(),
    }
}

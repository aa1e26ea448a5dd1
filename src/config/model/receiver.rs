//! One receiver: which notifications it gets, when, and in which words.

use std::path::PathBuf;

use super::channel::Channel;
use crate::domain::account::ReceiverName;
use crate::domain::quiet_hours::QuietHours;
use crate::domain::route::Route;
use crate::domain::schedule::Schedule;
use crate::domain::supervisor::Supervisor;
use crate::domain::time_zone::TimeZone;

/// A destination of notifications.
#[derive(Clone, Debug)]
pub struct Receiver {
    /// The operator's name for it.
    pub name: ReceiverName,
    /// Which notifications it gets.
    pub route: Route,
    /// The globs of [`Route::accounts`] as typed: a compiled set no longer shows them.
    pub accounts: Vec<String>,
    /// The receiver that is notified when this one fails.
    pub fallback: Option<ReceiverName>,
    /// When it is sent a digest, if ever, in its zone.
    pub digest: Option<Schedule>,
    /// The zone of its people: messages show local times beside UTC, and digests are sent by it.
    pub timezone: TimeZone,
    /// When it is sent only what is critical, if ever.
    pub quiet_hours: Option<QuietHours>,
    /// What started this program: messages advise the commands that fit.
    pub supervisor: Supervisor,
    /// Texts of the operator's own.
    pub templates: OwnTemplates,
    /// How it is reached, by its type.
    pub channel: Channel,
}

/// Texts of the operator's own, in place of the built-in ones.
#[derive(Clone, Debug, Default)]
pub struct OwnTemplates {
    /// Of the subject of a mail.
    pub subject: Option<OwnTemplate>,
    /// Of the text of a mail, a chat, or a webhook of the format `text`.
    pub text: Option<OwnTemplate>,
    /// Of the HTML of a mail.
    pub html: Option<OwnTemplate>,
}

/// A template and where it was read.
#[derive(Clone, Debug)]
pub struct OwnTemplate {
    /// The key that names its file.
    pub key: &'static str,
    /// Its file.
    pub file: PathBuf,
    /// The template.
    pub source: String,
}

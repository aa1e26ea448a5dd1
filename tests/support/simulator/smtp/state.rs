//! The state that the mail server, its sessions and its handles share.

use std::collections::HashMap;
use std::sync::Mutex;

use super::super::request_log::RequestLog;
use super::super::script::Script;
use super::fault::InjectedFault;
use super::mail::Mail;
use super::setup::SmtpSetup;
use minimax_watch::domain::time::Timestamp;
use minimax_watch::simulator::VirtualNow;

pub(crate) struct State {
    pub(crate) now: VirtualNow,
    pub(crate) setup: SmtpSetup,
    /// The faults of a connection: the first one at each stage counts.
    pub(crate) script: Mutex<Script<Vec<InjectedFault>>>,
    /// Refused recipients with their code.
    pub(crate) refused: Mutex<HashMap<String, u16>>,
    pub(crate) mails: RequestLog<Mail>,
    pub(crate) connections: RequestLog<Timestamp>,
}

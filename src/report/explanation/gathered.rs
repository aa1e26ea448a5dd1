//! What the parts of an explanation are made from.

use std::collections::BTreeMap;

use crate::config::Config;
use crate::domain::alert::AlertId;
use crate::domain::foresight::Scene;
use crate::domain::standing::Known;
use crate::domain::time::Timestamp;
use crate::store::{Ack, StoredTelling};

/// What was gathered, for the parts of the explanation.
pub(super) struct Gathered<'a> {
    pub(super) known: &'a Known,
    pub(super) config: &'a Config,
    pub(super) scene: &'a Scene<'a>,
    /// Everything that was told of the account's and its subscription's alerts.
    pub(super) tellings: &'a [StoredTelling],
    pub(super) acks: &'a BTreeMap<AlertId, Ack>,
    pub(super) now: Timestamp,
}

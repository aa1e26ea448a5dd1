//! The present state of one account at the vendor.

use chrono::SubsecRound;
use serde_json::{Value, json};

use super::course::{Fault, Shows};
use super::credits::CreditsAtVendor;
use super::model::{Moment, Shown};
use crate::simulator::Record;
use crate::world::start;

pub(super) struct Vendor {
    /// `exp_Expire`, and `exp`.
    pub(super) expiries: [Moment; 2],
    pub(super) shows: [Shows; 2],
    pub(super) jobs: i64,
    pub(super) fault: Option<Fault>,
    pub(super) credits: CreditsAtVendor,
    now: Moment,
    /// Whether an expiry that jitters is shown earlier than it is.
    is_earlier: bool,
}

impl Vendor {
    /// A healthy account with both expiries at `expiry`.
    pub(super) fn expiring_at(expiry: Moment) -> Self {
        Self {
            expiries: [expiry; 2],
            shows: [Shows::Plain; 2],
            jobs: 2,
            fault: None,
            credits: CreditsAtVendor::new(start()),
            now: expiry,
            is_earlier: false,
        }
    }

    /// Sets the time of the next answer.
    pub(super) fn set_now(&mut self, now: Moment) {
        (self.now, self.is_earlier) = (now.trunc_subsecs(0), !self.is_earlier);
    }

    /// Both expiries as a reader understands the present answer.
    pub(super) fn shown(&self) -> Shown {
        [0, 1].map(|which| match self.shows[which] {
            Shows::Absent | Shows::Text(_) => None,
            Shows::Sliding(by) => Some(self.now + by),
            Shows::Jittering(by) if self.is_earlier => Some(self.expiries[which] - by),
            Shows::Plain | Shows::OtherForm | Shows::Jittering(_) => Some(self.expiries[which]),
        })
    }

    /// The present answer.
    pub(super) fn record(&self, id: &str) -> Record {
        let [exp_expire, exp] = self.shown();
        let mut record =
            Record::ending(id, self.expiries[0]).exp_expire(exp_expire).exp(exp).max_jobs(self.jobs);
        for (which, pointer) in ["/jwt/exp_Expire", "/jwt/exp"].into_iter().enumerate() {
            record = match self.shows[which] {
                Shows::OtherForm => record
                    .plant(pointer, json!(self.expiries[which].format("%Y-%m-%d %H:%M:%S UTC").to_string())),
                Shows::Text(text) => record.plant(pointer, text.map_or(Value::Null, |text| json!(text))),
                Shows::Plain | Shows::Absent | Shows::Sliding(_) | Shows::Jittering(_) => record,
            };
        }
        record
    }
}

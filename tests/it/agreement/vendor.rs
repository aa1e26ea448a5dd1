//! What the vendor says of one account at present.

use chrono::SubsecRound;
use minimax_watch::simulator::Record;
use serde_json::{Value, json};

use super::course::{Fault, Shows};
use super::model::{Moment, Shown};

pub(super) struct Vendor {
    /// `exp_Expire`, and `exp`.
    pub(super) ends: [Moment; 2],
    pub(super) shows: [Shows; 2],
    pub(super) jobs: i64,
    pub(super) fault: Option<Fault>,
    now: Moment,
    /// Whether an expiry that jitters is shown earlier than it is.
    is_earlier: bool,
}

impl Vendor {
    /// A healthy account with both expiries at `end`.
    pub(super) fn ending(end: Moment) -> Self {
        Self { ends: [end; 2], shows: [Shows::Plain; 2], jobs: 2, fault: None, now: end, is_earlier: false }
    }

    /// The next answer is given at `now`.
    pub(super) fn move_on(&mut self, now: Moment) {
        (self.now, self.is_earlier) = (now.trunc_subsecs(0), !self.is_earlier);
    }

    /// What a reader makes of both expiries in the present answer.
    pub(super) fn shown(&self) -> Shown {
        [0, 1].map(|which| match self.shows[which] {
            Shows::Absent | Shows::Text(_) => None,
            Shows::Sliding(by) => Some(self.now + by),
            Shows::Jittering(by) if self.is_earlier => Some(self.ends[which] - by),
            Shows::Plain | Shows::OtherForm | Shows::Jittering(_) => Some(self.ends[which]),
        })
    }

    /// The present answer.
    pub(super) fn record(&self, id: &str) -> Record {
        let [exp_expire, exp] = self.shown();
        let mut record = Record::ending(id, self.ends[0]).exp_expire(exp_expire).exp(exp).max_jobs(self.jobs);
        for (which, pointer) in ["/jwt/exp_Expire", "/jwt/exp"].into_iter().enumerate() {
            record = match self.shows[which] {
                Shows::OtherForm => {
                    record.plant(pointer, json!(self.ends[which].format("%Y-%m-%d %H:%M:%S UTC").to_string()))
                }
                Shows::Text(text) => record.plant(pointer, text.map_or(Value::Null, |text| json!(text))),
                Shows::Plain | Shows::Absent | Shows::Sliding(_) | Shows::Jittering(_) => record,
            };
        }
        record
    }
}

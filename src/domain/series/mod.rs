//! Series: alerts in the form that Alertmanager takes, which keeps each one active until its end.
//!
//! A series is identified by its labels alone, which are the same on every watcher of the same accounts. It fires until its `endsAt`,
//! so it is pushed again while its alert fires, and ends by itself when nobody does. Guarantees: pure; what is pushed is the difference
//! between the firing alerts and what each server was pushed, computed again each time. Leaves texts and the protocol to `notify`.

mod blindness;
mod labels;
mod plan;
mod timing;

pub use blindness::{Blindness, LastConclusive};
pub use labels::{
    ACCOUNT, ALERTNAME, ALERTNAME_VALUE, FIELD, KIND, Labels, OUR_LABELS, RECEIVER, SEVERITY, STALE,
    SUBSCRIPTION, Series, SeriesKey, alert_key, is_stale,
};
pub use plan::{FiringSeries, Pending, Plan, PlanInput, Push, ServerState, StoredSeries};
pub use timing::{PushTimes, retry_at};

#[cfg(test)]
mod tests;

//! The series itself: its labels, texts and beginning.

use std::collections::BTreeMap;

use crate::domain::time::Timestamp;

/// The names of labels that this program sets, which the configuration cannot set.
pub const OUR_LABELS: [&str; 8] = [ALERTNAME, KIND, SEVERITY, SUBSCRIPTION, ACCOUNT, RECEIVER, FIELD, STALE];

/// The label with the name of every series.
pub const ALERTNAME: &str = "alertname";
/// The value of [`ALERTNAME`].
pub const ALERTNAME_VALUE: &str = "MiniMaxWatch";
/// The label with the kind of the alert or change.
pub const KIND: &str = "kind";
/// The label with the severity.
pub const SEVERITY: &str = "severity";
/// The label with the subscription; absent when the alert is about a receiver.
pub const SUBSCRIPTION: &str = "subscription";
/// The label with the vendor's id of the account; absent when the alert is about a subscription or a receiver.
pub const ACCOUNT: &str = "account";
/// The label with the receiver that fails; `delivery_failing` only.
pub const RECEIVER: &str = "receiver";
/// The label with the vendor's name of the field; changes only.
pub const FIELD: &str = "field";
/// The label, always `true`, of what a watcher knows only from before it became blind.
pub const STALE: &str = "stale";

/// The labels of a series by name.
pub type Labels = BTreeMap<String, String>;

/// What a stored series is found by: its labels, and the number of the change that it is; zero for an alert. Two changes of one field
/// have equal labels.
pub type SeriesKey = (Labels, i64);

/// A series as it is pushed, without its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// Its identity.
    pub labels: Labels,
    /// Texts for people, by name.
    pub annotations: BTreeMap<String, String>,
    /// When it began.
    pub starts_at: Timestamp,
}

impl Series {
    /// The same series, labelled as known from before only.
    #[must_use]
    pub fn as_stale(&self) -> Self {
        let mut series = self.clone();
        series.labels.insert(STALE.to_owned(), "true".to_owned());
        series
    }
}

/// Whether the series has the label [`STALE`].
pub fn is_stale(labels: &Labels) -> bool {
    labels.contains_key(STALE)
}

/// The labels that stay the same while an alert fires: without its severity, and whether it is stale.
pub fn alert_key(labels: &Labels) -> Labels {
    let mut key = labels.clone();
    key.remove(SEVERITY);
    key.remove(STALE);
    key
}

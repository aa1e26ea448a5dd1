//! Which expiry counts while the vendor's two members appear, disappear and contradict each other.
//!
//! The vendor gives the expiry of a token twice, as `exp_Expire` and as `exp`, and the two disagree in every published example.
//! So a value is compared only with an earlier value of the same member, and a missing value proves nothing:
//!
//! 1. Each member keeps its last readable value and when it was seen.
//! 2. While the configured member can be read, it alone counts.
//! 3. While it is missing or unreadable, the earlier of its last value and the other member's present value counts.
//! 4. The other member replaces it only when it shows a renewal: its value is at least an hour later than the one it had when the
//!    configured member was last readable, and beyond every lead time of the account. If it had no value then, its first value
//!    afterwards is compared. A replacement lasts until the configured member is readable again.
//! 5. A member that was never readable is replaced by the other.
//! 6. For `earliest` these rules apply to each of the two members, and the earlier of the values that count is taken.
//!
//! Why: an all-clear because of a missing value is the worst message, because the token then expires without a warning; a warning
//! that lasts too long costs only attention. Both members are always tracked, so that a new `[expiry].source` applies without a
//! check and is neither a renewal nor a step back.

use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use super::account::as_str;
use super::configuration::{ExpirySource, Reading};
use super::lead_times::{LeadTimes, SAME_WITHIN};
use super::time::{Timestamp, seconds};

/// Steps back are no longer measured from a latest value that no answer gave for this long.
const FORGOTTEN_AFTER: TimeDelta = TimeDelta::days(1);

/// One of the two members that give an expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
pub enum ExpiryMember {
    /// `jwt.exp_Expire`.
    #[strum(serialize = "exp_Expire")]
    ExpExpire,
    /// `jwt.exp`.
    #[strum(serialize = "exp")]
    Exp,
}

as_str!(ExpiryMember);

/// Whether the last healthy answer held a member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReadState {
    /// The member could be read.
    Read,
    /// The member was absent.
    #[default]
    Missing,
    /// The member could not be read.
    Unreadable,
}

/// The history of one member, as far as the rules need it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrackedExpiry {
    /// Whether the last healthy answer held it.
    pub state: ReadState,
    /// Its last readable value.
    #[serde(deserialize_with = "seconds::option::deserialize", skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
    /// When `last` was seen.
    #[serde(deserialize_with = "seconds::option::deserialize", skip_serializing_if = "Option::is_none")]
    pub seen_at: Option<Timestamp>,
    /// The unreadable value, quoted; only while `state` is [`ReadState::Unreadable`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The latest value that it ever had and that is not forgotten ([`FORGOTTEN_AFTER`]).
    #[serde(deserialize_with = "seconds::option::deserialize", skip_serializing_if = "Option::is_none")]
    latest: Option<Timestamp>,
    /// The earliest value that was reported as a step back since `latest` was reached.
    #[serde(deserialize_with = "seconds::option::deserialize", skip_serializing_if = "Option::is_none")]
    moved_back_to: Option<Timestamp>,
    /// Since when its values are an hour or more earlier than `latest`.
    #[serde(deserialize_with = "seconds::option::deserialize", skip_serializing_if = "Option::is_none")]
    lower_since: Option<Timestamp>,
    /// The other member's value when this one was last readable, else its first value afterwards.
    #[serde(deserialize_with = "seconds::option::deserialize", skip_serializing_if = "Option::is_none")]
    other_then: Option<Timestamp>,
    /// The other member's last readable value since this one was last readable.
    #[serde(deserialize_with = "seconds::option::deserialize", skip_serializing_if = "Option::is_none")]
    other_since: Option<Timestamp>,
    /// Whether the other member showed a renewal since this one was last readable.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    replaced: bool,
}

/// The history of both members.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrackedExpiries {
    /// `jwt.exp_Expire`.
    pub exp_expire: TrackedExpiry,
    /// `jwt.exp`.
    pub exp: TrackedExpiry,
}

/// The expiry that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EffectiveExpiry {
    /// When the token expires.
    pub at: Timestamp,
    /// The member that gives it.
    pub member: ExpiryMember,
    /// Whether it counts because the other member showed a renewal while the configured one could not be read.
    pub is_replacement: bool,
}

/// The values before and after a step back: the later value of a member is at least an hour earlier than a previous one.
pub type StepBack = (Timestamp, Timestamp);

impl TrackedExpiries {
    /// The history after a healthy answer at `now` that holds `exp_expire` and `exp`, and the step back, if any, of the expiry that counts under `source`. Each depth is
    /// reported once until a new latest value is seen, so that two vendor nodes that serve old and new values in turn cause one
    /// report. A latest value that no answer gave for a day is forgotten when a third value comes: one wrong value far in the
    /// future must not hide later steps back.
    pub fn track(
        &self,
        [exp_expire, exp]: &[Reading; 2],
        (source, lead_times): (ExpirySource, &LeadTimes),
        now: Timestamp,
    ) -> (Self, Option<StepBack>) {
        let (exp_expire, exp) = (
            self.exp_expire.track(exp_expire, exp.value(), lead_times, now),
            self.exp.track(exp, exp_expire.value(), lead_times, now),
        );
        let tracked = Self { exp_expire: exp_expire.0, exp: exp.0 };
        let step_back = tracked.effective(source).and_then(|effective| match effective.member {
            ExpiryMember::ExpExpire => exp_expire.1,
            ExpiryMember::Exp => exp.1,
        });
        (tracked, step_back)
    }

    /// The expiry that counts under `source`; none while neither member was ever readable.
    pub fn effective(&self, source: ExpirySource) -> Option<EffectiveExpiry> {
        let (exp_expire, exp) = ((ExpiryMember::ExpExpire, &self.exp_expire), (ExpiryMember::Exp, &self.exp));
        match source {
            ExpirySource::ExpExpire => effective_of(exp_expire, exp),
            ExpirySource::Exp => effective_of(exp, exp_expire),
            ExpirySource::Earliest => {
                let is_replacement = self.exp_expire.is_replaced() || self.exp.is_replaced();
                let counting = [exp_expire, exp].into_iter().filter(|(_, tracked)| !tracked.is_replaced());
                let value = |(member, tracked): (ExpiryMember, &TrackedExpiry)| {
                    Some(EffectiveExpiry { at: tracked.last?, member, is_replacement })
                };
                counting.filter_map(value).min_by_key(|expiry| expiry.at)
            }
        }
    }

    /// Whether another answer with the same members would change nothing except `seen_at`.
    pub fn is_stable(&self) -> bool {
        let is_stable = |tracked: &TrackedExpiry| tracked.state == ReadState::Read || tracked.last.is_none();
        is_stable(&self.exp_expire) && is_stable(&self.exp)
    }

    /// Records another answer at `now` with the same members.
    pub fn touch(&mut self, now: Timestamp) {
        for tracked in [&mut self.exp_expire, &mut self.exp] {
            if tracked.state == ReadState::Read {
                tracked.seen_at = Some(now);
            }
        }
    }

    /// Both members with their histories.
    pub const fn by_name(&self) -> [(ExpiryMember, &TrackedExpiry); 2] {
        [(ExpiryMember::ExpExpire, &self.exp_expire), (ExpiryMember::Exp, &self.exp)]
    }
}

impl TrackedExpiry {
    fn track(
        &self,
        reading: &Reading,
        other: Option<Timestamp>,
        lead_times: &LeadTimes,
        now: Timestamp,
    ) -> (Self, Option<StepBack>) {
        let mut tracked = self.clone();
        (tracked.state, tracked.text) = match reading {
            Reading::Read(_) => (ReadState::Read, None),
            Reading::Missing => (ReadState::Missing, None),
            Reading::Unreadable(text) => (ReadState::Unreadable, Some(text.clone())),
        };
        let Some(value) = reading.value() else {
            if tracked.last.is_some() {
                tracked.compare_with_other(other, lead_times, now);
            }
            return (tracked, None);
        };
        let step_back = tracked.step_to(value, now);
        (tracked.last, tracked.seen_at) = (Some(value), Some(now));
        (tracked.other_then, tracked.other_since, tracked.replaced) = (other, None, false);
        (tracked, step_back)
    }

    /// Records the other member's value while this one cannot be read.
    fn compare_with_other(&mut self, other: Option<Timestamp>, lead_times: &LeadTimes, now: Timestamp) {
        let Some(other) = other else { return };
        let then = *self.other_then.get_or_insert(other);
        self.other_since = Some(other);
        self.replaced |= other - then >= SAME_WITHIN && lead_times.stage(other, now).is_none();
    }

    /// Records this member's next value; returns a step back that must be reported. It is measured from the value that was reported
    /// last, not from the last value: many small steps back add up.
    fn step_to(&mut self, value: Timestamp, now: Timestamp) -> Option<StepBack> {
        let is_lower = |latest: Option<Timestamp>| latest.is_some_and(|latest| latest - value >= SAME_WITHIN);
        // The same value again changes nothing, however much time has passed.
        let is_other = self.last.is_none_or(|last| (value - last).abs() >= SAME_WITHIN);
        // By clock skew it may lie in the future; then it counts from now.
        let mut lower_since = self.lower_since.map(|since| since.min(now));
        let is_forgotten = lower_since.is_some_and(|since| now - since >= FORGOTTEN_AFTER);
        if is_other && is_forgotten && is_lower(self.latest) {
            // Small steps since the reported one still count.
            (self.latest, self.moved_back_to) = (self.last.max(self.moved_back_to), None);
            lower_since = None;
        }
        if !is_lower(self.latest) {
            self.lower_since = None;
        } else if is_other {
            self.lower_since = Some(lower_since.unwrap_or(now));
        }
        // After a reported step back only a clearly later value starts again, because the last value may jitter.
        let margin = self.moved_back_to.map_or(TimeDelta::milliseconds(1), |_| SAME_WITHIN);
        let Some(latest) = self.latest.filter(|latest| value - *latest < margin) else {
            (self.latest, self.moved_back_to) = (Some(value), None);
            return None;
        };
        let reported = self.moved_back_to.unwrap_or(latest);
        if reported - value < SAME_WITHIN {
            return None;
        }
        self.moved_back_to = Some(value);
        Some((self.last.map_or(reported, |last| last.max(reported)), value))
    }

    fn is_replaced(&self) -> bool {
        self.replaced && self.state != ReadState::Read
    }
}

/// The expiry that counts when one member is configured and the other may replace it.
fn effective_of(
    (configured, tracked): (ExpiryMember, &TrackedExpiry),
    (other, other_tracked): (ExpiryMember, &TrackedExpiry),
) -> Option<EffectiveExpiry> {
    let expiry = |at, member, is_replacement| EffectiveExpiry { at, member, is_replacement };
    let Some(last) = tracked.last else {
        return other_tracked.last.map(|at| expiry(at, other, false));
    };
    if tracked.state == ReadState::Read {
        return Some(expiry(last, configured, false));
    }
    match tracked.other_since {
        Some(at) if tracked.replaced => Some(expiry(at, other, true)),
        Some(at) if at < last => Some(expiry(at, other, false)),
        Some(_) | None => Some(expiry(last, configured, false)),
    }
}

#[cfg(test)]
mod tests;

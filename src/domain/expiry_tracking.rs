//! Which expiry counts while the vendor's two members come, go and contradict each other.
//!
//! The vendor gives the expiry of a token twice, as `exp_Expire` and as `exp`, and the two disagree in every published example.
//! So a value may only be compared with an earlier value of the same member, and a value that is missing says nothing:
//!
//! 1. Each member keeps its last readable value and when it was seen.
//! 2. While the configured member can be read, it alone counts.
//! 3. While it is missing or unreadable, the earlier of its last value and the other member's present value counts.
//! 4. The other member replaces it only when it shows a renewal: it lies at least an hour later than when the configured one was
//!    last readable, and beyond every lead time of the account. If it had no value then, the first one that it shows afterwards
//!    is the one to compare with. A replacement lasts until the configured member is readable again.
//! 5. A member that was never readable is replaced by the other.
//! 6. For `earliest` the same holds for each of the two, and the earlier of those that count is taken.
//!
//! Why: an all-clear from a missing value is the worst message of all, since the token dies in silence afterwards; a warning that
//! lasts too long costs a look. Both members are tracked whatever is configured, so that a new `[expiry].source` needs no check,
//! and is neither a renewal nor a step back.

use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::configuration::EndSource;
use super::expiry::{Ladder, SAME_WITHIN};
use super::time::{Timestamp, seconds};

/// A value that no answer gave for so long is no longer the one that steps back are measured by.
const FORGOTTEN_AFTER: TimeDelta = TimeDelta::days(1);

/// One of the two members that give an expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpiryMember {
    /// `jwt.exp_Expire`.
    ExpExpire,
    /// `jwt.exp`.
    Exp,
}

impl ExpiryMember {
    /// The vendor's name of it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ExpExpire => "exp_Expire",
            Self::Exp => "exp",
        }
    }
}

/// What one healthy answer says of one member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// An expiry.
    Read(Timestamp),
    /// Absent, `null` or empty.
    Missing,
    /// Anything else; the text quotes it, shortened and without secrets.
    Unreadable(String),
}

impl Reading {
    const fn value(&self) -> Option<Timestamp> {
        match self {
            Self::Read(at) => Some(*at),
            Self::Missing | Self::Unreadable(_) => None,
        }
    }
}

/// What one healthy answer says of both members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readings {
    /// `jwt.exp_Expire`.
    pub exp_expire: Reading,
    /// `jwt.exp`.
    pub exp: Reading,
}

/// What the last healthy answer said of a member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReadState {
    /// It could be read.
    Read,
    /// It was not there.
    #[default]
    Missing,
    /// It could not be read.
    Unreadable,
}

/// What is known of one member.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrackedExpiry {
    /// What the last healthy answer said of it.
    pub state: ReadState,
    /// Its last readable value.
    #[serde(deserialize_with = "seconds::option::deserialize", skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
    /// When that was seen.
    #[serde(deserialize_with = "seconds::option::deserialize", skip_serializing_if = "Option::is_none")]
    pub seen_at: Option<Timestamp>,
    /// Quotes the form that cannot be read; `state` is [`ReadState::Unreadable`] then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The latest value that it ever had, and did not forget.
    #[serde(deserialize_with = "seconds::option::deserialize", skip_serializing_if = "Option::is_none")]
    latest: Option<Timestamp>,
    /// The earliest value that was reported as a step back since `latest` was reached.
    #[serde(deserialize_with = "seconds::option::deserialize", skip_serializing_if = "Option::is_none")]
    moved_back_to: Option<Timestamp>,
    /// Since when its values lie an hour or more before `latest`.
    #[serde(deserialize_with = "seconds::option::deserialize", skip_serializing_if = "Option::is_none")]
    lower_since: Option<Timestamp>,
    /// The other member's value when this one was last readable, else the first one that it showed afterwards.
    #[serde(deserialize_with = "seconds::option::deserialize", skip_serializing_if = "Option::is_none")]
    other_then: Option<Timestamp>,
    /// The other member's last readable value since this one was last readable.
    #[serde(deserialize_with = "seconds::option::deserialize", skip_serializing_if = "Option::is_none")]
    other_since: Option<Timestamp>,
    /// Whether the other member showed a renewal since this one was last readable.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    replaced: bool,
}

/// What is known of both members.
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
    /// When the token ends.
    pub at: Timestamp,
    /// Whose value that is.
    pub member: ExpiryMember,
    /// Whether it counts because the other member showed a renewal while the configured one could not be read.
    pub is_replacement: bool,
}

/// A value that lies at least an hour before an earlier one of the same member: before and after.
pub type StepBack = (Timestamp, Timestamp);

impl TrackedExpiries {
    /// What is known after a healthy answer at `now`, and the step back of the expiry that counts under `source`, if it made one:
    /// each depth once, until a later value than ever is seen, so that two vendor nodes that serve old and new in turn are
    /// reported once. A latest value that stayed away for a day is forgotten as soon as a third one comes: one wrong value far in
    /// the future must not hide what follows.
    pub fn track(
        &self,
        seen: &Readings,
        (source, ladder): (EndSource, &Ladder),
        now: Timestamp,
    ) -> (Self, Option<StepBack>) {
        let Readings { exp_expire, exp } = seen;
        let (exp_expire, exp) = (
            self.exp_expire.track(exp_expire, exp.value(), ladder, now),
            self.exp.track(exp, exp_expire.value(), ladder, now),
        );
        let tracked = Self { exp_expire: exp_expire.0, exp: exp.0 };
        let step_back = tracked.effective(source).and_then(|effective| match effective.member {
            ExpiryMember::ExpExpire => exp_expire.1,
            ExpiryMember::Exp => exp.1,
        });
        (tracked, step_back)
    }

    /// The expiry that counts under `source`; none while neither member was ever readable.
    pub fn effective(&self, source: EndSource) -> Option<EffectiveExpiry> {
        let (exp_expire, exp) = ((ExpiryMember::ExpExpire, &self.exp_expire), (ExpiryMember::Exp, &self.exp));
        match source {
            EndSource::ExpExpire => of_one(exp_expire, exp),
            EndSource::Exp => of_one(exp, exp_expire),
            EndSource::Earliest => {
                let is_replacement = self.exp_expire.is_replaced() || self.exp.is_replaced();
                let counting = [exp_expire, exp].into_iter().filter(|(_, tracked)| !tracked.is_replaced());
                let value = |(member, tracked): (ExpiryMember, &TrackedExpiry)| {
                    Some(EffectiveExpiry { at: tracked.last?, member, is_replacement })
                };
                counting.filter_map(value).min_by_key(|expiry| expiry.at)
            }
        }
    }

    /// Whether another answer that says the same of both would change nothing but when they were seen.
    pub fn is_settled(&self) -> bool {
        let settled = |tracked: &TrackedExpiry| tracked.state == ReadState::Read || tracked.last.is_none();
        settled(&self.exp_expire) && settled(&self.exp)
    }

    /// What is known after another answer at `now` that said the same of both.
    pub fn seen_again(&mut self, now: Timestamp) {
        for tracked in [&mut self.exp_expire, &mut self.exp] {
            if tracked.state == ReadState::Read {
                tracked.seen_at = Some(now);
            }
        }
    }

    /// Both, by their names.
    pub const fn by_name(&self) -> [(ExpiryMember, &TrackedExpiry); 2] {
        [(ExpiryMember::ExpExpire, &self.exp_expire), (ExpiryMember::Exp, &self.exp)]
    }
}

impl TrackedExpiry {
    fn track(
        &self,
        seen: &Reading,
        other: Option<Timestamp>,
        ladder: &Ladder,
        now: Timestamp,
    ) -> (Self, Option<StepBack>) {
        let mut tracked = self.clone();
        (tracked.state, tracked.text) = match seen {
            Reading::Read(_) => (ReadState::Read, None),
            Reading::Missing => (ReadState::Missing, None),
            Reading::Unreadable(text) => (ReadState::Unreadable, Some(text.clone())),
        };
        let Some(value) = seen.value() else {
            if tracked.last.is_some() {
                tracked.compare_with_other(other, ladder, now);
            }
            return (tracked, None);
        };
        let step_back = tracked.step_to(value, now);
        (tracked.last, tracked.seen_at) = (Some(value), Some(now));
        (tracked.other_then, tracked.other_since, tracked.replaced) = (other, None, false);
        (tracked, step_back)
    }

    /// Takes the other member's value while this one cannot be read.
    fn compare_with_other(&mut self, other: Option<Timestamp>, ladder: &Ladder, now: Timestamp) {
        let Some(other) = other else { return };
        let then = *self.other_then.get_or_insert(other);
        self.other_since = Some(other);
        self.replaced |= other - then >= SAME_WITHIN && ladder.is_beyond_all(other, now);
    }

    /// Takes this member's next value; gives a step back that is worth reporting. The comparison is with what was reported last,
    /// not with the last value: many small steps back are a large one.
    fn step_to(&mut self, value: Timestamp, now: Timestamp) -> Option<StepBack> {
        let is_lower = |latest: Option<Timestamp>| latest.is_some_and(|latest| latest - value >= SAME_WITHIN);
        // An answer that says the same changes nothing, however much time has passed.
        let is_other = self.last.is_none_or(|last| (value - last).abs() >= SAME_WITHIN);
        // What a clock that ran ahead wrote down counts from now.
        let mut lower_since = self.lower_since.map(|since| since.min(now));
        let is_forgotten = lower_since.is_some_and(|since| now - since >= FORGOTTEN_AFTER);
        if is_other && is_forgotten && is_lower(self.latest) {
            // The small steps since the one that was reported still count.
            (self.latest, self.moved_back_to) = (self.last.max(self.moved_back_to), None);
            lower_since = None;
        }
        if !is_lower(self.latest) {
            self.lower_since = None;
        } else if is_other {
            self.lower_since = Some(lower_since.unwrap_or(now));
        }
        // After a step back that was reported, only a clearly later value starts again: the last one may jitter.
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

/// The expiry that counts where one member is configured and the other stands in for it.
fn of_one(
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

//! An account in the list of the status page.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use super::expiry_bar::ExpiryBar;
use super::job_bar::JobBar;
use crate::config::Config;
use crate::domain::account::AccountKey;
use crate::domain::configuration::Configuration;
use crate::domain::text;
use crate::domain::time::{Timestamp, relative};
use crate::report::{AccountDetails, AccountReport};

/// Characters that stand for themselves in a segment of a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'~').remove(b'.');

/// What the page shows of one account, also at the head of its own page.
#[derive(Serialize)]
pub(super) struct AccountRow {
    name: String,
    id: String,
    subscription: String,
    /// Its page, relative to the status page.
    link: String,
    verdict: &'static str,
    /// `usable`, `on trial`, `not usable` or `unknown`.
    usable: &'static str,
    usable_tone: &'static str,
    reasons: Vec<String>,
    expiry: Option<ExpiryBar>,
    /// The capabilities that it has, and those that it lacks, without `support`.
    capabilities: Vec<String>,
    lacking: Vec<String>,
    max_jobs: Option<i64>,
    credits: Option<String>,
    jobs: Option<JobBar>,
    /// Whether the statistics of jobs were read.
    knows_jobs: bool,
    /// `3 min ago`, or empty.
    checked: String,
}

impl AccountRow {
    pub(super) fn new(
        report: &AccountReport,
        details: &AccountDetails,
        config: &Config,
        now: Timestamp,
    ) -> Self {
        let (account, policy) = (report.key(), config.policy());
        let (usable, usable_tone) = usability_label(details);
        let seen = details.record.configuration.as_ref();
        Self {
            name: text::name(&report.name),
            id: text::name(report.id.as_str()),
            subscription: text::name(report.subscription.as_str()),
            link: link(&account),
            verdict: report.verdict.as_str(),
            usable,
            usable_tone,
            reasons: details.reasons.iter().map(|reason| text::one_line(reason)).collect(),
            expiry: report.expires_at.map(|at| ExpiryBar::new(at, policy.lead_times(&account), now)),
            capabilities: flag_names(seen, true),
            lacking: flag_names(seen, false),
            max_jobs: seen.and_then(|seen| seen.max_jobs),
            credits: details
                .credits
                .as_ref()
                .and_then(|credits| credits.credits)
                .map(|credits| credits.to_string()),
            jobs: details.jobs.as_deref().and_then(JobBar::new),
            knows_jobs: details.jobs.is_some(),
            checked: report.checked_at.map(|at| relative(at, now)).unwrap_or_default(),
        }
    }
}

/// Whether it is usable, in words, and the class of their colour.
const fn usability_label(details: &AccountDetails) -> (&'static str, &'static str) {
    match (details.usable, details.is_on_trial) {
        (Some(true), false) => ("usable", "ok"),
        (Some(true), true) => ("on trial", "warning"),
        (Some(false), _) => ("not usable", "critical"),
        (None, _) => ("unknown", "unknown"),
    }
}

/// The names of the flags that are `wanted`.
fn flag_names(seen: Option<&Configuration>, wanted: bool) -> Vec<String> {
    let flags = seen.into_iter().flat_map(|seen| &seen.capabilities);
    let names = flags.filter(|(_, has)| **has == wanted);
    names.map(|(name, _)| text::name(short(name))).collect()
}

/// `Video` for `supportVideo`.
fn short(flag: &str) -> &str {
    flag.strip_prefix("support").filter(|rest| !rest.is_empty()).unwrap_or(flag)
}

/// The page of an account, relative to the status page.
fn link(account: &AccountKey) -> String {
    let encode = |segment: &str| utf8_percent_encode(segment, SEGMENT).to_string();
    format!("accounts/{}/{}", encode(account.subscription.as_str()), encode(account.id.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::account::{AccountId, SubscriptionName};

    #[test]
    fn any_id_is_one_segment_of_a_link() {
        let link = |id: &str| link(&AccountKey::new(&SubscriptionName::new("main"), &AccountId::new(id)));
        assert_eq!(link("123"), "accounts/main/123");
        assert_eq!(link("a/b?c#d\"<é"), "accounts/main/a%2Fb%3Fc%23d%22%3C%C3%A9");
    }

    #[test]
    fn capabilities_are_named_without_their_prefix() {
        assert_eq!(
            [short("supportVideo"), short("support"), short("canSing")],
            ["Video", "support", "canSing"]
        );
    }
}

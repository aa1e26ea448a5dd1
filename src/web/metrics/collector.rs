//! The names, types and labels of the metrics (docs/contract.md, section 6).

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::exemplar::Exemplar;
use strum::IntoEnumIterator;

use crate::domain::alerts::AlertKind;
use crate::domain::text;
use crate::domain::time::Timestamp;
use crate::report::{AccountMetrics, Metrics};

type Labels<'a> = Vec<(&'static str, &'a str)>;

/// The numbers of one scrape.
#[derive(Debug)]
pub(super) struct MetricsCollector(Metrics);

impl MetricsCollector {
    /// Names are shown as everywhere: without invisible characters, and of a bounded length. Ids stay, since they tell series apart.
    pub(super) fn new(mut metrics: Metrics) -> Self {
        for account in &mut metrics.accounts {
            account.name = text::name(&account.name);
        }
        Self(metrics)
    }
}

impl Collector for MetricsCollector {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut families = Families(encoder);
        let metrics = &self.0;
        encode_accounts(&mut families, &metrics.accounts)?;
        encode_account_details(&mut families, &metrics.accounts)?;
        let plans = metrics
            .plans
            .iter()
            .map(|(name, active)| (vec![("subscription", name.as_str())], number(*active)));
        families.gauges(
            "minimax_subscription_active",
            "1 while the plan of the subscription is active",
            plans,
        )?;
        encode_watch(&mut families, metrics)
    }
}

/// Writes one family after the other.
struct Families<'e>(DescriptorEncoder<'e>);

impl Families<'_> {
    fn gauges<'a>(
        &mut self,
        name: &str,
        help: &str,
        series: impl Iterator<Item = (Labels<'a>, f64)>,
    ) -> fmt::Result {
        self.family((name, help, MetricType::Gauge), series, |mut metric, value| metric.encode_gauge(&value))
    }

    /// `name` without `_total`, which the encoder adds.
    fn counters<'a>(
        &mut self,
        name: &str,
        help: &str,
        series: impl Iterator<Item = (Labels<'a>, u64)>,
    ) -> fmt::Result {
        self.family((name, help, MetricType::Counter), series, |mut metric, value| {
            metric.encode_counter(&value, None::<&Exemplar<NoLabelSet, f64>>)
        })
    }

    /// Nothing at all when there are no series.
    fn family<'a, N>(
        &mut self,
        (name, help, kind): (&str, &str, MetricType),
        series: impl Iterator<Item = (Labels<'a>, N)>,
        encode: fn(MetricEncoder<'_>, N) -> fmt::Result,
    ) -> fmt::Result {
        let mut series = series.peekable();
        if series.peek().is_none() {
            return Ok(());
        }
        let mut metric = self.0.encode_descriptor(name, help, None, kind)?;
        for (labels, value) in series {
            encode(metric.encode_family(&labels)?, value)?;
        }
        Ok(())
    }

    fn gauge(&mut self, name: &str, help: &str, value: Option<f64>) -> fmt::Result {
        let Some(value) = value else { return Ok(()) };
        self.0.encode_descriptor(name, help, None, MetricType::Gauge)?.encode_gauge(&value)
    }
}

fn encode_accounts(families: &mut Families<'_>, accounts: &[AccountMetrics]) -> fmt::Result {
    let mut gauges = |name, help, value: fn(&AccountMetrics) -> Option<f64>| {
        let series = accounts.iter().filter_map(|account| Some((labels(account), value(account)?)));
        families.gauges(name, help, series)
    };
    gauges(
        "minimax_account_token_expiry_timestamp_seconds",
        "When the login token of the account expires",
        |account| account.expires_at.map(timestamp),
    )?;
    gauges("minimax_account_up", "1 when the last conclusive check of the account was ok", |account| {
        account.is_up.map(number)
    })?;
    gauges(
        "minimax_account_usable",
        "1 when the account can take jobs, as the command usable judges it",
        |account| account.is_usable.map(number),
    )?;
    gauges(
        "minimax_account_last_success_timestamp_seconds",
        "When a check of the account was last ok",
        |account| account.last_ok_at.map(timestamp),
    )?;
    gauges("minimax_account_max_jobs", "maxJobs of the account", |account| account.max_jobs.map(integer))?;
    gauges("minimax_account_credits", "Credits of the account when they were last read", |account| {
        i64::try_from(account.credits?).ok().map(integer)
    })
}

fn encode_account_details(families: &mut Families<'_>, accounts: &[AccountMetrics]) -> fmt::Result {
    let capabilities = accounts.iter().flat_map(|account| {
        account
            .capabilities
            .iter()
            .map(|(capability, has)| (with(account, "capability", capability), number(*has)))
    });
    families.gauges("minimax_account_capability", "1 when the account has the capability", capabilities)?;
    let codes: Vec<Vec<(String, u64)>> = accounts
        .iter()
        .map(|account| account.jobs.iter().map(|(code, jobs)| (code.to_string(), *jobs)).collect())
        .collect();
    let jobs = accounts
        .iter()
        .zip(&codes)
        .flat_map(|(account, codes)| codes.iter().map(|(code, jobs)| (with(account, "code", code), *jobs)));
    families.counters("minimax_account_jobs", "Jobs of the account by the status code of their answer", jobs)
}

fn encode_watch(families: &mut Families<'_>, metrics: &Metrics) -> fmt::Result {
    let kinds =
        AlertKind::iter().flat_map(|kind| kind.severities().iter().map(move |severity| (kind, *severity)));
    let firing = kinds.map(|key| {
        let count = metrics.firing.get(&key).copied().unwrap_or_default();
        (vec![("kind", key.0.as_str()), ("severity", key.1.as_str())], count)
    });
    let firing = firing.filter_map(|(labels, count)| Some((labels, integer(i64::try_from(count).ok()?))));
    families.gauges("minimax_watch_alerts_firing", "Alerts that fire", firing)?;
    encode_runs(families, metrics)?;
    encode_messages(families, metrics)?;
    let mut build = families.0.encode_descriptor(
        "minimax_watch_build",
        "The version of minimax-watch",
        None,
        MetricType::Info,
    )?;
    build.encode_info(&[("version", env!("CARGO_PKG_VERSION"))])
}

fn encode_runs(families: &mut Families<'_>, metrics: &Metrics) -> fmt::Result {
    let runs =
        metrics.runs.iter().map(|total| (vec![("result", total.result.as_str())], u64::from(total.runs)));
    families.counters(
        "minimax_watch_runs",
        "Finished runs: complete (every check was conclusive), partial or failed (none was)",
        runs,
    )?;
    families.gauge(
        "minimax_watch_run_duration_seconds",
        "How long the last finished run took, with its confirmations",
        metrics.last_run_duration.map(|length| integer(length.num_milliseconds()) / 1_000.0),
    )?;
    families.gauge(
        "minimax_watch_last_run_timestamp_seconds",
        "When the last finished run finished",
        metrics.last_finished_at.map(timestamp),
    )
}

fn encode_messages(families: &mut Families<'_>, metrics: &Metrics) -> fmt::Result {
    families.gauge(
        "minimax_watch_outbox_pending",
        "Messages that wait to be delivered",
        Some(integer(metrics.pending)),
    )?;
    families.gauge(
        "minimax_watch_outbox_oldest_timestamp_seconds",
        "When the oldest message that waits was written; absent when none waits",
        metrics.oldest_pending.map(timestamp),
    )?;
    let messages = metrics.messages.iter().map(|total| {
        let labels = vec![("receiver", total.receiver.as_str()), ("result", total.state.as_str())];
        (labels, u64::from(total.messages))
    });
    families.counters(
        "minimax_watch_notifications",
        "Messages that a receiver accepted (delivered), or that failed permanently (failed)",
        messages,
    )
}

fn labels(account: &AccountMetrics) -> Labels<'_> {
    vec![
        ("subscription", account.account.subscription.as_str()),
        ("account", account.account.id.as_str()),
        ("name", account.name.as_str()),
    ]
}

fn with<'a>(account: &'a AccountMetrics, name: &'static str, value: &'a str) -> Labels<'a> {
    let mut labels = labels(account);
    labels.push((name, value));
    labels
}

fn number(is: bool) -> f64 {
    f64::from(u8::from(is))
}

/// Whole numbers up to 2^53 are exact.
#[expect(clippy::cast_precision_loss, reason = "every number of the format is a float")]
const fn integer(value: i64) -> f64 {
    value as f64
}

/// Seconds since 1970, to the millisecond.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of ten thousand years are exact")]
fn timestamp(moment: Timestamp) -> f64 {
    moment.timestamp_millis() as f64 / 1_000.0
}

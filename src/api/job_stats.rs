//! What became of the jobs: the answer of `GET /v2/account/stats` (docs/vendor-api.md, "More calls").
//!
//! Guarantees: pure. A row is read while it is parsed, so that memory grows with the jobs that are kept, at most the newest 50,000.
//! Of a job's id nothing is kept but the watched account that it names, and a hash of it without the user in it. The order of the
//! rows and repeated ones change nothing. A row that cannot be read is skipped and counted, unless it says that it asked for no work; an answer whose shape is not understood is a value of its
//! own, of which no row counts. Leaves what the jobs mean to `domain::jobs`.

use std::cmp::Reverse;
use std::fmt;

use ring::digest::{Context, SHA256};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::classify::ResponseReader;
use super::repair::make_readable;
use super::response::{Response, describe};
use super::wire::{NOTHING, Name, Selection, Value, without_byte_order_mark};
use super::{date_time, normalise};
use crate::domain::jobs::{Job, JobCode, JobKey, UnreadableRows, WatchedIds, asks_for_work};
use crate::domain::observation::{Observation, Outcome};
use crate::domain::time::Timestamp;

/// The path of the request.
pub(super) const PATH: &str = "/v2/account/stats";
/// The most rows that the vendor returns, and that are kept.
pub(super) const MAX_JOBS: usize = 50_000;

/// The members of a row that are read.
const ROW: Selection = Selection(&[
    ("timestamp", NOTHING),
    ("jobid", NOTHING),
    ("config", NOTHING),
    ("endpoint", NOTHING),
    ("code", NOTHING),
    ("msec", NOTHING),
]);

/// The query of the request for the newest `limit` jobs of all accounts.
pub(super) fn query(limit: u32) -> String {
    format!("bot=minimax&limit={}", limit.clamp(1, 50_000))
}

/// The jobs of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobStats {
    /// Each once, newest first.
    pub jobs: Vec<Job>,
    /// How many rows there were.
    pub rows: usize,
    /// Those that could not be read.
    pub unreadable: UnreadableRows,
}

/// What the vendor answered to the request for the jobs.
#[derive(Clone, Debug, PartialEq)]
pub enum JobStatsAnswer {
    /// The jobs.
    Read(JobStats),
    /// A 200 whose body is not of the documented shape, described for an operator. It says nothing about any job.
    NotUnderstood(String),
    /// No answer, or one other than 200. It says nothing about any job either.
    Failed(Observation),
}

impl ResponseReader<'_> {
    /// What the response to a request for the jobs means. `watched` are the accounts to which jobs are assigned.
    pub(super) fn job_stats(&self, response: &Response, watched: &WatchedIds<'_>) -> JobStatsAnswer {
        if response.status != 200 {
            return JobStatsAnswer::Failed(self.refusal(response));
        }
        let body = match &response.body {
            Ok(body) => without_byte_order_mark(body),
            Err(failure) if failure.outcome == Outcome::Malformed => {
                return JobStatsAnswer::NotUnderstood(failure.reason.clone());
            }
            Err(failure) => return JobStatsAnswer::Failed(self.failure(failure)),
        };
        let rows = Rows { watched, now: self.now };
        match parse(body, rows).or_else(|error| {
            // Another shape stays another shape.
            if error.is_data() { Err(error) } else { parse(&make_readable(body), rows) }
        }) {
            Ok(stats) if stats.jobs.is_empty() && stats.unreadable.count > 0 => {
                let rows = stats.unreadable.count;
                JobStatsAnswer::NotUnderstood(format!(
                    "none of {rows} rows has a readable timestamp and code"
                ))
            }
            Ok(stats) => JobStatsAnswer::Read(stats),
            Err(error) if error.is_data() => JobStatsAnswer::NotUnderstood(
                "JSON, but without a list of jobs in the member `data`".to_owned(),
            ),
            Err(error) => JobStatsAnswer::NotUnderstood(describe(response, Some(&Err(error)))),
        }
    }
}

/// Reads the body of a 200.
///
/// # Errors
/// It is not JSON, or has no list in the member `data`: an error of the category `Data`. The error's text may quote the body.
fn parse(json: &[u8], rows: Rows<'_>) -> Result<JobStats, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let stats = deserializer.deserialize_map(AnswerVisitor(rows))?;
    deserializer.end().map(|()| stats)
}

/// Reads the object around the rows.
struct AnswerVisitor<'w>(Rows<'w>);

impl<'de> Visitor<'de> for AnswerVisitor<'_> {
    type Value = JobStats;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with a list of jobs")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<JobStats, A::Error> {
        let mut stats = None;
        while let Some(Name(name)) = map.next_key()? {
            if name == "data" {
                stats = Some(map.next_value_seed(self.0)?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        stats.ok_or_else(|| serde::de::Error::missing_field("data"))
    }
}

/// Reads the rows.
#[derive(Clone, Copy)]
struct Rows<'w> {
    watched: &'w WatchedIds<'w>,
    now: Timestamp,
}

impl<'de> DeserializeSeed<'de> for Rows<'_> {
    type Value = JobStats;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<JobStats, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Rows<'_> {
    type Value = JobStats;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of jobs")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<JobStats, A::Error> {
        let mut stats = JobStats::default();
        while let Some(row) = rows.next_element_seed(ROW)? {
            stats.rows += 1;
            match job(&row, self.watched) {
                Some(job) => stats.jobs.push(job),
                None => stats.count_unreadable(&row, self.now),
            }
            if stats.jobs.len() >= 2 * MAX_JOBS {
                stats.keep_newest();
            }
        }
        stats.keep_newest();
        Ok(stats)
    }
}

impl JobStats {
    /// Counts a row that cannot be read, unless it asked for no work.
    fn count_unreadable(&mut self, row: &Value, now: Timestamp) {
        if text(&row["endpoint"]).is_some_and(|endpoint| !asks_for_work(endpoint.trim())) {
            return;
        }
        self.unreadable.count += 1;
        let at = moment(&row["timestamp"]);
        self.unreadable.undated += usize::from(at.is_none());
        self.unreadable.newest_at = self.unreadable.newest_at.max(at.filter(|at| *at <= now));
    }

    /// Sorts the jobs and removes repeated ones and those beyond the most that are kept. Of rows that differ about one job, the one with an
    /// account stays, then the one with the higher code: a job that was accepted may fail later.
    fn keep_newest(&mut self) {
        let order = |job: &Job| (job.at, job.key, job.account.clone(), job.code);
        self.jobs.sort_by_cached_key(|job| Reverse(order(job)));
        self.jobs.dedup_by_key(|job| job.key);
        self.jobs.truncate(MAX_JOBS);
    }
}

/// The job in a row, if the row has a readable time and code.
fn job(row: &Value, watched: &WatchedIds<'_>) -> Option<Job> {
    let (at, code) = (moment(&row["timestamp"])?, code(&row["code"])?);
    let [id, config, endpoint] = ["jobid", "config", "endpoint"].map(|name| text(&row[name]));
    let id = id.filter(|id| !id.trim().is_empty());
    let account = watched.account_of(config.as_deref(), id.as_deref()).cloned();
    let (moment, called) = (at.timestamp_millis().to_string(), endpoint.clone().unwrap_or_default());
    let identity = if let Some(id) = id {
        // A later answer may show another account or code of the same job.
        vec![moment, without_user(&id), called]
    } else {
        // Jobs of the same moment may still differ in how long they took.
        let duration = text(&row["msec"]).unwrap_or_default();
        vec![moment, duration, config.unwrap_or_default(), called, code.to_string()]
    };
    let asks_for_work = endpoint.is_none_or(|endpoint| asks_for_work(endpoint.trim()));
    Some(Job { key: key(&identity), at, account, code, asks_for_work })
}

/// The time of a row, to the millisecond, by which jobs are ordered.
fn moment(value: &Value) -> Option<Timestamp> {
    let plausible = normalise::timestamp(value)?;
    let Value::String(text) = value else { return Some(plausible) };
    let exact = date_time::parse(text).filter(|at| at.timestamp() == plausible.timestamp());
    // A leap second has more.
    let milliseconds = exact.map_or(0, |at| at.timestamp_subsec_millis().min(999));
    Timestamp::from_timestamp_millis(plausible.timestamp_millis() + i64::from(milliseconds))
}

fn code(value: &Value) -> Option<JobCode> {
    let code = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        Value::Null | Value::Bool(_) | Value::Array { .. } | Value::Object(_) => return None,
    };
    JobCode::new(code.strip_suffix(".0").unwrap_or(&code).parse().ok()?)
}

/// A text, or a number as one.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array { .. } | Value::Object(_) => None,
    }
}

/// The id of a job without the user in it: `…-user:1234-minimax:…`.
fn without_user(id: &str) -> String {
    id.split('-').filter(|part| !part.starts_with("user:")).collect::<Vec<_>>().join("-")
}

/// A hash of what identifies a job: the beginning of a SHA-256.
fn key(identity: &[String]) -> JobKey {
    let mut context = Context::new(&SHA256);
    for part in identity {
        context.update(part.as_bytes());
        // In no text.
        context.update(&[0xff]);
    }
    JobKey::new(context.finish().as_ref().first_chunk().map_or(0, |start| i64::from_be_bytes(*start)))
}

#[cfg(test)]
mod tests;

//! The jobs of a course: what the vendor's statistics show of them, and in which form.

use axum::http::StatusCode;
use chrono::{SubsecRound, TimeDelta};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::course::ACCOUNTS;
use super::model::{JobRow, Moment};
use crate::simulator::{Answer, Reply};
use crate::world::{days, hours, minutes, seconds};

/// Jobs of one account that end now.
#[derive(Clone, Debug)]
pub(super) struct SentJobs {
    /// The index of the account; the one after the last is not watched.
    account: usize,
    /// Their codes, oldest first.
    codes: Vec<u16>,
    /// How far from now the newest of them ended.
    newest: TimeDelta,
    apart: TimeDelta,
    /// Whether they asked for no work.
    are_reads: bool,
}

/// How the statistics answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StatsForm {
    /// All jobs, oldest first.
    Plain,
    Reversed,
    /// Each row twice, and rows that cannot be read between them.
    Repeated,
    /// As many of the newest.
    Newest(usize),
    Empty,
    OtherShape,
    Html,
    BadGateway,
}

/// The jobs that the vendor knows.
#[derive(Debug)]
pub(super) struct Statistics {
    rows: Vec<JobRow>,
    form: StatsForm,
}

impl Statistics {
    pub(super) fn new() -> Self {
        Self { rows: Vec::new(), form: StatsForm::Plain }
    }

    pub(super) fn set_form(&mut self, form: StatsForm) {
        self.form = form;
    }

    /// Adds `jobs`, seen from `now`.
    pub(super) fn add(&mut self, jobs: &SentJobs, now: Moment) {
        let newest = (now + jobs.newest).trunc_subsecs(0);
        for (age, code) in (0_i32..).zip(jobs.codes.iter().rev()) {
            self.rows.push(JobRow {
                number: self.rows.len(),
                at: newest - jobs.apart * age,
                account: ACCOUNTS.get(jobs.account).map(|(_, name)| *name),
                code: *code,
                is_read: jobs.are_reads,
            });
        }
        self.rows.sort_by_key(|row| row.at);
    }

    /// The jobs that an answer shows now, if it can be read.
    pub(super) fn shown(&self) -> Option<&[JobRow]> {
        match self.form {
            StatsForm::Plain | StatsForm::Reversed | StatsForm::Repeated => Some(&self.rows),
            StatsForm::Newest(count) => Some(&self.rows[self.rows.len().saturating_sub(count)..]),
            StatsForm::Empty => Some(&[]),
            StatsForm::OtherShape | StatsForm::Html | StatsForm::BadGateway => None,
        }
    }

    /// How many rows besides cannot be read.
    pub(super) fn unreadable(&self) -> usize {
        if self.form == StatsForm::Repeated { self.rows.len() } else { 0 }
    }

    /// The answer.
    pub(super) fn answer(&self) -> Answer {
        let mut rows: Vec<Value> = self.shown().unwrap_or_default().iter().map(row).collect();
        match self.form {
            StatsForm::Plain | StatsForm::Newest(_) | StatsForm::Empty => {}
            StatsForm::Reversed => rows.reverse(),
            StatsForm::Repeated => {
                rows = rows.into_iter().flat_map(|row| [row.clone(), json!(7), row]).collect();
            }
            StatsForm::OtherShape => return Reply::json(StatusCode::OK, "{\"rows\":[]}").into(),
            StatsForm::Html => return Reply::json(StatusCode::OK, "<html>").into(),
            StatsForm::BadGateway => return Reply::status(StatusCode::BAD_GATEWAY).into(),
        }
        Answer::job_stats(&rows)
    }
}

/// A row that names its account in one of two ways.
fn row(job: &JobRow) -> Value {
    let account = ACCOUNTS.iter().find(|(_, name)| Some(*name) == job.account);
    let id = account.map_or("99", |(id, _)| *id);
    let JobRow { number, at, code, .. } = job;
    let endpoint = if job.is_read { "get-videos" } else { "post-videos-create" };
    let row = json!({"timestamp": at.to_rfc3339(), "endpoint": endpoint, "code": code, "msec": 5_000});
    let members = if number % 2 == 0 {
        json!({"config": id, "jobid": format!("j{number}")})
    } else {
        json!({"config": "MiniMax", "jobid": format!("user:4711-minimax:{id}-job:{number}")})
    };
    let all = row.as_object().unwrap().iter().chain(members.as_object().unwrap());
    Value::Object(all.map(|(name, value)| (name.clone(), value.clone())).collect())
}

pub(super) fn sent_jobs() -> impl Strategy<Value = SentJobs> {
    let failed = || prop::sample::select(vec![403_u16, 500, 596, 408]);
    let code = prop_oneof![
        4 => Just(200_u16),
        4 => failed(),
        1 => Just(412),
        1 => prop::sample::select(vec![400_u16, 401, 402, 404, 422, 429]),
    ];
    let codes = prop_oneof![
        3 => prop::collection::vec(failed(), 3..6),
        2 => prop::collection::vec(Just(201_u16), 3..6),
        3 => prop::collection::vec(code, 1..7),
    ];
    let newest = prop_oneof![
        9 => prop::sample::select(vec![-minutes(1), -minutes(10), -minutes(14), -minutes(16), seconds(0)]),
        2 => prop::sample::select(vec![-hours(2), -days(29), -days(31), hours(1), hours(23), days(2)]),
        2 => (-7_200_i64..60).prop_map(seconds),
    ];
    let apart =
        prop::sample::select(vec![seconds(0), seconds(1), minutes(10), minutes(19), minutes(30), hours(2)]);
    (0..=ACCOUNTS.len(), codes, newest, apart, prop::bool::weighted(0.1)).prop_map(
        |(account, codes, newest, apart, are_reads)| SentJobs { account, codes, newest, apart, are_reads },
    )
}

pub(super) fn stats_form() -> impl Strategy<Value = StatsForm> {
    prop_oneof![
        9 => Just(StatsForm::Plain),
        2 => Just(StatsForm::Reversed),
        2 => Just(StatsForm::Repeated),
        2 => (1_usize..4).prop_map(StatsForm::Newest),
        1 => Just(StatsForm::Empty),
        1 => Just(StatsForm::OtherShape),
        1 => Just(StatsForm::Html),
        1 => Just(StatsForm::BadGateway),
    ]
}

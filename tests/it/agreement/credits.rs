//! The credits of a course: what the vendor answers to the question for those of one account.

use std::collections::VecDeque;

use axum::http::StatusCode;
use chrono::TimeDelta;
use proptest::prelude::*;
use serde_json::json;

use super::model::{CreditsPolicy, CreditsSeen, Moment};
use crate::simulator::{Answer, Refusal, Reply};
use crate::world::{days, hours, minutes};

/// The keys of `[credits]` that an operator may edit, by their places in the tables below.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct CreditsChoice {
    pub(super) is_watched: bool,
    every: usize,
    low: usize,
    lead_time: usize,
}

const EVERY: [(TimeDelta, &str); 4] =
    [(hours(1), "1h"), (minutes(10), "10m"), (hours(6), "6h"), (days(2), "2d")];
const LOW: [u64; 3] = [100, 2_000, 0];
const LEAD_TIMES: [(TimeDelta, &str); 3] = [(days(2), "2d"), (TimeDelta::zero(), "0s"), (days(10), "10d")];

impl CreditsChoice {
    /// What the model needs to know; none while credits are not watched.
    pub(super) fn policy(self) -> Option<CreditsPolicy> {
        let (every, low, lead_time) = (EVERY[self.every].0, LOW[self.low], LEAD_TIMES[self.lead_time].0);
        self.is_watched.then_some(CreditsPolicy { every, low, lead_time })
    }

    /// The section of the configuration.
    pub(super) fn section(self) -> String {
        let (every, low, lead_time) = (EVERY[self.every].1, LOW[self.low], LEAD_TIMES[self.lead_time].1);
        format!(
            "[credits]\nwatch = {}\nevery = \"{every}\"\nlow = {low}\nlead_time = \"{lead_time}\"",
            self.is_watched
        )
    }
}

/// What one answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CreditsForm {
    /// The number.
    Number,
    /// MiniMax answers, and shows no number.
    NoNumber,
    /// 596.
    AccountError,
    /// 401.
    Unauthorized,
    Failure(CreditsFailure),
}

/// An answer that says nothing about the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CreditsFailure {
    ServerError,
    GatewayTimeout,
    Limited,
    Html,
    OtherShape,
    ErrorMember,
    Closed,
    /// There is none.
    Silence,
}

/// What becomes of the credits of one account.
#[derive(Clone, Copy, Debug)]
pub(super) enum CreditsChange {
    /// The number at this place of [`numbers`] is left, and then fewer each day.
    Left { place: usize, per_day: u64 },
    /// Some are used.
    Used(u64),
    /// The vendor answers in this form.
    Answers(CreditsForm),
    /// Once only.
    Once(CreditsForm),
}

/// The credits of one account at the vendor.
#[derive(Debug)]
pub(super) struct CreditsAtVendor {
    left: u64,
    since: Moment,
    per_day: u64,
    form: CreditsForm,
    /// The forms of the next answers.
    exceptions: VecDeque<CreditsForm>,
}

impl CreditsAtVendor {
    pub(super) fn new(now: Moment) -> Self {
        let (left, form) = (5_000, CreditsForm::Number);
        Self { left, since: now, per_day: 0, form, exceptions: VecDeque::new() }
    }

    /// How many are left.
    fn left(&self, now: Moment) -> u64 {
        let minutes = u64::try_from((now - self.since).num_minutes()).unwrap_or(0);
        self.left.saturating_sub(self.per_day * minutes / 1_440)
    }

    /// Changes them while this is configured; returns the next answer, if it is an exception.
    pub(super) fn apply(
        &mut self,
        change: CreditsChange,
        choice: CreditsChoice,
        now: Moment,
    ) -> Option<Answer> {
        match change {
            CreditsChange::Left { place, per_day } => {
                (self.left, self.since, self.per_day) = (numbers(LOW[choice.low])[place], now, per_day);
                self.form = CreditsForm::Number;
            }
            CreditsChange::Used(credits) => {
                (self.left, self.since) = (self.left(now).saturating_sub(credits), now);
            }
            CreditsChange::Answers(form) => self.form = form,
            CreditsChange::Once(form) => {
                self.exceptions.push_back(form);
                return Some(form.answer(self.left(now)));
            }
        }
        None
    }

    /// The present answer.
    pub(super) fn answer(&self, now: Moment) -> Answer {
        self.form.answer(self.left(now))
    }

    /// The form of the next answer, and what it says; `is_out` of the whole API, `is_ok` of the account's own check, and the time at which
    /// the answer was made.
    pub(super) fn next_seen(
        &mut self,
        is_out: bool,
        is_ok: bool,
        now: Moment,
    ) -> (Option<CreditsForm>, CreditsSeen) {
        let form = self.exceptions.pop_front().or_else(|| (!is_out).then_some(self.form));
        let seen = match form {
            Some(CreditsForm::Number) => CreditsSeen::Alive(Some(self.left(now))),
            Some(CreditsForm::NoNumber) => CreditsSeen::Alive(None),
            Some(CreditsForm::AccountError) => CreditsSeen::Dead,
            Some(CreditsForm::Unauthorized) if is_ok => CreditsSeen::Dead,
            Some(CreditsForm::Failure(CreditsFailure::Silence)) => CreditsSeen::NoAnswer,
            Some(CreditsForm::Unauthorized | CreditsForm::Failure(_)) | None => CreditsSeen::Nothing,
        };
        (form, seen)
    }
}

impl CreditsForm {
    fn answer(self, left: u64) -> Answer {
        let features = |body: &str| Reply::json(StatusCode::OK, body.to_owned()).into();
        match self {
            // Without the ends of the credits, which pass during a course.
            Self::Number => features(&json!({"totalCredits": left, "memberName": "Unlimited"}).to_string()),
            Self::NoNumber => {
                features("{\"totalCredits\":null,\"memberName\":\"Unlimited\",\"queueLength\":0}")
            }
            Self::AccountError => Answer::account_error("Your MiniMax session expired."),
            Self::Unauthorized => Answer::unauthorized(Refusal::WithCode),
            Self::Failure(failure) => match failure {
                CreditsFailure::ServerError => Reply::status(StatusCode::INTERNAL_SERVER_ERROR).into(),
                CreditsFailure::GatewayTimeout => Reply::status(StatusCode::GATEWAY_TIMEOUT).into(),
                CreditsFailure::Limited => Reply::status(StatusCode::TOO_MANY_REQUESTS).into(),
                CreditsFailure::Html => Answer::not_json(),
                CreditsFailure::OtherShape => features("[{\"totalCredits\":0}]"),
                CreditsFailure::ErrorMember => features("{\"error\":\"no\",\"totalCredits\":0}"),
                CreditsFailure::Closed => Answer::close(),
                CreditsFailure::Silence => Answer::hang(),
            },
        }
    }

    /// Whether a run may leave out other accounts after such an answer.
    pub(super) const fn holds_up_others(self) -> bool {
        matches!(self, Self::Failure(CreditsFailure::Limited | CreditsFailure::Silence))
    }
}

/// Numbers beside `low`, beside a tenth above it, and far from both.
fn numbers(low: u64) -> [u64; 11] {
    let tenth_above = (low * 11).div_ceil(10);
    let [below, barely_not] = [low, tenth_above].map(|limit| limit.saturating_sub(1));
    [0, 0, low / 2, below, low, low + 1, barely_not, tenth_above, low * 2, 5_000, 50_000]
}

/// The places of one 0, and of those that are near `low`.
const BESIDE_LIMITS: std::ops::Range<usize> = 1..9;

/// Any but the number, which may be another one when the answer is made.
fn other_form() -> impl Strategy<Value = CreditsForm> {
    let failure = prop::sample::select(vec![
        CreditsFailure::ServerError,
        CreditsFailure::GatewayTimeout,
        CreditsFailure::Limited,
        CreditsFailure::Html,
        CreditsFailure::OtherShape,
        CreditsFailure::ErrorMember,
        CreditsFailure::Closed,
    ]);
    prop_oneof![
        1 => Just(CreditsForm::NoNumber),
        3 => Just(CreditsForm::AccountError),
        3 => Just(CreditsForm::Unauthorized),
        4 => failure.prop_map(CreditsForm::Failure),
    ]
}

fn credits_change() -> impl Strategy<Value = CreditsChange> {
    let per_day = prop::sample::select(vec![0, 0, 0, 40, 500, 3_000]);
    prop_oneof![
        200 => (0..numbers(0).len(), per_day).prop_map(|(place, per_day)| CreditsChange::Left { place, per_day }),
        60 => (1_u64..3_000).prop_map(CreditsChange::Used),
        30 => Just(CreditsChange::Answers(CreditsForm::Number)),
        90 => other_form().prop_map(CreditsChange::Answers),
        50 => other_form().prop_map(CreditsChange::Once),
        // Rare: a run waits for it for two real seconds.
        1 => Just(CreditsChange::Once(CreditsForm::Failure(CreditsFailure::Silence))),
    ]
}

pub(super) fn credits_changes() -> impl Strategy<Value = Vec<CreditsChange>> {
    let beside_limits = BESIDE_LIMITS.prop_map(|place| CreditsChange::Left { place, per_day: 0 });
    prop_oneof![
        1 => prop::collection::vec(credits_change(), 1..4),
        1 => prop::collection::vec(beside_limits, 2..4),
    ]
}

pub(super) fn credits_choice(is_watched: f64) -> impl Strategy<Value = CreditsChoice> {
    (prop::bool::weighted(is_watched), 0..EVERY.len(), 0..LOW.len(), 0..LEAD_TIMES.len())
        .prop_map(|(is_watched, every, low, lead_time)| CreditsChoice { is_watched, every, low, lead_time })
}

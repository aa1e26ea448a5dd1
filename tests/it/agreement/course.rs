//! The events of a random course, and how often each is drawn.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::credits::{CreditsChange, CreditsChoice, credits_changes, credits_choice};
use super::jobs::{SentJobs, StatsForm, sent_jobs, stats_form};
use super::model::{Policy, QuietHours, Severity, Source};
use crate::world::{PAGER, Settings, days, hours, minutes, seconds};

pub(super) const ACCOUNTS: [(&str, &str); 3] = [("1", "studio-a"), ("2", "studio-b"), ("3", "office")];

#[derive(Clone, Debug)]
pub(super) enum Event {
    /// Time passes without a run.
    Wait(TimeDelta),
    /// A run.
    Run,
    /// Runs, this far apart.
    Runs { every: TimeDelta, count: u8 },
    /// A run that is killed before its confirmation checks; the next start sends what is due.
    KilledRun,
    /// A run whose first message reaches the pager, which does not answer before the service is killed.
    KilledSending,
    /// The answer of one account changes.
    Answers { account: usize, fault: Option<Fault> },
    /// An operator renews the token.
    Renewed { account: usize, for_days: i64 },
    /// The form in which one of the two expiries is shown changes.
    Shown { account: usize, which: usize, shows: Shows },
    /// One of the two expiries moves to this distance from now.
    Moved { account: usize, which: usize, to: TimeDelta },
    /// `maxJobs` changes.
    Jobs { account: usize, jobs: i64 },
    /// Jobs end, and perhaps a run follows.
    Sent { jobs: SentJobs, is_run: bool },
    /// The credits of an account change so far apart, or how they are answered, and perhaps a run follows each change. Nothing in a course
    /// without credits.
    Credits { account: usize, changes: Vec<CreditsChange>, apart: TimeDelta, is_run: bool },
    /// The statistics of jobs answer in another form.
    Statistics(StatsForm),
    /// The plan is shown in another way.
    Plan(PlanAnswer),
    /// All accounts answer with this outage, or normally again.
    Api(Option<Outage>),
    /// A receiver begins to fail, or accepts messages again.
    Receiver { which: usize, fails: Option<Trouble> },
    /// The service is stopped and started.
    Restart,
    /// The service is down for a while.
    Down(TimeDelta),
    /// The configuration changes, by a reload or a restart.
    Configured { choice: Choice, restart: bool },
    /// An operator silences these accounts for a while.
    Silence { glob: &'static str, length: TimeDelta, even_critical: bool },
    /// An operator acknowledges every firing alert.
    Acked,
    /// The clock is set.
    Clock(TimeDelta),
    /// The last account leaves the configuration, or returns to it.
    Watched(bool),
}

/// What the vendor says of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PlanAnswer {
    pub(super) is_readable: bool,
    pub(super) is_active: bool,
    /// Whether an account of another service is in error.
    pub(super) has_service_in_error: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    NotFound,
    Error,
}

/// How the vendor shows an expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shows {
    /// As it is, in its usual form.
    Plain,
    /// As it is, in another form.
    OtherForm,
    /// Not at all.
    Absent,
    /// As a text that is not a time; an empty text and `null` count as absent.
    Text(Option<&'static str>),
    /// At this distance from now, in each answer.
    Sliding(TimeDelta),
    /// Earlier by this much in every other answer.
    Jittering(TimeDelta),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Outage {
    Refused,
    Lapsed,
    Unavailable,
    Limited,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Trouble {
    Status(u16),
    Closed,
    Unreachable,
}

/// The configuration keys that an operator may edit.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Choice {
    pub(super) lead_times: usize,
    pub(super) reminders: bool,
    pub(super) desk: usize,
    pub(super) source: usize,
    pub(super) quiet_hours: usize,
    pub(super) are_jobs_ignored: bool,
    pub(super) credits: CreditsChoice,
}

const LEAD_TIMES: [&[i64]; 3] = [&[604_800, 259_200, 86_400, 3_600], &[864_000, 172_800], &[7_200]];
const MIN_SEVERITIES: [(Severity, &str); 3] =
    [(Severity::Info, "info"), (Severity::Warning, "warning"), (Severity::Critical, "critical")];

const SOURCES: [(Source, &str); 3] =
    [(Source::ExpExpire, "exp_Expire"), (Source::Exp, "exp"), (Source::Earliest, "earliest")];

/// The desk's, in Nepal, where clocks are never moved: 5:45 ahead of UTC.
const QUIET_HOURS: [Option<(&str, i64, i64)>; 4] = [
    Some(("22:00-07:00", 22 * 60, 7 * 60)),
    None,
    Some(("12:30-14:00", 12 * 60 + 30, 14 * 60)),
    Some(("07:01-07:00", 7 * 60 + 1, 7 * 60)),
];

impl Choice {
    pub(super) fn policy(self) -> Policy {
        Policy {
            lead_times: LEAD_TIMES[self.lead_times].to_vec(),
            source: SOURCES[self.source].0,
            repeat: self.reminders.then(|| hours(24)),
            min_severities: [Severity::Info, MIN_SEVERITIES[self.desk].0],
            quiet_hours: [
                None,
                QUIET_HOURS[self.quiet_hours].map(|(_, begin, end)| QuietHours { begin, end, ahead: 345 }),
            ],
            are_jobs_watched: !self.are_jobs_ignored,
            credits: self.credits.policy(),
        }
    }

    /// `desk` is the configuration of the second receiver.
    pub(super) fn settings(self, accounts: usize, desk: &str) -> Settings {
        let lead_times: Vec<String> =
            LEAD_TIMES[self.lead_times].iter().map(|lead| format!("\"{lead}s\"")).collect();
        // `delivery_failing` has its own tests; the model does not cover it.
        let kinds = "kinds = [\"expiry\", \"not_found\", \"account_error\", \"unauthorized\", \"subscription_lapsed\", \
                     \"services_in_error\", \"unreachable\", \"max_jobs_changed\", \"jobs_failing\", \"out_of_credits\", \"credits_low\"]\n";
        let pager = format!("{PAGER}{kinds}");
        let quiet_hours = QUIET_HOURS[self.quiet_hours].map_or_else(String::new, |(typed, ..)| {
            format!("timezone = \"Asia/Kathmandu\"\nquiet_hours = \"{typed}\"\n")
        });
        let desk = format!("{desk}{kinds}min_severity = \"{}\"\n{quiet_hours}", MIN_SEVERITIES[self.desk].1);
        Settings::watching(&ACCOUNTS[..accounts])
            .api(&format!("[jobs]\nwatch = {}\n{}", !self.are_jobs_ignored, self.credits.section()))
            .expiry(&format!(
                "lead_times = [{}]\nsource = \"{}\"",
                lead_times.join(", "),
                SOURCES[self.source].1
            ))
            .alerts(if self.reminders { "repeat_every = \"24h\"" } else { "repeat_every = \"0s\"" })
            .receivers(&[&pager, &desk])
    }
}

fn duration() -> impl Strategy<Value = TimeDelta> {
    prop_oneof![
        Just(seconds(1)),
        Just(minutes(7)),
        Just(hours(1)),
        Just(hours(13)),
        Just(days(1)),
        (0_i64..5 * 86_400).prop_map(seconds),
    ]
}

fn silence() -> impl Strategy<Value = Event> {
    let glob = prop::sample::select(vec!["*", "studio-*", "studio-a", "office"]);
    (glob, 1_i64..3 * 86_400, any::<bool>()).prop_map(|(glob, length, even_critical)| Event::Silence {
        glob,
        length: seconds(length),
        even_critical,
    })
}

fn step() -> impl Strategy<Value = TimeDelta> {
    prop_oneof![
        prop::sample::select(vec![hours(1), -hours(1), days(30), -days(30)]),
        (-40_i64 * 86_400..40 * 86_400).prop_map(seconds),
    ]
}

/// How far from now an expiry may be: often near a lead time, or near the point at which its stage is left.
fn distance() -> impl Strategy<Value = TimeDelta> {
    let lead = prop::sample::select(LEAD_TIMES.concat());
    let beside = prop::sample::select(vec![-3_600, -61, -1, 0, 1, 61, 3_599, 3_600]);
    prop_oneof![
        2 => (lead, any::<bool>(), beside).prop_map(|(lead, is_left, beside)| {
            let margin = if is_left { (lead / 10).max(3_600) } else { 0 };
            seconds(lead + margin + beside)
        }),
        1 => (-86_400_i64..31 * 86_400).prop_map(seconds),
    ]
}

fn plan() -> impl Strategy<Value = PlanAnswer> {
    (prop::bool::weighted(0.8), any::<bool>(), prop::bool::weighted(0.3)).prop_map(
        |(is_readable, is_active, has_service_in_error)| PlanAnswer {
            is_readable,
            is_active,
            has_service_in_error,
        },
    )
}

fn shows() -> impl Strategy<Value = Shows> {
    prop_oneof![
        5 => Just(Shows::Plain),
        1 => Just(Shows::OtherForm),
        2 => Just(Shows::Absent),
        2 => prop::sample::select(vec![None, Some(""), Some("Invalid Date"), Some("soon")]).prop_map(Shows::Text),
        2 => distance().prop_map(Shows::Sliding),
        2 => prop::sample::select(vec![1, 61, 3_599, 3_600, 86_400]).prop_map(|by| Shows::Jittering(seconds(by))),
    ]
}

pub(super) fn event() -> impl Strategy<Value = Event> {
    let fault =
        || prop_oneof![3 => Just(None), 1 => Just(Some(Fault::NotFound)), 1 => Just(Some(Fault::Error))];
    let outage = prop_oneof![
        4 => Just(None),
        1 => Just(Some(Outage::Refused)),
        1 => Just(Some(Outage::Lapsed)),
        1 => Just(Some(Outage::Unavailable)),
        1 => Just(Some(Outage::Limited)),
    ];
    let trouble = prop_oneof![
        3 => Just(None),
        1 => prop::sample::select(vec![408_u16, 425, 429, 500, 503]).prop_map(|status| Some(Trouble::Status(status))),
        2 => prop::sample::select(vec![400_u16, 401, 403, 404, 410]).prop_map(|status| Some(Trouble::Status(status))),
        1 => Just(Some(Trouble::Closed)),
        1 => Just(Some(Trouble::Unreachable)),
    ];
    let choice = (
        0..LEAD_TIMES.len(),
        any::<bool>(),
        0..MIN_SEVERITIES.len(),
        0..SOURCES.len(),
        0..QUIET_HOURS.len(),
        prop::bool::weighted(0.2),
        credits_choice(0.85),
    )
        .prop_map(|(lead_times, reminders, desk, source, quiet_hours, are_jobs_ignored, credits)| Choice {
            lead_times,
            reminders,
            desk,
            source,
            quiet_hours,
            are_jobs_ignored,
            credits,
        });
    let apart = prop::sample::select(vec![hours(1), minutes(10), days(1)]);
    let account = || 0..ACCOUNTS.len();
    prop_oneof![
        4 => duration().prop_map(Event::Wait),
        6 => Just(Event::Run),
        2 => (duration(), 1_u8..4).prop_map(|(every, count)| Event::Runs { every, count }),
        2 => Just(Event::KilledRun),
        2 => Just(Event::KilledSending),
        5 => (account(), fault()).prop_map(|(account, fault)| Event::Answers { account, fault }),
        2 => (account(), 0_i64..31).prop_map(|(account, for_days)| Event::Renewed { account, for_days }),
        5 => (account(), 0..2_usize, shows())
            .prop_map(|(account, which, shows)| Event::Shown { account, which, shows }),
        3 => (account(), 0..2_usize, distance())
            .prop_map(|(account, which, to)| Event::Moved { account, which, to }),
        2 => (account(), 1_i64..4).prop_map(|(account, jobs)| Event::Jobs { account, jobs }),
        9 => (sent_jobs(), prop::bool::weighted(0.7)).prop_map(|(jobs, is_run)| Event::Sent { jobs, is_run }),
        6 => (account(), credits_changes(), apart, prop::bool::weighted(0.85))
            .prop_map(|(account, changes, apart, is_run)| Event::Credits { account, changes, apart, is_run }),
        2 => stats_form().prop_map(Event::Statistics),
        4 => outage.prop_map(Event::Api),
        3 => plan().prop_map(Event::Plan),
        4 => (0..2_usize, trouble).prop_map(|(which, fails)| Event::Receiver { which, fails }),
        1 => Just(Event::Restart),
        1 => duration().prop_map(Event::Down),
        2 => (choice, any::<bool>()).prop_map(|(choice, restart)| Event::Configured { choice, restart }),
        2 => silence(),
        2 => Just(Event::Acked),
        2 => step().prop_map(Event::Clock),
        1 => any::<bool>().prop_map(Event::Watched),
    ]
}

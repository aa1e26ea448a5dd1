//! What may happen: events, and how often each is drawn.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::model::{Policy, Severity};
use crate::world::{DESK, PAGER, Settings, days, hours, minutes, seconds};

pub(super) const ACCOUNTS: [(&str, &str); 3] = [("1", "studio-a"), ("2", "studio-b"), ("3", "office")];

/// One thing that happens.
#[derive(Clone, Debug)]
pub(super) enum Event {
    /// The service runs on without looking at anything.
    Pass(TimeDelta),
    /// A run.
    Run,
    /// Runs, this far apart.
    Runs { every: TimeDelta, count: u8 },
    /// A run that is killed after its first look; the next start says what is due.
    KilledRun,
    /// A run whose first message reaches the pager, which does not answer before the service is killed.
    KilledSending,
    /// From now on an account answers like this.
    Answers { account: usize, fault: Option<Fault> },
    /// Somebody puts a fresh token in.
    Renewed { account: usize, for_days: i64 },
    /// Somebody sets another number of jobs.
    Jobs { account: usize, jobs: i64 },
    /// From now on all accounts answer like this.
    Api(Option<Outage>),
    /// A receiver fails from now on, or takes messages again.
    Receiver { which: usize, fails: Option<Trouble> },
    /// The service is stopped and started.
    Restart,
    /// The service is down for a while.
    Down(TimeDelta),
    /// Another configuration takes over, by a reload or a restart.
    Configured { choice: Choice, restart: bool },
    /// Somebody does not want to hear of these accounts for a while.
    Silence { glob: &'static str, length: TimeDelta, even_critical: bool },
    /// Somebody acknowledges all that fires.
    Acked,
    /// Somebody sets the clock.
    Clock(TimeDelta),
    /// The last account leaves the configuration, or comes back.
    Watched(bool),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    NotFound,
    Error,
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

/// What an operator may edit.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Choice {
    pub(super) leads: usize,
    pub(super) reminders: bool,
    pub(super) desk: usize,
}

const LADDERS: [&[i64]; 3] = [&[604_800, 259_200, 86_400, 3_600], &[864_000, 172_800], &[7_200]];
const LEAST: [(Severity, &str); 3] =
    [(Severity::Info, "info"), (Severity::Warning, "warning"), (Severity::Critical, "critical")];

impl Choice {
    pub(super) fn policy(self) -> Policy {
        Policy {
            leads: LADDERS[self.leads].to_vec(),
            repeat: self.reminders.then(|| hours(24)),
            least: [Severity::Info, LEAST[self.desk].0],
        }
    }

    pub(super) fn settings(self, accounts: usize) -> Settings {
        let leads: Vec<String> = LADDERS[self.leads].iter().map(|lead| format!("\"{lead}s\"")).collect();
        // That a receiver fails has its own tests; the model knows nothing of it.
        let kinds = "kinds = [\"expiry\", \"not_found\", \"account_error\", \"unauthorized\", \"subscription_lapsed\", \
                     \"unreachable\", \"max_jobs_changed\"]\n";
        let pager = format!("{PAGER}{kinds}");
        let desk = format!("{DESK}{kinds}min_severity = \"{}\"\n", LEAST[self.desk].1);
        Settings::watching(&ACCOUNTS[..accounts])
            .expiry(&format!("lead_times = [{}]", leads.join(", ")))
            .alerts(if self.reminders { "repeat_every = \"24h\"" } else { "repeat_every = \"0s\"" })
            .receivers(&[&pager, &desk])
    }
}

fn span() -> impl Strategy<Value = TimeDelta> {
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
        1 => Just(Some(Trouble::Closed)),
        1 => Just(Some(Trouble::Unreachable)),
    ];
    let choice = (0..LADDERS.len(), any::<bool>(), 0..LEAST.len())
        .prop_map(|(leads, reminders, desk)| Choice { leads, reminders, desk });
    let account = || 0..ACCOUNTS.len();
    prop_oneof![
        4 => span().prop_map(Event::Pass),
        6 => Just(Event::Run),
        2 => (span(), 1_u8..4).prop_map(|(every, count)| Event::Runs { every, count }),
        2 => Just(Event::KilledRun),
        2 => Just(Event::KilledSending),
        5 => (account(), fault()).prop_map(|(account, fault)| Event::Answers { account, fault }),
        2 => (account(), 0_i64..31).prop_map(|(account, for_days)| Event::Renewed { account, for_days }),
        2 => (account(), 1_i64..4).prop_map(|(account, jobs)| Event::Jobs { account, jobs }),
        4 => outage.prop_map(Event::Api),
        4 => (0..2_usize, trouble).prop_map(|(which, fails)| Event::Receiver { which, fails }),
        1 => Just(Event::Restart),
        1 => span().prop_map(Event::Down),
        2 => (choice, any::<bool>()).prop_map(|(choice, restart)| Event::Configured { choice, restart }),
        2 => silence(),
        2 => Just(Event::Acked),
        2 => step().prop_map(Event::Clock),
        1 => any::<bool>().prop_map(Event::Watched),
    ]
}

//! The result of a scenario, and the table for `docs/measurements.md`.

use std::fmt::Write;

use crate::verify::{Verdict, Violation};

/// The counts of a scenario.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    /// How often the program ran with the fault.
    pub(crate) rounds: usize,
    pub(crate) kills: usize,
    /// Different messages by id, at all receivers.
    pub(crate) messages: usize,
    /// Deliveries beyond the first of an id.
    pub(crate) repeats: usize,
    pub(crate) lost: usize,
    pub(crate) twice: usize,
    /// How often the store was verified, each time without a finding.
    pub(crate) examined: usize,
}

impl Tally {
    /// Adds one receiver's verdict, or fails with its violations.
    pub(crate) fn add(&mut self, receiver: &str, verdict: &Verdict) -> Result<(), Stop> {
        self.messages += verdict.messages;
        self.repeats += verdict.repeats;
        let count = |kind: fn(&Violation) -> bool| {
            verdict.violations.iter().filter(|violation| kind(violation)).count()
        };
        self.lost += count(|violation| matches!(violation, Violation::Lost(_)));
        self.twice += count(|violation| matches!(violation, Violation::Twice(_)));
        if verdict.violations.is_empty() {
            return Ok(());
        }
        let words: Vec<String> =
            verdict.violations.iter().map(|violation| format!("  {receiver}: {violation}")).collect();
        Err(Stop::Violation(words.join("\n")))
    }

    pub(crate) const fn plus(self, other: Self) -> Self {
        Self {
            rounds: self.rounds + other.rounds,
            kills: self.kills + other.kills,
            messages: self.messages + other.messages,
            repeats: self.repeats + other.repeats,
            lost: self.lost + other.lost,
            twice: self.twice + other.twice,
            examined: self.examined + other.examined,
        }
    }

    /// The cells of a row after the name of the fault.
    fn cells(self) -> String {
        let Self { rounds, kills, messages, repeats, lost, twice, examined } = self;
        format!("{rounds} | {kills} | {messages} | {repeats} | {lost} | {twice} | ok ({examined})")
    }
}

/// Why a scenario has no tally.
#[derive(Clone, Debug)]
pub(crate) enum Stop {
    /// It cannot run here: a tool or a permission is missing.
    Skipped(String),
    /// A guarantee was broken.
    Violation(String),
}

impl Stop {
    /// The same with its context in front.
    pub(crate) fn at(self, place: &str) -> Self {
        match self {
            Self::Skipped(why) => Self::Skipped(why),
            Self::Violation(what) => Self::Violation(format!("{place}:\n{what}")),
        }
    }
}

/// The rows so far.
#[derive(Debug, Default)]
pub(crate) struct Table(Vec<String>);

impl Table {
    pub(crate) fn row(&mut self, fault: &str, outcome: &Result<Tally, Stop>) {
        self.0.push(match outcome {
            Ok(tally) => format!("| {fault} | {} |", tally.cells()),
            Err(Stop::Skipped(why)) => format!("| {fault} | SKIPPED: {why} | | | | | | |"),
            Err(Stop::Violation(_)) => format!("| {fault} | BROKEN | | | | | | |"),
        });
    }

    /// As Markdown.
    pub(crate) fn text(&self) -> String {
        let mut text =
            "| fault | rounds | kills | messages sent | repeats by id | lost | sent twice | integrity |\n\
                        |---|--:|--:|--:|--:|--:|--:|---|\n"
                .to_owned();
        for row in &self.0 {
            let _ = writeln!(text, "{row}");
        }
        text
    }
}

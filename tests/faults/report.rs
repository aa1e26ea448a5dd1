//! What a scenario came to, and the table that `docs/measurements.md` can hold.

use std::fmt::Write;

use crate::judge::{Broken, Verdict};

/// What a scenario counted.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    /// How often the program was started under the fault.
    pub(crate) rounds: usize,
    pub(crate) kills: usize,
    /// Messages by their id, at all receivers.
    pub(crate) messages: usize,
    /// Deliveries beyond the first of an id.
    pub(crate) repeats: usize,
    pub(crate) lost: usize,
    pub(crate) twice: usize,
    /// How often the store was examined, each time without a finding.
    pub(crate) examined: usize,
}

impl Tally {
    /// Adds one receiver's verdict, or stops at its first broken promises.
    pub(crate) fn add(&mut self, receiver: &str, verdict: &Verdict) -> Result<(), Stop> {
        self.messages += verdict.messages;
        self.repeats += verdict.repeats;
        let count = |kind: fn(&Broken) -> bool| verdict.broken.iter().filter(|broken| kind(broken)).count();
        self.lost += count(|broken| matches!(broken, Broken::Lost(_)));
        self.twice += count(|broken| matches!(broken, Broken::Twice(_)));
        if verdict.broken.is_empty() {
            return Ok(());
        }
        let words: Vec<String> =
            verdict.broken.iter().map(|broken| format!("  {receiver}: {broken}")).collect();
        Err(Stop::Broken(words.join("\n")))
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

    /// The cells of a row behind the fault's name.
    fn cells(self) -> String {
        let Self { rounds, kills, messages, repeats, lost, twice, examined } = self;
        format!("{rounds} | {kills} | {messages} | {repeats} | {lost} | {twice} | ok ({examined})")
    }
}

/// Why a scenario has no tally.
#[derive(Clone, Debug)]
pub(crate) enum Stop {
    /// It cannot run here: a tool or a right is missing.
    Skipped(String),
    /// A promise was broken.
    Broken(String),
}

impl Stop {
    /// The same, with where it happened in front.
    pub(crate) fn at(self, place: &str) -> Self {
        match self {
            Self::Skipped(why) => Self::Skipped(why),
            Self::Broken(what) => Self::Broken(format!("{place}:\n{what}")),
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
            Err(Stop::Broken(_)) => format!("| {fault} | BROKEN | | | | | | |"),
        });
    }

    /// As Markdown.
    pub(crate) fn text(&self) -> String {
        let mut text =
            "| fault | rounds | kills | messages sent | repeats by id | lost | told twice | integrity |\n\
                        |---|--:|--:|--:|--:|--:|--:|---|\n"
                .to_owned();
        for row in &self.0 {
            let _ = writeln!(text, "{row}");
        }
        text
    }
}

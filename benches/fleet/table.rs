//! The printed table.

use crate::costs::{Cost, count, median};

/// The head of every table.
pub(crate) fn opening() {
    println!("| series | what | checks/s | CPU-s per 1,000 | peak MiB |\n|---|---|--:|--:|--:|");
}

/// The medians of one measured program.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    pub(crate) rate: f64,
    pub(crate) processor: f64,
    pub(crate) memory: f64,
}

impl Row {
    /// Prints a row and returns its numbers.
    pub(crate) fn of(series: &str, what: &str, accounts: usize, costs: &[Cost]) -> Self {
        let of = |pick: &dyn Fn(&Cost) -> f64| median(costs.iter().map(pick).collect());
        let row = Self {
            rate: of(&|cost| cost.rate(accounts)),
            processor: of(&|cost| cost.processor_per_1000(accounts)),
            memory: costs.iter().map(|cost| cost.memory).fold(0.0, f64::max),
        };
        println!("| {series} | {what} | {:.0} | {:.4} | {:.1} |", row.rate, row.processor, row.memory);
        row
    }
}

/// Prints a value with its bound; returns whether it is kept.
pub(crate) fn bound(what: &str, value: f64, bound: Bound) -> bool {
    let (kept, words) = match bound {
        Bound::AtLeast(least) => (value >= least, format!("at least {least}")),
        Bound::AtMost(most) => (value <= most, format!("at most {most:.3}")),
        Bound::None => {
            println!("| | {what}: {value:.2} | | | |");
            return true;
        }
    };
    println!("| | **{what}: {value:.2}** | {words} | {} | |", if kept { "kept" } else { "MISSED" });
    kept
}

/// The limit of a value.
#[derive(Clone, Copy)]
pub(crate) enum Bound {
    AtLeast(f64),
    AtMost(f64),
    /// Printed without a limit.
    None,
}

/// `10000` as `10,000`.
pub(crate) fn grouped(number: usize) -> String {
    if number < 1_000 {
        number.to_string()
    } else {
        format!("{:.0},{:03}", (count(number) / 1_000.0).floor(), number % 1_000)
    }
}

//! Which accounts can take jobs, for people: best first, then the others with the reasons.

use comfy_table::{Cell, CellAlignment, ColumnConstraint};

use super::lines::{pluralize, wrap};
use super::table::new_table;
use crate::domain::text;
use crate::domain::time::{Timestamp, in_words};
use crate::report::{AccountOffer, UnusableAccount, UsableAccounts};

const COLUMNS: [&str; 5] = ["USABLE", "EXPIRES (UTC)", "LEFT", "JOBS", "NOTE"];

/// How many accounts of each kind are listed; the rest is counted.
const MAX_LISTED: usize = 100;

/// How many flags are named.
const MAX_FLAGS: usize = 20;

pub(crate) fn render(accounts: &UsableAccounts) -> String {
    let now = accounts.generated_at;
    let mut blocks = Vec::new();
    if !accounts.usable.is_empty() {
        blocks.push(table(&accounts.usable, now) + &more(accounts.usable.len()));
    }
    if !accounts.unusable.is_empty() {
        let listed = accounts.unusable.iter().take(MAX_LISTED).map(unusable);
        blocks.push(listed.collect::<String>() + &more(accounts.unusable.len()));
    }
    if !accounts.unknown_flags.is_empty() {
        blocks.push(wrap(&unknown_flags(accounts), 0));
    }
    blocks.push(wrap(&summary(accounts), 0));
    blocks.join("\n")
}

fn table(usable: &[AccountOffer], now: Timestamp) -> String {
    let mut table = new_table(false);
    table.set_header(COLUMNS).add_rows(usable.iter().take(MAX_LISTED).map(|account| row(account, now)));
    for (column, title) in table.column_iter_mut().zip(COLUMNS) {
        column.set_padding((0, 2));
        if title != "USABLE" {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    table.trim_fmt() + "\n"
}

fn row(account: &AccountOffer, now: Timestamp) -> Vec<Cell> {
    let unknown = || "-".to_owned();
    let note = match (account.trial, account.has_warning) {
        (true, _) => "trial",
        (false, true) => "warning",
        (false, false) => "",
    };
    vec![
        Cell::new(text::name(&account.name)),
        Cell::new(account.expires_at.map_or_else(unknown, |end| end.format("%Y-%m-%d %H:%M").to_string())),
        Cell::new(account.expires_at.map_or_else(unknown, |end| in_words(end - now))),
        Cell::new(account.max_jobs.map_or_else(unknown, |jobs| jobs.to_string()))
            .set_alignment(CellAlignment::Right),
        Cell::new(note),
    ]
}

fn unusable(UnusableAccount { account, reasons }: &UnusableAccount) -> String {
    let head = wrap(&format!("{}: not usable", text::name(&account.name)), 0);
    let reasons = reasons.iter().map(|reason| wrap(reason, 2));
    head + &reasons.collect::<String>()
}

/// The line about the accounts that are not listed.
fn more(count: usize) -> String {
    match count.saturating_sub(MAX_LISTED) {
        0 => String::new(),
        rest => format!("... and {rest} more: --json lists all\n"),
    }
}

fn unknown_flags(accounts: &UsableAccounts) -> String {
    let known = accounts.known_flags.iter().map(|flag| text::name(flag));
    let known = text::first_few(known, MAX_FLAGS);
    let known = if known.is_empty() { "none".to_owned() } else { known };
    format!("No account has {}; known flags: {known}.", accounts.unknown_flags.join(", "))
}

fn summary(accounts: &UsableAccounts) -> String {
    let (usable, all) = (accounts.usable.len(), accounts.usable.len() + accounts.unusable.len());
    match (usable, all) {
        (_, 0) => {
            "No accounts are known: none is set up, or `minimax-watch check` did not run yet.".to_owned()
        }
        (_, 1) if usable == 1 => "1 account is usable.".to_owned(),
        (0, _) if !accounts.is_any_known => {
            format!("No account is usable: none of {} had a conclusive check yet.", pluralize(all, "account"))
        }
        (0, _) => format!("No account is usable, of {}.", pluralize(all, "account")),
        (usable, all) => format!("{usable} of {} usable.", pluralize(all, "account")),
    }
}

#[cfg(test)]
mod tests;

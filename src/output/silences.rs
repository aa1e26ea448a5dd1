//! Silences, for people: within 80 columns.

use std::fmt::Write;
use std::path::Path;

use comfy_table::{Cell, CellAlignment, ColumnConstraint};

use super::lines::wrap;
use super::table::new_table;
use crate::domain::silence::{Effect, Silence};
use crate::domain::text::one_line;
use crate::domain::time::{Timestamp, dated, relative};

const COLUMNS: [&str; 5] = ["ID", "SILENCES", "UNTIL (UTC)", "ENDS", "REASON"];

/// What a new silence suppresses and what it does not; `new_store` is the store that was created for it, if it was.
pub(crate) fn added(silence: &Silence, new_store: Option<&Path>, now: Timestamp) -> String {
    let Silence { id, matcher, until, even_critical, .. } = silence;
    let mut text = format!("silence {id}: {matcher}, until {}\n", dated(*until, now));
    let mut effect = Effect::new(matcher, *even_critical);
    effect.passing.push("\"resolved\" of every alert that was sent".to_owned());
    text.push_str(&wrap(&format!("Silenced, with reminders: {}.", effect.silenced.join("; ")), 0));
    text.push_str(&wrap(&format!("Still sent: {}.", effect.passing.join("; ")), 0));
    if !even_critical && matcher.covers_critical() {
        text.push_str("To silence critical alerts too: --even-critical\n");
    }
    let _ = writeln!(text, "To end it early: minimax-watch silence end {id}");
    if let Some(path) = new_store {
        let words =
            format!("Nothing was checked yet; the store {} was created for this silence.", path.display());
        text.push_str(&wrap(&words, 0));
    }
    text
}

pub(crate) fn table(silences: &[Silence], now: Timestamp) -> String {
    if silences.is_empty() {
        return "No silences: every notification is sent. `minimax-watch silence add --help` shows how to add one.\n"
            .to_owned();
    }
    let mut table = new_table(false);
    table.set_header(COLUMNS).add_rows(silences.iter().map(|silence| row(silence, now)));
    for (column, title) in table.column_iter_mut().zip(COLUMNS) {
        column.set_padding((0, 2));
        if !matches!(title, "SILENCES" | "REASON") {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    table.trim_fmt() + "\n"
}

fn row(silence: &Silence, now: Timestamp) -> Vec<Cell> {
    let also = if silence.even_critical { ", even critical" } else { "" };
    let ends = match silence.ended_at {
        _ if silence.is_in_force(now) => relative(silence.until, now),
        Some(ended) => format!("ended {}", relative(ended, now)),
        None => "ended".to_owned(),
    };
    vec![
        Cell::new(silence.id).set_alignment(CellAlignment::Right),
        Cell::new(format!("{}{also}", silence.matcher)),
        Cell::new(silence.until.format("%Y-%m-%d %H:%M")),
        Cell::new(ends),
        Cell::new(one_line(&silence.reason)),
    ]
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, TimeZone, Utc};

    use super::*;
    use crate::domain::account::SubscriptionName;
    use crate::domain::silence::{Matcher, SilenceId};

    fn silence(id: SilenceId, globs: &[&str], kinds: &[&str], subscription: Option<&str>) -> Silence {
        let texts = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let now = now();
        Silence {
            id,
            matcher: Matcher::new(&texts(globs), &texts(kinds), subscription.map(SubscriptionName::new))
                .unwrap(),
            until: now + TimeDelta::minutes(250),
            reason: "token is being\nrenewed".to_owned(),
            even_critical: false,
            created_at: now,
            ended_at: None,
        }
    }

    fn now() -> Timestamp {
        Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap()
    }

    #[test]
    fn table_fits_80_columns_and_truncates_nothing() {
        let long = "an-account-with-a-name-that-is-far-too-long-for-any-table";
        let over = Silence {
            ended_at: Some(now() - TimeDelta::minutes(5)),
            even_critical: true,
            ..silence(12, &[long], &["expiry", "not_found", "max_jobs_changed"], Some("main"))
        };
        let text = table(&[silence(3, &["studio-*"], &[], None), over], now());
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        let header = text.lines().next().unwrap();
        let (from, to) = (header.find("SILENCES").unwrap(), header.find("UNTIL").unwrap());
        let column = |line: &str| line.chars().skip(from).take(to - from).collect::<String>();
        let suppresses: String = text.lines().map(column).collect::<String>().split_whitespace().collect();
        assert!(suppresses.contains("everythingofstudio-*"), "{text}");
        assert!(
            suppresses.contains(&format!("expiry,not_found,max_jobs_changedof{long}inmain,evencritical")),
            "{text}"
        );
        for words in ["2026-11-23 11:25", "in 4 h 10 min", "ended 5 min ago"] {
            assert!(text.contains(words), "{words}\n{text}");
        }
        assert!(text.starts_with("ID"), "{text}");
    }

    #[test]
    fn empty_list_says_how_to_add_a_silence() {
        assert!(table(&[], now()).contains("silence add --help"));
    }
}

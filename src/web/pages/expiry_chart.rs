//! How many tokens expire on each of the coming 30 days, as columns.

use chrono::TimeDelta;
use serde::Serialize;

use crate::domain::time::{Timestamp, minute};

const DAYS: usize = 30;

/// Units of the drawing: its height, and of each day its width and the width of its column.
const HEIGHT: usize = 60;
const DAY: usize = 20;
const COLUMN: usize = 14;

/// The columns of the days on which tokens expire.
#[derive(Serialize)]
pub(super) struct ExpiryChart {
    width: usize,
    height: usize,
    column: usize,
    columns: Vec<Column>,
    /// Days at which the axis is labelled, and where.
    labels: Vec<(String, usize)>,
    /// How many tokens expire in these days.
    total: usize,
    /// How many have expired.
    expired: usize,
}

#[derive(Serialize)]
struct Column {
    /// `3 tokens expire in the 24 hours from 2026-11-30 07:15 UTC`
    text: String,
    x: usize,
    y: usize,
    height: usize,
    tone: &'static str,
}

impl ExpiryChart {
    pub(super) fn new(expiries: impl Iterator<Item = Timestamp>, now: Timestamp) -> Self {
        let mut counts = [0_usize; DAYS];
        let mut expired = 0;
        for expires_at in expiries {
            if expires_at <= now {
                expired += 1;
            } else if let Ok(day) = usize::try_from((expires_at - now).num_days()) {
                counts.iter_mut().skip(day).take(1).for_each(|count| *count += 1);
            }
        }
        let most = counts.iter().copied().max().unwrap_or_default().max(1);
        let columns = counts.iter().enumerate().filter(|(_, count)| **count > 0);
        let label = |day: usize| {
            let date = after_days(day, now);
            (date.format("%b %-d").to_string(), day * DAY)
        };
        Self {
            width: counts.len() * DAY,
            height: HEIGHT,
            column: COLUMN,
            columns: columns.map(|(day, count)| Column::new(day, *count, most, now)).collect(),
            labels: [0, 7, 14, 21].into_iter().map(label).collect(),
            total: counts.iter().sum(),
            expired,
        }
    }
}

impl Column {
    fn new(day: usize, count: usize, most: usize, now: Timestamp) -> Self {
        let height = (count * HEIGHT / most).max(2);
        let from = after_days(day, now);
        let tokens = if count == 1 { "1 token expires".to_owned() } else { format!("{count} tokens expire") };
        Self {
            text: format!("{tokens} in the 24 hours from {}", minute(from)),
            x: day * DAY + (DAY - COLUMN) / 2,
            y: HEIGHT - height,
            height,
            tone: match day {
                0 => "critical",
                1..7 => "warning",
                _ => "ok",
            },
        }
    }
}

fn after_days(days: usize, now: Timestamp) -> Timestamp {
    now + TimeDelta::days(i64::try_from(days).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone as _, Utc};

    use super::*;

    #[test]
    fn tokens_are_counted_by_the_day_on_which_they_expire() {
        let now = Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap();
        let hours = [-1, 0, 5, 23, 24, 24 * 29, 24 * 30, 24 * 400];
        let chart = ExpiryChart::new(hours.iter().map(|hours| now + TimeDelta::hours(*hours)), now);
        assert_eq!((chart.expired, chart.total, chart.width), (2, 4, 600));
        let columns: Vec<_> = chart.columns.iter().map(|c| (c.x, c.height, c.tone)).collect();
        assert_eq!(columns, [(3, 60, "critical"), (23, 30, "warning"), (583, 30, "ok")]);
        assert_eq!(chart.columns[0].text, "2 tokens expire in the 24 hours from 2026-11-23 07:15 UTC");
        assert_eq!(chart.labels[1], ("Nov 30".to_owned(), 140));
    }
}

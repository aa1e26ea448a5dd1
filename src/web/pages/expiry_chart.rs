//! How many tokens expire on each of the coming 30 days, as columns. A column has the colour of its most severe token, by the lead times of
//! its account.

use chrono::TimeDelta;
use serde::Serialize;

use super::expiry_bar::nearness;
use crate::domain::lead_times::LeadTimes;
use crate::domain::severity::Severity;
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

/// The tokens that expire on one day.
#[derive(Clone, Copy, Default)]
struct Day {
    count: usize,
    /// Of the most severe one; none when no lead time is reached.
    nearness: Option<Severity>,
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
    /// Of each account, when its token expires and its lead times.
    pub(super) fn new<'a>(
        expiries: impl Iterator<Item = (Timestamp, &'a LeadTimes)>,
        now: Timestamp,
    ) -> Self {
        let mut days = [Day::default(); DAYS];
        let mut expired = 0;
        for (expires_at, lead_times) in expiries {
            if expires_at <= now {
                expired += 1;
            } else if let Some(day) =
                usize::try_from((expires_at - now).num_days()).ok().and_then(|day| days.get_mut(day))
            {
                day.count += 1;
                day.nearness = day.nearness.max(nearness(expires_at, lead_times, now));
            }
        }
        let most = days.iter().map(|day| day.count).max().unwrap_or_default().max(1);
        let columns = days.iter().enumerate().filter(|(_, day)| day.count > 0);
        let label = |day: usize| {
            let date = after_days(day, now);
            (date.format("%b %-d").to_string(), day * DAY)
        };
        Self {
            width: days.len() * DAY,
            height: HEIGHT,
            column: COLUMN,
            columns: columns.map(|(index, day)| Column::new((index, *day), most, now)).collect(),
            labels: [0, 7, 14, 21].into_iter().map(label).collect(),
            total: days.iter().map(|day| day.count).sum(),
            expired,
        }
    }
}

impl Column {
    fn new((day, Day { count, nearness }): (usize, Day), most: usize, now: Timestamp) -> Self {
        let height = (count * HEIGHT / most).max(2);
        let from = after_days(day, now);
        let tokens = if count == 1 { "1 token expires".to_owned() } else { format!("{count} tokens expire") };
        Self {
            text: format!("{tokens} in the 24 hours from {}", minute(from)),
            x: day * DAY + (DAY - COLUMN) / 2,
            y: HEIGHT - height,
            height,
            tone: nearness.map_or("ok", Severity::as_str),
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
        let lead_times = LeadTimes::new(vec![TimeDelta::days(7), TimeDelta::days(1)]);
        let chart =
            ExpiryChart::new(hours.iter().map(|hours| (now + TimeDelta::hours(*hours), &lead_times)), now);
        assert_eq!((chart.expired, chart.total, chart.width), (2, 4, 600));
        let columns: Vec<_> = chart.columns.iter().map(|c| (c.x, c.height, c.tone)).collect();
        assert_eq!(columns, [(3, 60, "critical"), (23, 30, "critical"), (583, 30, "ok")]);
        assert_eq!(chart.columns[0].text, "2 tokens expire in the 24 hours from 2026-11-23 07:15 UTC");
        assert_eq!(chart.labels[1], ("Nov 30".to_owned(), 140));
    }

    #[test]
    fn column_has_the_colour_of_the_most_severe_stage_of_its_accounts() {
        let now = Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap();
        let [late, early] = [TimeDelta::hours(1), TimeDelta::days(20)].map(|lead| LeadTimes::new(vec![lead]));
        let tones = |expiries: &[(i64, &LeadTimes)]| -> Vec<_> {
            let expiries = expiries.iter().map(|(hours, leads)| (now + TimeDelta::hours(*hours), *leads));
            ExpiryChart::new(expiries, now).columns.iter().map(|column| column.tone).collect()
        };
        assert_eq!(tones(&[(5, &late), (3 * 24, &late), (15 * 24, &late)]), ["ok", "ok", "ok"]);
        assert_eq!(
            tones(&[(5, &early), (3 * 24, &early), (15 * 24, &early)]),
            ["critical", "warning", "warning"]
        );
        assert_eq!(tones(&[(5, &late), (6, &early), (25, &late)]), ["critical", "ok"]);
    }
}

//! Moments in the notations that vendors use, as far as each can mean one moment only.
//!
//! Promises: pure; what could be read in two ways is not read. Read are ISO 8601 (basic or extended, with or without a fraction),
//! RFC 2822 and the other dates of HTTP (RFC 9110), and what JavaScript, Go and SQL print; `UTC`, `GMT` and `Z` may follow a
//! space. A date-time without a zone is read as UTC: the vendor documents UTC for these members, HTTP demands it, and SQL prints
//! it so; a date alone is its midnight, as in ECMAScript. Not read: numeric dates whose order of day and month is a guess
//! (11/12/2026), names of zones other than UTC, two-digit years outside of RFC 9110, week days that are not the date's.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};

use crate::domain::time::Timestamp;

/// Date-times with an offset.
const WITH_OFFSET: [&str; 6] = [
    "%Y-%m-%dT%H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M:%S%.f %#z",
    "%Y-%m-%dT%H:%M%#z",
    "%Y%m%dT%H%M%S%.f%#z",
    "%a %b %d %Y %H:%M:%S GMT%z",
];
/// Date-times in UTC, whether they say so or not.
const IN_UTC: [&str; 8] = [
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M",
    "%Y%m%dT%H%M%S%.f",
    "%a, %d %b %Y %H:%M:%S",
    "%A, %d-%b-%y %H:%M:%S",
    "%a %b %e %H:%M:%S %Y",
];

/// The moment that `text` means, if it can mean one only.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let text = without_remark(text.trim());
    let (bare, says_utc) = without_utc(text);
    if let Ok(moment) = DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_rfc2822(text)) {
        return Some(moment.to_utc());
    }
    // Go prints both: `2026-11-29 06:18:02 +0000 UTC`.
    let with_offset = WITH_OFFSET.iter().find_map(|form| DateTime::parse_from_str(bare, form).ok());
    if let Some(moment) = with_offset {
        return Some(moment.to_utc());
    }
    let comma = || decimal_point(bare);
    let naive = |text: &str| IN_UTC.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    let midnight = || NaiveDate::parse_from_str(bare, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0);
    let moment =
        naive(bare).or_else(|| naive(&comma()?)).or_else(|| if says_utc { None } else { midnight() })?;
    Some(DateTime::<Utc>::from_naive_utc_and_offset(moment, Utc))
}

/// `text` without a remark at its end: JavaScript and mail programs add the zone's name in parentheses.
fn without_remark(text: &str) -> &str {
    match text.strip_suffix(')').and_then(|text| text.rsplit_once('(')) {
        Some((moment, remark)) if !remark.contains(['(', ')']) => moment.trim_end(),
        Some(_) | None => text,
    }
}

/// `text` without a word at its end that says UTC, and whether there was one.
fn without_utc(text: &str) -> (&str, bool) {
    let mut zones = ["UTC", "GMT", "Z"].into_iter();
    let cut = |zone: &str| {
        let at = text.len().checked_sub(zone.len())?;
        let (moment, end) = (text.get(..at)?, text.get(at..)?);
        let ends_in_digit = moment.trim_end().ends_with(|last: char| last.is_ascii_digit());
        (end.eq_ignore_ascii_case(zone) && ends_in_digit).then(|| moment.trim_end())
    };
    zones.find_map(cut).map_or((text, false), |moment| (moment, true))
}

/// ISO 8601 allows a comma before the fraction.
fn decimal_point(text: &str) -> Option<String> {
    let (seconds, fraction) = text.rsplit_once(',')?;
    let is_fraction = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
    is_fraction.then(|| format!("{seconds}.{fraction}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::rfc3339;

    #[test]
    fn every_form_that_means_one_moment_is_read() {
        for text in [
            "2026-11-29T06:18:02Z",
            "2026-11-29t06:18:02z",
            "2026-11-29T06:18:02.999Z",
            "2026-11-29T06:18:02.999999999Z",
            "2026-11-29T06:18:02,5Z",
            "2026-11-29T06:18:02+00:00",
            "2026-11-29T08:18:02+02:00",
            "2026-11-29T08:18:02+0200",
            "2026-11-29T08:18:02+02",
            "2026-11-29 06:18:02Z",
            "2026-11-29 06:18:02 Z",
            "2026-11-29 06:18:02 UTC",
            "2026-11-29 06:18:02 utc",
            "2026-11-29 06:18:02UTC",
            "2026-11-29 06:18:02.25 GMT",
            "2026-11-29T06:18:02 UTC",
            "2026-11-29 08:18:02+02:00",
            "2026-11-29 08:18:02 +0200",
            "2026-11-29 06:18:02 +0000 UTC",
            "2026-11-29 06:18:02.5 +0000 UTC",
            "2026-11-29 06:18:02",
            "2026-11-29T06:18:02",
            "20261129T061802Z",
            "20261129T081802+0200",
            "Sun, 29 Nov 2026 06:18:02 GMT",
            "Sun, 29 Nov 2026 06:18:02 UTC",
            "Sun, 29 Nov 2026 06:18:02 +0000",
            "Sun, 29 Nov 2026 08:18:02 +0200 (CEST)",
            "29 Nov 2026 06:18:02 +0000",
            "Sunday, 29-Nov-26 06:18:02 GMT",
            "Sun Nov 29 06:18:02 2026",
            "Sun Nov 29 2026 06:18:02 GMT+0000 (Coordinated Universal Time)",
            "Sun Nov 29 2026 08:18:02 GMT+0200 (Central European Standard Time)",
            "  2026-11-29T06:18:02Z  ",
        ] {
            assert_eq!(parse(text).map(rfc3339).as_deref(), Some("2026-11-29T06:18:02Z"), "{text}");
        }
        for (text, read) in [
            ("2026-11-29", "2026-11-29T00:00:00Z"),
            ("2026-11-29T06:18", "2026-11-29T06:18:00Z"),
            ("2026-11-29 06:18 UTC", "2026-11-29T06:18:00Z"),
            ("2026-11-29T06:18Z", "2026-11-29T06:18:00Z"),
            ("2026-11-29T08:18+02:00", "2026-11-29T06:18:00Z"),
        ] {
            assert_eq!(parse(text).map(rfc3339).as_deref(), Some(read), "{text}");
        }
    }

    #[test]
    fn what_could_mean_two_moments_or_none_is_not_read() {
        for text in [
            "",
            "Invalid Date",
            "soon",
            "UTC",
            "11/12/2026",
            "11/12/2026, 6:18:02 AM",
            "29.11.2026 06:18:02",
            "2026-11-29 06:18:02 CST",
            "2026-11-29 06:18:02 PM",
            "Mon, 29 Nov 2026 06:18:02 GMT",
            "Nov 29, 2026",
            "2026-13-01T00:00:00Z",
            "2026-11-31T00:00:00Z",
            "2026-11-29T25:00:00Z",
            "in 12 hours",
            "0000-00-00 00:00:00",
            ")",
            "(UTC)",
            "ü UTC",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}

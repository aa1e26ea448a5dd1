//! Dates and times as vendors write them: any notation that has exactly one meaning.
//!
//! Guarantees: pure; an ambiguous text is not read. Accepted: ISO 8601 (basic or extended, with or without a fraction), RFC 2822 and
//! the other dates of HTTP (RFC 9110), and the output of JavaScript, Go and SQL. `UTC`, `GMT` and `Z` may follow a space. A
//! date-time without a zone is UTC: the vendor documents UTC for these members, HTTP requires it, and SQL prints it so. A date
//! alone is its midnight, as in ECMAScript. Not accepted: numeric dates in an unclear order (11/12/2026), names of zones other than
//! UTC, two-digit years outside of RFC 9110, and a weekday that contradicts the date.

use chrono::{DateTime, NaiveDate, NaiveDateTime};

use crate::domain::time::Timestamp;

const WITH_OFFSET: [&str; 6] = [
    "%Y-%m-%dT%H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M:%S%.f %#z",
    "%Y-%m-%dT%H:%M%#z",
    "%Y%m%dT%H%M%S%.f%#z",
    "%a %b %d %Y %H:%M:%S GMT%z",
];
/// Without an offset, after a `UTC` at the end was removed.
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

/// The point in time that `text` means.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let text = without_comment(text.trim());
    let without_utc = without_utc(text);
    let bare = without_utc.unwrap_or(text);
    if let Ok(at) = DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_rfc2822(text)) {
        return Some(at.to_utc());
    }
    // Go prints both: `2026-11-29 06:18:02 +0000 UTC`.
    if let Some(at) = WITH_OFFSET.iter().find_map(|format| DateTime::parse_from_str(bare, format).ok()) {
        return Some(at.to_utc());
    }
    let in_utc = |text: &str| IN_UTC.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    let midnight = || NaiveDate::parse_from_str(bare, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0);
    in_utc(bare)
        .or_else(|| in_utc(&with_decimal_point(bare)?))
        .or_else(|| if without_utc.is_none() { midnight() } else { None })
        .map(|at| at.and_utc())
}

/// `text` without a comment at its end: JavaScript and mail programs append the zone's name in parentheses.
fn without_comment(text: &str) -> &str {
    match text.strip_suffix(')').and_then(|text| text.rsplit_once('(')) {
        Some((date, comment)) if !comment.contains(['(', ')']) => date.trim_end(),
        Some(_) | None => text,
    }
}

/// What precedes `UTC`, `GMT` or `Z` at the end of `text`, if it has one.
fn without_utc(text: &str) -> Option<&str> {
    ["UTC", "GMT", "Z"].into_iter().find_map(|zone| {
        let (date, end) = text.split_at_checked(text.len().checked_sub(zone.len())?)?;
        let date = date.trim_end();
        let is_after_digit = date.ends_with(|last: char| last.is_ascii_digit());
        (end.eq_ignore_ascii_case(zone) && is_after_digit).then_some(date)
    })
}

/// ISO 8601 allows a comma before the fraction.
fn with_decimal_point(text: &str) -> Option<String> {
    let (seconds, fraction) = text.rsplit_once(',')?;
    let is_fraction = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
    is_fraction.then(|| format!("{seconds}.{fraction}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::rfc3339;

    #[test]
    fn unambiguous_notations_are_read() {
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
    fn ambiguous_or_invalid_notations_are_not_read() {
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

//! A parser for performance data as a plugin host reads it.
//!
//! Source: Monitoring Plugins Development Guidelines, "Performance data" and "Threshold and Ranges":
//! `'label'=value[UOM];[warn];[crit];[min];[max]`, separated by spaces; a label holds neither `'` nor `=`; a value is a number or
//! `U`; a range is `[@][start:][end]`.

/// One value.
#[derive(Debug)]
pub(crate) struct Datum {
    pub(crate) label: String,
    pub(crate) value: Value,
    pub(crate) unit: String,
    pub(crate) warning: String,
    pub(crate) critical: String,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Number(i64),
    Unknown,
}

/// The first line's text, and its data.
pub(crate) fn parsed(output: &str) -> (String, Vec<Datum>) {
    let first = output.lines().next().unwrap();
    let (text, mut rest) = first.split_once(" | ").unwrap_or((first, ""));
    let mut data = Vec::new();
    while !rest.is_empty() {
        let (label, behind) = rest.strip_prefix('\'').unwrap().split_once("'=").unwrap();
        assert!(!label.is_empty() && !label.contains(['\'', '=', '|']), "{label}");
        let (fields, left) = behind.split_once(' ').unwrap_or((behind, ""));
        data.push(datum(label, fields));
        rest = left;
    }
    (text.to_owned(), data)
}

fn datum(label: &str, fields: &str) -> Datum {
    let mut parts = fields.split(';');
    let measured = parts.next().unwrap();
    let end = measured.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(measured.len());
    let (number, unit) = measured.split_at(end);
    let (value, unit) = match (number, unit) {
        ("", "U") => (Value::Unknown, ""),
        (number, unit) => (Value::Number(number.parse().expect(fields)), unit),
    };
    assert!(matches!(unit, "" | "s" | "us" | "ms" | "%" | "B" | "KB" | "MB" | "TB" | "c"), "{fields}");
    let [warning, critical, least, most] = [(); 4].map(|()| parts.next().unwrap_or_default().to_owned());
    assert!(parts.next().is_none(), "{fields}");
    assert!([&warning, &critical].iter().all(|range| is_range(range)), "{fields}");
    assert!([least, most].iter().all(|bound| bound.is_empty() || bound.parse::<i64>().is_ok()), "{fields}");
    Datum { label: label.to_owned(), value, unit: unit.to_owned(), warning, critical }
}

fn is_range(range: &str) -> bool {
    let range = range.strip_prefix('@').unwrap_or(range);
    let number = |text: &str| text.is_empty() || text.parse::<i64>().is_ok();
    match range.split_once(':') {
        Some((start, end)) => (start == "~" || number(start)) && number(end),
        None => number(range),
    }
}

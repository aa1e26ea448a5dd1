//! Schemas of single values, each with its default where it has one.

use std::ops::RangeInclusive;

use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use crate::domain::duration;

/// A length of time as it is typed, in the words of `domain::duration`.
const DURATION: &str = "^(0|\\s*([0-9][0-9\\s]*(\\.[0-9\\s]+)?\
    (nanos|nsec|ns|usec|us|µs|millis|msec|ms|seconds|second|secs|sec|s|minutes|minute|mins|min|m|hours|hour|hrs|hr|h|days|day|d\
    |weeks|week|wks|wk|w|months|month|M|years|year|yrs|yr|y)\\s*)+)$";

/// Five or six fields, or a word such as `@hourly`.
const CRON: &str = "^\\s*(@[A-Za-z]+|[^\\s@]\\S*(\\s+\\S+){4,5})\\s*$";

/// A size as it is typed, in the words of `size`.
const SIZE: &str = "^[0-9]+(B|KiB|MiB)?$";

const URL: &str = "^\\s*[Hh][Tt][Tt][Pp][Ss]?:";

/// Two times of day.
const QUIET_HOURS: &str = "^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$";

/// The name of a zone, in any case of its letters.
const TIME_ZONE: &str = "^[A-Za-z0-9_+/-]+$";

/// A path; only a shell expands `~`.
const PATH: &str = "^[^~]";

/// The schema of a value.
pub(in super::super) struct Schema(Map<String, Value>);

impl Schema {
    fn new(kind: &str) -> Self {
        Self(Map::new()).with("type", kind)
    }

    /// This schema with `keyword`, which it did not have.
    pub(in super::super) fn with(mut self, keyword: &str, value: impl Into<Value>) -> Self {
        self.0.insert(keyword.to_owned(), value.into());
        self
    }

    /// This schema with what applies when the key is absent.
    pub(in super::super) fn default(self, value: impl Into<Value>) -> Self {
        self.with("default", value)
    }

    /// This schema with a value as an example.
    pub(in super::super) fn example(self, value: impl Into<Value>) -> Self {
        self.with("examples", json!([value.into()]))
    }

    /// This schema of a key that `description` describes; limits that it has in words are added.
    pub(super) fn described(self, description: &str) -> Value {
        let limits = self.0.get("description").and_then(Value::as_str);
        let description = match limits {
            Some(limits) => format!("{description} {limits}"),
            None => description.to_owned(),
        };
        self.with("description", description).into()
    }
}

impl From<Schema> for Value {
    fn from(schema: Schema) -> Self {
        Self::Object(schema.0)
    }
}

/// Any text.
pub(in super::super) fn text() -> Schema {
    Schema::new("string")
}

/// Text that `pattern` finds something in.
pub(in super::super) fn matching(pattern: &str) -> Schema {
    Schema::new("string").with("pattern", pattern)
}

/// A name that people give and read.
pub(in super::super) fn name() -> Schema {
    matching("\\S")
}

/// The path of a file.
pub(in super::super) fn path() -> Schema {
    matching(PATH)
}

/// One of `names`.
pub(in super::super) fn choice<'n>(names: impl IntoIterator<Item = &'n str>) -> Schema {
    Schema::new("string").with("enum", names.into_iter().collect::<Vec<_>>())
}

/// The text `value`.
pub(in super::super) fn constant(value: &str) -> Schema {
    Schema::new("string").with("const", value)
}

/// True or false.
pub(in super::super) fn flag(default: bool) -> Schema {
    Schema::new("boolean").default(default)
}

/// A whole number within `range`.
pub(in super::super) fn number(range: RangeInclusive<i64>) -> Schema {
    Schema::new("integer").with("minimum", *range.start()).with("maximum", *range.end())
}

/// A part of one, above 0.
pub(in super::super) fn share() -> Schema {
    Schema::new("number").with("exclusiveMinimum", 0).with("maximum", 1)
}

/// A duration, whose limits are in words alone.
pub(in super::super) fn duration(default: TimeDelta, allowed: &RangeInclusive<TimeDelta>) -> Schema {
    any_duration(allowed).default(duration::text(default))
}

/// As [`fn@duration`], where no one length is the default.
pub(in super::super) fn any_duration(allowed: &RangeInclusive<TimeDelta>) -> Schema {
    let [least, most] = [allowed.start(), allowed.end()].map(|length| duration::text(*length));
    let limits = format!("A number with a unit, such as 90s, 15m, 12h or 7d: from {least} to {most}.");
    matching(DURATION).with("description", limits)
}

/// A size in bytes.
pub(in super::super) fn size() -> Schema {
    matching(SIZE)
}

/// A cron expression.
pub(in super::super) fn cron() -> Schema {
    matching(CRON)
}

/// The IANA zone of people or of a schedule.
pub(in super::super) fn time_zone() -> Schema {
    matching(TIME_ZONE).default("UTC").example("Europe/Berlin")
}

/// A part of each day.
pub(in super::super) fn quiet_hours() -> Schema {
    matching(QUIET_HOURS).example("22:00-07:00")
}

/// An address of http or https.
pub(in super::super) fn url() -> Schema {
    matching(URL)
}

/// One or more of `item`.
pub(in super::super) fn list(item: Schema) -> Schema {
    Schema::new("array").with("items", item).with("minItems", 1)
}

/// A list of tables, each as in `item`.
pub(in super::super) fn table_list(item: Value) -> Schema {
    Schema::new("array").with("items", item)
}

/// A table whose keys match `keys`, each with a value as in `value`; at most `most` of them.
pub(in super::super) fn map(keys: &str, value: impl Into<Value>, most: usize) -> Schema {
    Schema::new("object")
        .with("propertyNames", json!({ "pattern": keys }))
        .with("additionalProperties", value)
        .with("maxProperties", most)
}

//! The parts of the JSON Schema of the configuration file. Each section and each type of receiver describes its keys beside the code
//! that reads them, with the same defaults and limits.
//!
//! Guarantees: a schema accepts every table that is read without a problem. It may accept more: names that must differ, limits of
//! durations and what a secret's file holds are left to the code that reads them. It consists of keywords that mean the same in draft 7
//! and 2020-12, and holds no `$ref` and no `allOf`, beside which some editors show no description. Leaves the document as a whole to
//! `sections`.

mod table;
mod value;

pub(super) use table::{TableSchema, keys_of, none_of_keys};
pub(super) use value::{
    Schema, any_duration, choice, constant, cron, duration, flag, list, map, matching, name, number, path,
    quiet_hours, share, size, table_list, text, time_zone, url,
};

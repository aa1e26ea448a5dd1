//! JSON Schemas of what the commands print, made from the types that they print.
//!
//! Promises: a schema's version moves when something is taken away or means something else; what is added does not move it.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;

use super::{
    Alerts, ConfigurationAt, Deliveries, Diff, Explanation, History, Probe, Report, ScheduleReport, Silences,
    Simulation,
};
use crate::domain::message::Message;

/// The schema of one kind of answer.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    /// What it describes, as its file is named.
    pub name: &'static str,
    /// Which version of it.
    pub version: u32,
    make: fn() -> schemars::Schema,
}

/// All of them.
pub const SCHEMAS: &[Schema] = &[
    Schema::of::<Alerts>("alerts", 1),
    Schema::of::<Deliveries>("deliveries", 1),
    Schema::of::<ConfigurationAt>("history-at", 1),
    Schema::of::<Diff>("diff", 1),
    Schema::of::<Explanation>("explain", 1),
    Schema::of::<History>("history", 1),
    Schema::of::<ScheduleReport>("schedule", 1),
    Schema::of::<Probe>("probe", 1),
    Schema::of::<Report>("status", 1),
    Schema::of::<Silences>("silences", 1),
    Schema::of::<Simulation>("simulate", 1),
    Schema::of::<Message>("webhook", 1),
];

impl Schema {
    const fn of<T: JsonSchema>(name: &'static str, version: u32) -> Self {
        Self { name, version, make: schema_of::<T> }
    }

    /// The schema itself (JSON Schema 2020-12), its version in its `$id`.
    pub fn json(&self) -> serde_json::Value {
        let mut schema = (self.make)();
        schema.insert("$id".to_owned(), format!("urn:minimax-watch:{}:v{}", self.name, self.version).into());
        schema.into()
    }
}

/// As it is written, not as it is read: a member that is `null` is there.
fn schema_of<T: JsonSchema>() -> schemars::Schema {
    SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>()
}

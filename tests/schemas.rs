//! The schemas in `docs/schemas` are generated from the types that the commands print, so that a change of the JSON shows up in a
//! review. A schema's version changes when a member is removed or changes its meaning, not when one is added.
//!
//! `docs/openapi.json` is assembled from the same types, and `config/minimax-watch.schema.json` is what `config schema` prints; both are
//! written in the same way.
//!
//! After an intended change, `cargo test --locked --test schemas -- --ignored` writes them again.

#![expect(clippy::unwrap_used, reason = "a schema that cannot be read is a failed test")]

mod openapi;

use std::fs;
use std::path::{Path, PathBuf};

use minimax_watch::domain::message::Message;
use minimax_watch::report::{
    Alerts, BackupReport, ConfigReport, ConfigurationAt, Deliveries, Diff, EffectiveConfig, Explanation,
    GeneratedFiles, Health, History, InitReport, Probe, Report, ResendReport, ScheduleReport, Silences,
    Simulation, TestReport, UsableAccounts, Verification,
};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;

/// The schema of one command's output.
struct Schema {
    /// Its name, which is the file's name too.
    name: &'static str,
    /// Its version.
    version: u32,
    make: fn() -> schemars::Schema,
}

/// Every schema.
const SCHEMAS: &[Schema] = &[
    Schema::new::<Alerts>("alerts", 1),
    Schema::new::<Deliveries>("deliveries", 1),
    Schema::new::<ConfigurationAt>("history-at", 1),
    Schema::new::<Diff>("diff", 1),
    Schema::new::<Explanation>("explain", 1),
    Schema::new::<Health>("health", 1),
    Schema::new::<History>("history", 1),
    Schema::new::<InitReport>("init", 1),
    Schema::new::<ScheduleReport>("schedule", 1),
    Schema::new::<Probe>("probe", 1),
    Schema::new::<Report>("status", 1),
    Schema::new::<Silences>("silences", 1),
    Schema::new::<Simulation>("simulate", 1),
    Schema::new::<BackupReport>("backup", 1),
    Schema::new::<ConfigReport>("config-check", 1),
    Schema::new::<EffectiveConfig>("config-show", 1),
    Schema::new::<GeneratedFiles>("files", 1),
    Schema::new::<ResendReport>("resend", 1),
    Schema::new::<TestReport>("notify-test", 1),
    Schema::new::<UsableAccounts>("usable", 1),
    Schema::new::<Verification>("webhook-verify", 1),
    Schema::new::<Message>("webhook", 1),
];

impl Schema {
    const fn new<T: JsonSchema>(name: &'static str, version: u32) -> Self {
        Self { name, version, make: schema_of::<T> }
    }

    /// The schema (JSON Schema 2020-12), with its version in `$id`.
    fn json(&self) -> serde_json::Value {
        let mut schema = (self.make)();
        schema.insert("$id".to_owned(), format!("urn:minimax-watch:{}:v{}", self.name, self.version).into());
        schema.into()
    }
}

/// The schema of the serialized form, in which a member that is `null` is present.
fn schema_of<T: JsonSchema>() -> schemars::Schema {
    SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schemas")
}

fn file(schema: &Schema) -> String {
    format!("{}.v{}.json", schema.name, schema.version)
}

fn text(schema: &Schema) -> String {
    serde_json::to_string_pretty(&schema.json()).unwrap() + "\n"
}

#[test]
fn schema_files_match_their_types() {
    for schema in SCHEMAS {
        let written = fs::read_to_string(folder().join(file(schema))).unwrap_or_default();
        assert!(
            written == text(schema),
            "docs/schemas/{} is out of date (see the head of this test)",
            file(schema)
        );
    }
    let mut present: Vec<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let mut named: Vec<String> = SCHEMAS.iter().map(file).collect();
    present.sort();
    named.sort();
    assert_eq!(present, named);
}

#[test]
fn openapi_document_matches_its_types() {
    let written = fs::read_to_string(openapi_file()).unwrap_or_default();
    assert!(written == openapi_text(), "docs/openapi.json is out of date (see the head of this test)");
}

/// Every reference leads somewhere, and everything that is shared is referred to.
#[test]
fn references_of_the_openapi_document_are_complete() {
    let (text, document) = (openapi_text(), openapi::document());
    let mut referred: Vec<&str> =
        text.split("\"$ref\": \"#").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    referred.sort_unstable();
    referred.dedup();
    for pointer in &referred {
        assert!(document.pointer(pointer).is_some(), "{pointer}");
    }
    let names = |kind: &str| document["components"][kind].as_object().unwrap().len();
    assert_eq!(referred.len(), names("responses") + names("schemas"));
}

#[test]
fn every_schema_rejects_an_empty_object() {
    for schema in SCHEMAS {
        let validator = jsonschema::draft202012::new(&schema.json()).unwrap();
        assert!(!validator.is_valid(&serde_json::json!({})), "{}", schema.name);
    }
}

#[test]
fn configuration_schema_file_is_what_the_program_prints() {
    let written = fs::read_to_string(configuration_schema_file()).unwrap_or_default();
    assert!(
        written == configuration_schema_text(),
        "config/minimax-watch.schema.json is out of date (see the head of this test)"
    );
}

fn configuration_schema_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config/minimax-watch.schema.json")
}

fn configuration_schema_text() -> String {
    serde_json::to_string_pretty(&minimax_watch::config::json_schema()).unwrap() + "\n"
}

fn openapi_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/openapi.json")
}

fn openapi_text() -> String {
    serde_json::to_string_pretty(&openapi::document()).unwrap() + "\n"
}

#[test]
#[ignore = "writes docs/schemas, docs/openapi.json and config/minimax-watch.schema.json"]
fn write() {
    for schema in SCHEMAS {
        fs::write(folder().join(file(schema)), text(schema)).unwrap();
    }
    fs::write(openapi_file(), openapi_text()).unwrap();
    fs::write(configuration_schema_file(), configuration_schema_text()).unwrap();
}

//! The schemas in `docs/schemas` are those of the types, and nothing that a version promised was taken away unseen.
//!
//! After a change that adds something: `cargo test --locked --test schemas -- --ignored` writes them anew.

#![expect(clippy::unwrap_used, reason = "a schema that cannot be read is a failed test")]

use std::fs;
use std::path::{Path, PathBuf};

use minimax_watch::report::{SCHEMAS, Schema};

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
fn each_file_is_what_its_type_says() {
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
fn each_is_a_schema_by_which_something_can_be_refused() {
    for schema in SCHEMAS {
        let validator = jsonschema::draft202012::new(&schema.json()).unwrap();
        assert!(!validator.is_valid(&serde_json::json!({})), "{}", schema.name);
    }
}

#[test]
#[ignore = "writes docs/schemas anew"]
fn write() {
    for schema in SCHEMAS {
        fs::write(folder().join(file(schema)), text(schema)).unwrap();
    }
}

//! Validates the JSON that the program prints against its schemas.

use std::fs;
use std::path::Path;

use serde_json::Value;

/// Parses `text` and asserts that the schema of that name in `docs/schemas` accepts it.
pub(crate) fn valid(name: &str, text: &str) -> Value {
    let value: Value = serde_json::from_str(text).expect(text);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schemas");
    let schema = fs::read_to_string(folder.join(format!("{name}.v1.json"))).unwrap();
    let validator = jsonschema::draft202012::new(&serde_json::from_str(&schema).unwrap()).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{name}: {errors:#?}\n{text}");
    value
}

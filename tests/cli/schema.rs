//! What the program prints as JSON is what its schemas say.

use std::fs;
use std::path::Path;

use serde_json::Value;

/// The JSON in `text`, which the newest schema of that name in `docs/schemas` must accept.
pub(crate) fn valid(name: &str, text: &str) -> Value {
    let value: Value = serde_json::from_str(text).expect(text);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schemas");
    let schema = fs::read_to_string(folder.join(format!("{name}.v1.json"))).unwrap();
    let validator = jsonschema::draft202012::new(&serde_json::from_str(&schema).unwrap()).unwrap();
    let complaints: Vec<String> =
        validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(complaints.is_empty(), "{name}: {complaints:#?}\n{text}");
    value
}

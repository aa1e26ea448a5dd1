//! The schema of a table: its keys, and which of them go together.

use serde_json::{Map, Value, json};

use super::value::{Schema, matching, path};

/// The name of an environment variable.
const VARIABLE: &str = "^[A-Za-z_][A-Za-z0-9_]*$";

/// How a secret begins that was typed in place of its file.
const SECRET: &str = "^(user:|whsec_)|://";

/// The schema of a table, in which an unknown key is an error.
pub(in super::super) struct TableSchema {
    description: String,
    keys: Map<String, Value>,
    required: Vec<String>,
    /// Keys of which no table has both.
    excluded: Vec<[String; 2]>,
    /// Other rules, by their keyword.
    rules: Map<String, Value>,
}

impl TableSchema {
    /// A table that may be empty.
    pub(in super::super) fn new(description: &str) -> Self {
        Self {
            description: description.to_owned(),
            keys: Map::new(),
            required: Vec::new(),
            excluded: Vec::new(),
            rules: Map::new(),
        }
    }

    /// A key that may be absent.
    pub(in super::super) fn key(mut self, name: &str, description: &str, value: Schema) -> Self {
        self.keys.insert(name.to_owned(), value.described(description));
        self
    }

    /// A key that must be given.
    pub(in super::super) fn required(mut self, name: &str, description: &str, value: Schema) -> Self {
        self.required.push(name.to_owned());
        self.key(name, description, value)
    }

    /// A table in this table, which may be absent.
    pub(in super::super) fn table(mut self, name: &str, table: Self) -> Self {
        self.keys.insert(name.to_owned(), table.build());
        self
    }

    /// A table in this table, which must be given.
    pub(in super::super) fn required_table(mut self, name: &str, table: Self) -> Self {
        self.required.push(name.to_owned());
        self.table(name, table)
    }

    /// The secret `name`, which may be absent: a file or a variable holds it.
    pub(in super::super) fn secret(self, name: &str, what: &str) -> Self {
        let [file, variable] = elsewhere(name);
        self.file(&file, what).variable(&variable, what).excluding([file, variable])
    }

    /// The secret `name`, which must be given.
    pub(in super::super) fn required_secret(self, name: &str, what: &str) -> Self {
        let [file, variable] = elsewhere(name);
        let either = keys_of(&[&file, &variable]);
        self.file(&file, what).variable(&variable, what).rule("oneOf", either)
    }

    /// The key `name`, which holds the path of a file with `what`.
    pub(in super::super) fn file(self, name: &str, what: &str) -> Self {
        let description = format!(
            "The file that holds {what}: looked up in $CREDENTIALS_DIRECTORY first, then beside the configuration file."
        );
        self.key(name, &description, path().with("not", json!({ "pattern": SECRET })))
    }

    /// The key `name`, which holds the name of a variable with `what`.
    pub(in super::super) fn variable(self, name: &str, what: &str) -> Self {
        self.key(name, &format!("The environment variable that holds {what}."), matching(VARIABLE))
    }

    /// Refuses a table with both `keys`.
    pub(in super::super) fn excluding(mut self, keys: [String; 2]) -> Self {
        self.excluded.push(keys);
        self
    }

    /// A rule about the table as a whole, by a keyword that no other rule of it has.
    pub(in super::super) fn rule(mut self, keyword: &str, rule: Value) -> Self {
        self.rules.insert(keyword.to_owned(), rule);
        self
    }

    /// The schema of a file that consists of this table.
    pub(in super::super) fn document(self, id: &str, title: &str) -> Value {
        self.rule("$schema", "https://json-schema.org/draft/2020-12/schema".into())
            .rule("$id", id.into())
            .rule("title", title.into())
            .build()
    }

    /// The schema.
    pub(in super::super) fn build(self) -> Value {
        let mut schema = self.rules;
        schema.insert("type".to_owned(), "object".into());
        schema.insert("description".to_owned(), self.description.into());
        schema.insert("additionalProperties".to_owned(), false.into());
        schema.insert("properties".to_owned(), self.keys.into());
        if !self.required.is_empty() {
            schema.insert("required".to_owned(), self.required.into());
        }
        if !self.excluded.is_empty() {
            let pairs: Vec<Value> = self.excluded.iter().map(|keys| json!({ "required": keys })).collect();
            schema.insert("not".to_owned(), json!({ "anyOf": pairs }));
        }
        schema.into()
    }
}

/// For `oneOf`: exactly one of `keys`; for `anyOf`: at least one.
pub(in super::super) fn keys_of(keys: &[&str]) -> Value {
    keys.iter().map(|key| json!({ "required": [key] })).collect()
}

/// A schema of tables with none of `keys`.
pub(in super::super) fn none_of_keys(keys: &[&str]) -> Value {
    json!({ "not": { "anyOf": keys_of(keys) } })
}

/// The keys that say where the secret `name` is.
fn elsewhere(name: &str) -> [String; 2] {
    [format!("{name}_file"), format!("{name}_env")]
}

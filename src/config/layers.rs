//! The layers of a configuration: the file, and over it the environment's `MINIMAX_WATCH__SECTION__KEY`.
//!
//! Promises: an override that can have no effect is a problem, never silence. Leaves the keys of a section and their
//! types to `resolve`, which treats a mistyped override like a mistyped key.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fmt;

use config::{Config, Map, Source, Value, ValueKind};

use super::environment::Environment;
use super::problem::{Findings, Problem};
use super::suggest::suggestion;

/// What every override begins with.
const PREFIX: &str = "MINIMAX_WATCH__";

/// Where both layers meet: the key that [`PREFIX`] becomes.
const ROOT: &str = "minimax_watch";

/// The tables of scalars, which can be overridden.
const TABLES: [&str; 5] = ["api", "schedule", "expiry", "alerts", "store"];

/// The lists, which cannot.
const LISTS: [&str; 2] = ["subscriptions", "receivers"];

/// How the crate `config` names the environment as an origin.
const ENVIRONMENT: &str = "the environment";

/// Puts the overrides of `environment` over what stands in the file.
pub(super) fn merge(
    mut file: Map<String, Value>,
    environment: &Environment,
    findings: &Findings,
) -> Map<String, Value> {
    let overrides = overrides(&file, environment, findings);
    // Merging copies, and these may be long.
    let apart = LISTS.map(|list| file.remove_entry(list));
    let upper =
        config::Environment::with_prefix(ROOT).separator("__").keep_prefix(true).source(Some(overrides));
    let merged = Config::builder().add_source(Typed(file)).add_source(upper).build();
    let mut table = merged.and_then(|merged| merged.get_table(ROOT)).unwrap_or_else(|error| {
        findings.problem(|| Problem::new(ENVIRONMENT, "", error.to_string()));
        Map::new()
    });
    table.extend(apart.into_iter().flatten());
    table
}

/// The variable that a value at `key` was overridden with, if it was.
pub(super) fn variable(value: &Value, key: &str) -> Option<String> {
    let overridden = value.origin() == Some(ENVIRONMENT);
    overridden.then(|| format!("{PREFIX}{}", key.to_uppercase().replace('.', "__")))
}

/// What stands in the file, below [`ROOT`]: of keys at the top the crate would read a quoted one, such as `"a[9]"`, as
/// a path.
#[derive(Clone)]
struct Typed(Map<String, Value>);

impl fmt::Debug for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the file")
    }
}

impl Source for Typed {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, config::ConfigError> {
        Ok(Map::from([(ROOT.to_owned(), Value::new(None, self.0.clone()))]))
    }
}

/// The overrides that address a scalar in a table of scalars; the others are problems.
fn overrides(
    file: &Map<String, Value>,
    environment: &Environment,
    findings: &Findings,
) -> HashMap<String, String> {
    let mut taken = HashMap::new();
    for (name, value) in environment.iter() {
        let Some(path) = name.strip_prefix(PREFIX) else { continue };
        match addressed(path).and_then(|section| readable(value).map(|value| (section, value))) {
            Ok((section, value)) if is_table(file.get(section)) => {
                taken.insert(name.to_owned(), value);
            }
            // The section is something else in the file, which `reader` tells: merging would hide that.
            Ok(_) => {}
            Err(reason) => {
                findings.problem(|| Problem::new(format!("environment variable {name}"), "", reason));
            }
        }
    }
    taken
}

fn is_table(section: Option<&Value>) -> bool {
    section.is_none_or(|value| matches!(value.kind, ValueKind::Table(_)))
}

fn readable(value: &OsStr) -> Result<String, String> {
    value.to_str().map(str::to_owned).ok_or_else(|| "is not UTF-8".to_owned())
}

/// The table of scalars that `path`, the part after [`PREFIX`], addresses.
fn addressed(path: &str) -> Result<&'static str, String> {
    let (section, key) = path.split_once("__").unwrap_or((path, ""));
    let section = section.to_lowercase();
    match section.as_str() {
        list if LISTS.contains(&list) => {
            return Err(format!("`{list}` cannot be overridden from the environment: edit the file"));
        }
        "http" | "heartbeat" => return Err(format!("[{section}] is not available in this version")),
        _ => {}
    }
    let Some(table) = TABLES.into_iter().find(|table| *table == section) else {
        return Err(format!("there is no section `{section}`{}", suggestion(&section, TABLES)));
    };
    let is_key = |key: &str| key.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if key.is_empty() || key.contains("__") || !is_key(&key.to_lowercase()) {
        return Err(format!("names no key of [{table}]: write {PREFIX}{}__KEY", table.to_uppercase()));
    }
    if path.chars().any(|c| c.is_ascii_lowercase()) {
        return Err(format!("is not written in upper case: {PREFIX}{}", path.to_uppercase()));
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(name: &str, value: &str) -> (Map<String, Value>, String) {
        let api = Value::new(Some(&"a.toml".to_owned()), Map::from([("timeout".to_owned(), "5s")]));
        let file = Map::from([("api".to_owned(), api), ("store".to_owned(), Value::new(None, "typo"))]);
        let environment: Environment = [(name, value), ("OTHER__API__TIMEOUT", "1h")].into_iter().collect();
        let findings = Findings::default();
        let merged = merge(file, &environment, &findings);
        let told = findings.verdict(Some(())).err().map(|problems| problems.to_string());
        (merged, told.unwrap_or_default())
    }

    fn api(merged: &Map<String, Value>, key: &str) -> Option<String> {
        let table = merged.get("api").cloned().unwrap().into_table().unwrap();
        table.get(key).map(ToString::to_string)
    }

    #[test]
    fn the_environment_goes_over_the_file_and_leaves_the_rest() {
        let (merged, told) = merged("MINIMAX_WATCH__API__MAX_BODY", "2MiB");
        assert_eq!((told.as_str(), api(&merged, "max_body").as_deref()), ("", Some("2MiB")));
        assert_eq!(api(&merged, "timeout").as_deref(), Some("5s"));
    }

    #[test]
    fn a_value_keeps_its_case_and_knows_its_variable() {
        let (merged, _) = merged("MINIMAX_WATCH__EXPIRY__SOURCE", "exp_Expire");
        let expiry = merged.get("expiry").cloned().unwrap().into_table().unwrap();
        assert_eq!(expiry["source"].to_string(), "exp_Expire");
        let variable = variable(&expiry["source"], "expiry.source");
        assert_eq!(variable.as_deref(), Some("MINIMAX_WATCH__EXPIRY__SOURCE"));
    }

    #[test]
    fn an_override_without_effect_is_a_problem() {
        for (name, told) in [
            ("MINIMAX_WATCH__RECEIVERS__0__NAME", "`receivers` cannot be overridden from the environment"),
            ("MINIMAX_WATCH__SUBSCRIPTIONS[0]__NAME", "there is no section `subscriptions[0]`"),
            ("MINIMAX_WATCH__HTTP__LISTEN", "[http] is not available in this version"),
            ("MINIMAX_WATCH__SHEDULE__CRON", "there is no section `shedule`; did you mean `schedule`?"),
            ("MINIMAX_WATCH__API", "names no key of [api]: write MINIMAX_WATCH__API__KEY"),
            ("MINIMAX_WATCH__API__", "names no key of [api]"),
            ("MINIMAX_WATCH__API__TIMEOUT__S", "names no key of [api]"),
            ("MINIMAX_WATCH__API__A[9]", "names no key of [api]"),
            ("MINIMAX_WATCH__api__timeout", "is not written in upper case: MINIMAX_WATCH__API__TIMEOUT"),
        ] {
            let (_, problem) = merged(name, "x");
            assert!(problem.starts_with(&format!("environment variable {name}: {told}")), "{problem}");
        }
    }

    #[test]
    fn a_section_that_is_no_table_in_the_file_is_not_hidden() {
        let (merged, _) = merged("MINIMAX_WATCH__STORE__PATH", "/x.db");
        assert_eq!(merged["store"].to_string(), "typo");
    }
}

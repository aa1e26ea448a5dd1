//! Overrides of the file's values by environment variables: `MINIMAX_WATCH__SECTION__KEY`.
//!
//! Guarantees: an override that can have no effect is reported. Leaves the keys of a section and their types to `sections`, which treats
//! a mistyped override like a mistyped key.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::ops::Range;

use config::{ConfigError, Source as _};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::diagnostics::{Diagnostics, Problem};
use super::environment::Environment;
use super::suggest::unknown;

/// Where a value is in the file: its first byte and the byte after it.
pub(super) type Span = Range<usize>;

/// The span of a value that the environment gives.
pub(super) const SPAN: Span = usize::MAX..usize::MAX;

/// What every override begins with.
const PREFIX: &str = "MINIMAX_WATCH__";

/// The sections whose scalars can be overridden.
const SECTIONS: [&str; 10] =
    ["api", "schedule", "expiry", "alerts", "plan", "jobs", "credits", "store", "http", "heartbeat"];

/// The lists, which cannot be overridden.
const LISTS: [&str; 2] = ["subscriptions", "receivers"];

/// Puts the overrides in `environment` over the values of the file.
pub(super) fn apply(file: &mut DeTable<'_>, environment: &Environment, diagnostics: &Diagnostics) {
    let overrides = overrides(file, environment, diagnostics);
    if let Err(error) = apply_accepted(file, overrides) {
        diagnostics.problem(|| Problem::new("the environment", "", error.to_string()));
    }
}

fn apply_accepted(file: &mut DeTable<'_>, overrides: HashMap<String, String>) -> Result<(), ConfigError> {
    let environment =
        config::Environment::with_prefix("MINIMAX_WATCH").separator("__").source(Some(overrides));
    for (path, value) in environment.collect()? {
        let Some((section, key)) = path.split_once('.') else { continue };
        let section = Spanned::new(SPAN, section.to_owned().into());
        let table = file.entry(section).or_insert(Spanned::new(SPAN, DeValue::Table(DeTable::new())));
        if let DeValue::Table(table) = table.get_mut() {
            let value = DeValue::String(value.into_string()?.into());
            table.insert(Spanned::new(SPAN, key.to_owned().into()), Spanned::new(SPAN, value));
        }
    }
    Ok(())
}

/// The variable that overrides `key`.
pub(super) fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.to_uppercase().replace('.', "__"))
}

/// The overrides that name a key of a section; the others are problems.
fn overrides(
    file: &DeTable<'_>,
    environment: &Environment,
    diagnostics: &Diagnostics,
) -> HashMap<String, String> {
    let mut accepted = HashMap::new();
    for (name, value) in environment.iter() {
        let Some(path) = name.strip_prefix(PREFIX) else { continue };
        match section_of(path).and_then(|section| readable(value).map(|value| (section, value))) {
            Ok((section, value)) if is_table(file.get(section)) => {
                accepted.insert(name.to_owned(), value);
            }
            // The section is not a table in the file, which `table` reports: merging would hide that.
            Ok(_) => {}
            Err(reason) => {
                diagnostics.problem(|| Problem::new(format!("environment variable {name}"), "", reason));
            }
        }
    }
    accepted
}

fn is_table(section: Option<&Spanned<DeValue<'_>>>) -> bool {
    section.is_none_or(|value| value.get_ref().is_table())
}

fn readable(value: &OsStr) -> Result<String, String> {
    value.to_str().map(str::to_owned).ok_or_else(|| "is not UTF-8".to_owned())
}

/// The section that `path`, the part after [`PREFIX`], is about.
fn section_of(path: &str) -> Result<&'static str, String> {
    let (section, key) = path.split_once("__").unwrap_or((path, ""));
    let section = section.to_lowercase();
    if LISTS.contains(&section.as_str()) {
        return Err(format!("`{section}` cannot be overridden from the environment: edit the file"));
    }
    let Some(known) = SECTIONS.into_iter().find(|known| *known == section) else {
        return Err(unknown("section", &section, SECTIONS.into_iter()));
    };
    let is_key = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if key.is_empty() || key.contains("__") || !key.chars().all(is_key) {
        return Err(format!("names no key of [{known}]: write {PREFIX}{}__KEY", known.to_uppercase()));
    }
    if path.chars().any(|c| c.is_ascii_lowercase()) {
        return Err(format!("must be in upper case: {PREFIX}{}", path.to_uppercase()));
    }
    Ok(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(name: &str, value: &str) -> (DeTable<'static>, String) {
        let mut file = DeTable::parse("store = 'typo'\n[api]\ntimeout = '5s'").unwrap().into_inner();
        let environment: Environment = [(name, value), ("OTHER__API__TIMEOUT", "1h")].into_iter().collect();
        let diagnostics = Diagnostics::default();
        apply(&mut file, &environment, &diagnostics);
        let message = diagnostics.finish(Some(())).err().map(|problems| problems.to_string());
        (file, message.unwrap_or_default())
    }

    fn value<'t>(merged: &'t DeTable<'_>, section: &str, key: &str) -> &'t str {
        merged[section].get_ref()[key].get_ref().as_str().unwrap()
    }

    #[test]
    fn an_override_replaces_one_value_of_the_file() {
        let (added, message) = merged("MINIMAX_WATCH__API__MAX_BODY", "2MiB");
        assert_eq!((message.as_str(), value(&added, "api", "max_body")), ("", "2MiB"));
        assert_eq!(value(&added, "api", "timeout"), "5s");
        let (replaced, _) = merged("MINIMAX_WATCH__API__TIMEOUT", "7s");
        assert_eq!(value(&replaced, "api", "timeout"), "7s");
        assert_eq!(replaced["api"].get_ref()["timeout"].span(), SPAN);
    }

    #[test]
    fn an_overriding_value_keeps_its_case() {
        let (merged, _) = merged("MINIMAX_WATCH__EXPIRY__SOURCE", "exp_Expire");
        assert_eq!(value(&merged, "expiry", "source"), "exp_Expire");
        assert_eq!(variable("expiry.source"), "MINIMAX_WATCH__EXPIRY__SOURCE");
    }

    #[test]
    fn an_override_without_effect_is_reported() {
        for (name, message) in [
            ("MINIMAX_WATCH__RECEIVERS__0__NAME", "`receivers` cannot be overridden from the environment"),
            (
                "MINIMAX_WATCH__SUBSCRIPTIONS[0]__NAME",
                "unknown section \"subscriptions[0]\"; possible: api, ",
            ),
            (
                "MINIMAX_WATCH__SHEDULE__CRON",
                "unknown section \"shedule\" (did you mean \"schedule\"?); possible: api, ",
            ),
            ("MINIMAX_WATCH__API", "names no key of [api]: write MINIMAX_WATCH__API__KEY"),
            ("MINIMAX_WATCH__API__", "names no key of [api]"),
            ("MINIMAX_WATCH__API__TIMEOUT__S", "names no key of [api]"),
            ("MINIMAX_WATCH__API__A[9]", "names no key of [api]"),
            ("MINIMAX_WATCH__api__timeout", "must be in upper case: MINIMAX_WATCH__API__TIMEOUT"),
        ] {
            let (_, problem) = merged(name, "x");
            assert!(problem.starts_with(&format!("environment variable {name}: {message}")), "{problem}");
        }
    }

    #[test]
    fn an_override_does_not_hide_a_section_that_is_not_a_table() {
        let (merged, _) = merged("MINIMAX_WATCH__STORE__PATH", "/x.db");
        assert_eq!(merged["store"].get_ref().as_str(), Some("typo"));
    }
}

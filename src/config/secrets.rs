//! Secrets: each given as exactly one of `X_file` and `X_env`, never in the configuration itself.
//!
//! Guarantees: no content of a secret reaches a message, not even of one that was typed in the wrong place: a path or a name that looks
//! like the secret itself is not echoed. Leaves the meaning of the text to the section that reads it.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::context::Context;
use super::diagnostics::Diagnostics;
use super::model::{Origin, Secret};
use super::place::{Field, Place};
use super::regular_file::{self, FileError};
use super::secret_shape;
use super::table::Table;
use super::values;

/// The variable with the folder into which systemd puts a unit's credentials.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// Bytes of a secret's file; a path such as `/dev/zero` must not fill the memory.
const MAX_FILE: u64 = 64 * 1024;

/// The characters that a secret may consist of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A token of useapi.net: visible ASCII without quotes and `=`, which show that the file holds more than the token (`TOKEN="…"`).
    Token,
    /// A token or key of another service: the same characters.
    Key,
    /// Visible ASCII, as in a URL.
    Url,
    /// One line of any text.
    Line,
    /// Several lines.
    Lines,
}

impl Context<'_> {
    /// The secret `name` of `table`, which must be given.
    pub(super) fn required_secret(&self, table: &mut Table<'_>, name: &str, form: Form) -> Option<Secret> {
        if !table.has(name) && !is_given(table, name) {
            table.place.problem(format!("{name} is missing: give {name}_file or {name}_env"));
        }
        self.secret(table, name, form)
    }

    /// The secret `name` of `table`, when it is given.
    pub(super) fn secret(&self, table: &mut Table<'_>, name: &str, form: Form) -> Option<Secret> {
        table.refuse(name, &format!("a secret must not be in the file: give {name}_file or {name}_env"));
        self.secret_elsewhere(table, name, form)
    }

    /// The secret in `name_file` or `name_env`, for a `name` that may also be in the configuration itself.
    pub(super) fn secret_elsewhere(&self, table: &mut Table<'_>, name: &str, form: Form) -> Option<Secret> {
        let [file, variable] = [format!("{name}_file"), format!("{name}_env")];
        match (table.text(file), table.text(variable)) {
            (Some(file), Some(_)) => {
                file.place.problem(format!("{name}_env is given too: remove one of the two"));
                None
            }
            (file, variable) => self.read_secret(file, variable, form),
        }
    }

    /// The one line that `file` or `env` of `table` gives, one of which is required.
    pub(super) fn secret_in_table(&self, table: &mut Table<'_>) -> Option<Secret> {
        let (file, variable) = (table.text("file"), table.text("env"));
        if file.is_some() == variable.is_some() {
            let problem = if file.is_some() { "is given twice" } else { "is missing" };
            table.place.problem(format!("{problem}: give either {{ file = \"…\" }} or {{ env = \"NAME\" }}"));
            return None;
        }
        self.read_secret(file, variable, Form::Line)
    }

    fn read_secret(
        &self,
        file: Option<Field<'_, String>>,
        variable: Option<Field<'_, String>>,
        form: Form,
    ) -> Option<Secret> {
        match (file, variable) {
            (Some(file), _) => self.secret_in_file(&file, form),
            (None, Some(variable)) => self.secret_in_variable(&variable, form),
            (None, None) => None,
        }
    }

    fn secret_in_file(&self, field: &Field<'_, String>, form: Form) -> Option<Secret> {
        let place = &field.place;
        let typed = field.parse(|typed| {
            if typed.starts_with("user:") || typed.starts_with("whsec_") || typed.contains("://") {
                return Err(
                    "must be the path of a file that holds the secret, not the secret itself".to_owned()
                );
            }
            values::path(typed, self.environment)
        })?;
        let (path, is_credential) = self.find_file(&typed);
        let content = regular_file::read(&path, MAX_FILE).and_then(|(bytes, metadata)| {
            let mode = metadata.permissions().mode();
            // systemd protects its credentials by other means than the mode, which may show the group's bits.
            if mode & 0o077 != 0 && !is_credential {
                let (name, mode) = (shown(&typed, &path), mode & 0o777);
                let file = if is_hidden(&typed) { String::new() } else { format!(" {name}") };
                place.warning(format!("{name} can be read by others (mode {mode:04o}): chmod 600{file}"));
            }
            regular_file::decode(bytes)
        });
        let elsewhere = if is_credential || self.credential_paths(&typed).is_empty() {
            ""
        } else {
            ", nor is it among the credentials that the service was started with"
        };
        let refuse = |error: FileError| {
            let next = match &error {
                FileError::Io(error) if error.kind() == ErrorKind::NotFound => {
                    ": create it with the secret in it, or correct the path"
                }
                FileError::Io(error) if error.kind() == ErrorKind::PermissionDenied => {
                    ": give it to the user that runs this program (chown, and chmod 600)"
                }
                _ => "",
            };
            place.problem(format!("{} {error}{elsewhere}{next}", shown(&typed, &path)));
        };
        let content = content.map_err(refuse).ok()?;
        let value = check(&content, form, &shown(&typed, &path), place)?;
        let origin = if is_credential { Origin::Credential(path) } else { Origin::File(path) };
        Some(Secret { value, origin })
    }

    fn secret_in_variable(&self, field: &Field<'_, String>, form: Form) -> Option<Secret> {
        let place = &field.place;
        let name = field.parse(variable_name)?;
        let Some(content) = self.environment.variable(&name) else {
            // Names of variables are upper case; anything else may be the secret itself.
            let named = if name.chars().any(|c| c.is_ascii_lowercase()) { "named here" } else { &name };
            place.problem(format!(
                "the environment variable {named} is not set: set it where this program is started (by default sudo and cron do not pass it on)"
            ));
            return None;
        };
        let Some(content) = content.to_str() else {
            place.problem(format!("the environment variable {name} is not UTF-8"));
            return None;
        };
        let value = check(content, form, &format!("the environment variable {name}"), place)?;
        Some(Secret { value, origin: Origin::Environment(name) })
    }

    /// The file that `typed` names, and whether it is one of systemd's credentials.
    fn find_file(&self, typed: &Path) -> (PathBuf, bool) {
        let credential = self.credential_paths(typed).into_iter().find(|path| path.exists());
        credential.map_or_else(|| (self.folder.join(typed), false), |path| (path, true))
    }

    /// Where systemd may have put it: under its own name, or, of a folder that was passed whole, as `folder_file`
    /// (`LoadCredential=` in systemd.exec(5)).
    fn credential_paths(&self, typed: &Path) -> Vec<PathBuf> {
        match self.environment.path(CREDENTIALS) {
            Some(folder) if typed.is_relative() => {
                let flat = typed.to_str().map(|typed| folder.join(typed.replace('/', "_")));
                [Some(folder.join(typed)), flat].into_iter().flatten().collect()
            }
            _ => Vec::new(),
        }
    }
}

/// The token in an environment variable; problems with it are recorded at `place`.
pub(super) fn token_in_variable(value: &OsStr, place: &Place<'_>) -> Option<SecretString> {
    let Some(value) = value.to_str() else {
        place.problem("is not UTF-8");
        return None;
    };
    check(value, Form::Token, "it", place)
}

/// A table that gives the secret `name` as `origin` says, for one that an option of the command line or a variable names.
pub(super) fn table_with<'f>(name: &str, origin: &Origin, place: Place<'f>) -> Option<Table<'f>> {
    let (key, typed) = match origin {
        Origin::File(path) | Origin::Credential(path) => (format!("{name}_file"), path.to_str()),
        Origin::Environment(variable) => (format!("{name}_env"), Some(variable.as_str())),
        Origin::Inline => (name.to_owned(), Some("")),
    };
    let Some(typed) = typed else {
        place.member(&key).problem("is not UTF-8");
        return None;
    };
    let mut values = DeTable::new();
    let value = DeValue::String(typed.to_owned().into());
    values.insert(Spanned::new(0..0, key.into()), Spanned::new(0..0, value));
    Some(Table::new(place, values))
}

/// The token in the file at `path` now, if it is a valid one.
pub(super) fn token_in_file(path: &Path) -> Option<SecretString> {
    let diagnostics = Diagnostics::default();
    let place = Place::root("the token's file", &diagnostics);
    let content =
        regular_file::read(path, MAX_FILE).and_then(|(bytes, _)| regular_file::decode(bytes)).ok()?;
    check(&content, Form::Token, "it", &place)
}

/// Whether `name` is given as a file or a variable.
pub(super) fn is_given(table: &Table<'_>, name: &str) -> bool {
    table.has(&format!("{name}_file")) || table.has(&format!("{name}_env"))
}

/// Whether the name of a file may be the secret itself.
fn is_hidden(typed: &Path) -> bool {
    secret_shape::is_secret(&typed.to_string_lossy())
}

/// How a message names the file at `path`, which was typed as `typed`: perhaps that is the secret itself.
fn shown(typed: &Path, path: &Path) -> String {
    if is_hidden(typed) {
        "the file named here (its name looks like a secret: give the path of a file that holds it)".to_owned()
    } else {
        path.display().to_string()
    }
}

fn variable_name(typed: &str) -> Result<String, &'static str> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if typed.is_empty() || typed.starts_with(|c: char| c.is_ascii_digit()) || !typed.chars().all(is_name) {
        return Err(
            "must be the name of an environment variable that holds the secret: letters, digits and _",
        );
    }
    Ok(typed.to_owned())
}

/// `content` without its trailing newline, when it is what `form` allows; `holder` names the file or variable in problems.
pub(super) fn check(content: &str, form: Form, holder: &str, place: &Place<'_>) -> Option<SecretString> {
    let content = content.strip_prefix(regular_file::BYTE_ORDER_MARK).unwrap_or(content);
    let line = content.strip_suffix('\n').map_or(content, |line| line.strip_suffix('\r').unwrap_or(line));
    let is_allowed = |c: char| match form {
        Form::Token | Form::Key => c.is_ascii_graphic() && !matches!(c, '"' | '\'' | '='),
        Form::Url => c.is_ascii_graphic(),
        Form::Line => !c.is_control(),
        Form::Lines => !c.is_control() || c == '\n' || c == '\r',
    };
    let expected = match form {
        Form::Token => {
            "it must be the token alone, as useapi.net shows it: `user:<digits>-<letters and digits>`"
        }
        Form::Key => "it must be the token or key alone, on one line",
        Form::Url => "it must be the address alone, on one line",
        Form::Line => "it must be one line of text",
        Form::Lines => "it must be lines of text",
    };
    if line.is_empty() {
        place.problem(format!("{holder} is empty; {expected}"));
        return None;
    }
    let Some(found) = line.chars().find(|c| !is_allowed(*c)) else {
        return Some(SecretString::from(line));
    };
    let found = if matches!(form, Form::Token | Form::Key) && line.starts_with("Bearer ") {
        "begins with \"Bearer \""
    } else if form == Form::Token && line.starts_with("USEAPI_TOKEN=") {
        "begins with \"USEAPI_TOKEN=\""
    } else {
        match found {
            '\n' | '\r' => "has more than one line",
            '"' | '\'' => "holds a quote",
            '=' => "holds `=`",
            ' ' | '\t' => "holds a space",
            c if c.is_control() => "holds a control character",
            _ => "holds a character beyond ASCII",
        }
    };
    place.problem(format!("{holder} {found}; {expected}"));
    None
}

#[cfg(test)]
mod tests;

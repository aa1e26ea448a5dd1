//! Secrets: each given as exactly one of `X_file` and `X_env`, never in the configuration itself.
//!
//! Promises: no content of a secret reaches a message, not even of one that was typed in the wrong place: a path or a
//! name that looks like the secret itself is not echoed. Leaves the meaning of the text to the section that asked.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::environment::Environment;
use super::model::{Origin, Secret};
use super::outside::{self, FileError};
use super::problem::Findings;
use super::reader::{Field, Place, Table};
use super::secret_shape;

/// Where systemd puts a unit's credentials.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// No secret is longer; a path such as `/dev/zero` must not fill the memory.
const LARGEST: u64 = 64 * 1024;

/// What may stand in a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// An API token: visible ASCII. A quote or `=` tells that the file holds more than the token (`TOKEN="…"`), which the
    /// vendor would refuse at night.
    Token,
    /// Visible ASCII, as it travels in an address.
    Url,
    /// One line of any text.
    Line,
    /// Several lines.
    Lines,
}

/// Where secrets are looked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Secrets<'a> {
    /// For `X_env`, and the credentials' folder.
    pub(super) environment: &'a Environment,
    /// For relative paths in `X_file`.
    pub(super) folder: &'a Path,
}

impl Secrets<'_> {
    /// The secret `name` of `table`, which must be given.
    pub(super) fn required(&self, table: &mut Table<'_>, name: &str) -> Option<Secret> {
        if !table.has(name) && !is_given(table, name) {
            table.problem(name, format!("is missing: give {name}_file or {name}_env"));
        }
        self.optional(table, name, Form::Token)
    }

    /// The secret `name` of `table`, when it is given.
    pub(super) fn optional(&self, table: &mut Table<'_>, name: &str, form: Form) -> Option<Secret> {
        let never = format!("a secret never stands in the file: give {name}_file or {name}_env");
        table.refuse(name, &never);
        self.elsewhere(table, name, form)
    }

    /// What `name_file` or `name_env` gives, when one of them is there; for a `name` that may also stand in the file.
    pub(super) fn elsewhere(&self, table: &mut Table<'_>, name: &str, form: Form) -> Option<Secret> {
        let both = table.has(&format!("{name}_file")) && table.has(&format!("{name}_env"));
        let (file, variable) = (table.text(&format!("{name}_file")), table.text(&format!("{name}_env")));
        if both {
            table.problem(name, format!("is given twice: give either {name}_file or {name}_env"));
            return None;
        }
        match (file, variable) {
            (Some(file), _) => self.in_file(file, form),
            (None, Some(variable)) => self.in_environment(variable, form),
            (None, None) => None,
        }
    }

    /// The one line that `file` or `env` of `table` gives, one of which must be there.
    pub(super) fn in_table(&self, table: &mut Table<'_>) -> Option<Secret> {
        let (file, variable) = (table.text("file"), table.text("env"));
        match (file, variable) {
            (Some(_), Some(_)) => {
                table.place.problem("is given twice: give either file or env");
                None
            }
            (Some(file), None) => self.in_file(file, Form::Line),
            (None, Some(variable)) => self.in_environment(variable, Form::Line),
            (None, None) => {
                table.place.problem("is missing: give { file = \"…\" } or { env = \"NAME\" }");
                None
            }
        }
    }

    fn in_file(&self, field: Field<'_, String>, form: Form) -> Option<Secret> {
        let place = field.place.clone();
        let typed = field.read(path)?;
        let (path, is_credential) = self.find(&typed);
        let content = outside::read(&path, LARGEST).and_then(|(bytes, metadata)| {
            let mode = metadata.permissions().mode();
            // systemd guards its credentials by other means than the mode, which may show the group's bits.
            if mode & 0o077 != 0 && !is_credential {
                let mode = mode & 0o777;
                place.warning(format!("{} can be read by others (mode {mode:04o})", shown(&typed, &path)));
            }
            outside::decode(bytes)
        });
        let elsewhere = if is_credential || self.credentials(&typed).is_empty() {
            ""
        } else {
            ", and it is not among the service's credentials (those are loaded when it starts)"
        };
        let refuse = |error: FileError| place.problem(format!("{} {error}{elsewhere}", shown(&typed, &path)));
        let content = content.map_err(refuse).ok()?;
        let value = sound(&content, form, &shown(&typed, &path), &place)?;
        let origin = if is_credential { Origin::Credential(path) } else { Origin::File(path) };
        Some(Secret { value, origin })
    }

    fn in_environment(&self, field: Field<'_, String>, form: Form) -> Option<Secret> {
        let place = field.place.clone();
        let name = field.read(variable)?;
        let Some(content) = self.environment.variable(&name) else {
            // Names of variables are upper case; anything else may be the secret itself.
            let named = if name.chars().any(|c| c.is_ascii_lowercase()) { "named here" } else { &name };
            place.problem(format!("the environment variable {named} is not set"));
            return None;
        };
        let Some(content) = content.to_str() else {
            place.problem(format!("the environment variable {name} is not UTF-8"));
            return None;
        };
        let value = sound(content, form, &format!("the environment variable {name}"), &place)?;
        Some(Secret { value, origin: Origin::Environment(name) })
    }

    /// The file that `typed` names, and whether it is one of systemd's credentials.
    fn find(&self, typed: &Path) -> (PathBuf, bool) {
        let credential = self.credentials(typed).into_iter().find(|path| path.exists());
        credential.map_or_else(|| (self.folder.join(typed), false), |path| (path, true))
    }

    /// Where systemd may have put it: a file of its own name, or, of a folder that was passed whole, `folder_file`
    /// (`LoadCredential=` in systemd.exec(5)).
    fn credentials(&self, typed: &Path) -> Vec<PathBuf> {
        match self.environment.path(CREDENTIALS) {
            Some(folder) if typed.is_relative() => {
                let flat = typed.to_str().map(|typed| folder.join(typed.replace('/', "_")));
                [Some(folder.join(typed)), flat].into_iter().flatten().collect()
            }
            _ => Vec::new(),
        }
    }
}

/// The token that stands in an environment variable nobody had to name; problems with it go to `place`.
pub(super) fn token(value: &OsStr, place: &Place<'_>) -> Option<SecretString> {
    let Some(value) = value.to_str() else {
        place.problem("is not UTF-8");
        return None;
    };
    sound(value, Form::Token, "it", place)
}

/// The token that stands in the file at `path` now, if it is a sound one.
pub(super) fn token_in_file(path: &Path) -> Option<SecretString> {
    let findings = Findings::default();
    let place = Place::root("the token's file", &findings);
    let content = outside::read(path, LARGEST).and_then(|(bytes, _)| outside::decode(bytes)).ok()?;
    sound(&content, Form::Token, "it", &place)
}

/// Whether `name` is given as a file or a variable.
pub(super) fn is_given(table: &mut Table<'_>, name: &str) -> bool {
    table.has(&format!("{name}_file")) || table.has(&format!("{name}_env"))
}

fn path(typed: String) -> Result<PathBuf, &'static str> {
    if typed.is_empty() {
        return Err("is empty: give the path of a file");
    }
    if typed.starts_with("user:") || typed.starts_with("whsec_") || typed.contains("://") {
        return Err("must be the path of a file that holds the secret, not the secret itself");
    }
    Ok(PathBuf::from(typed))
}

/// How a message names the file at `path`, which was typed as `typed`: perhaps that is the secret itself.
fn shown(typed: &Path, path: &Path) -> String {
    if secret_shape::is_secret(&typed.to_string_lossy()) {
        "the file named here (its name looks like a secret: give the path of a file that holds it)".to_owned()
    } else {
        path.display().to_string()
    }
}

fn variable(typed: String) -> Result<String, &'static str> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if typed.is_empty() || typed.starts_with(|c: char| c.is_ascii_digit()) || !typed.chars().all(is_name) {
        return Err(
            "must be the name of an environment variable that holds the secret: letters, digits and _",
        );
    }
    Ok(typed)
}

/// `content` without its trailing newline, when it is what `form` allows.
pub(super) fn sound(content: &str, form: Form, whose: &str, place: &Place<'_>) -> Option<SecretString> {
    let content = content.strip_prefix(outside::BYTE_ORDER_MARK).unwrap_or(content);
    let line = content.strip_suffix('\n').map_or(content, |line| line.strip_suffix('\r').unwrap_or(line));
    let allowed = |c: char| match form {
        Form::Token => c.is_ascii_graphic() && !matches!(c, '"' | '\'' | '='),
        Form::Url => c.is_ascii_graphic(),
        Form::Line => !c.is_control(),
        Form::Lines => !c.is_control() || c == '\n' || c == '\r',
    };
    if line.is_empty() {
        place.problem(format!("{whose} is empty"));
        return None;
    }
    if !line.chars().all(allowed) {
        let what = match form {
            Form::Token => "a space, a quote, `=` or another character",
            Form::Url => "a space or another character",
            Form::Line | Form::Lines => "a control character",
        };
        place.problem(format!("{whose} holds {what} that cannot stand in this secret"));
        return None;
    }
    Some(SecretString::from(line))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use secrecy::ExposeSecret as _;

    use super::super::file::Text;
    use super::super::problem::Problem;
    use super::*;

    /// A folder of secrets beside the configuration and one of credentials.
    struct Folders {
        beside: tempfile::TempDir,
        credentials: tempfile::TempDir,
    }

    impl Folders {
        fn new() -> Self {
            Self { beside: tempfile::tempdir().unwrap(), credentials: tempfile::tempdir().unwrap() }
        }

        fn write(folder: &tempfile::TempDir, name: &str, content: &[u8], mode: u32) {
            let path = folder.path().join(name);
            std::fs::write(&path, content).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        }

        /// What `content` gives as the secret `token`, with every problem or else every warning.
        fn token(&self, content: &str, form: Form) -> (Option<Secret>, String) {
            let environment: Environment = [
                ("TOKEN", "user:1-env".into()),
                ("BLANK", std::ffi::OsString::new()),
                ("CREDENTIALS_DIRECTORY", self.credentials.path().into()),
            ]
            .into_iter()
            .collect();
            let text = Text { name: "a.toml".into(), folder: PathBuf::new(), content: content.into() };
            let findings = Findings::default();
            let mut table = Table::new(Place::root("a.toml", &findings), text.parse(&text.content).unwrap());
            let secrets = Secrets { environment: &environment, folder: self.beside.path() };
            let secret = match form {
                Form::Token => secrets.required(&mut table, "token"),
                Form::Url | Form::Line | Form::Lines => secrets.optional(&mut table, "token", form),
            };
            table.finish();
            let told = match findings.verdict(Some(())) {
                Ok(((), warnings)) => warnings.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n"),
                Err(problems) => problems.to_string(),
            };
            (secret, told.replace(&self.beside.path().display().to_string(), "BESIDE"))
        }
    }

    fn exposed(secret: Option<Secret>) -> String {
        secret.map(|secret| secret.value.expose_secret().to_owned()).unwrap_or_default()
    }

    #[test]
    fn one_trailing_newline_is_not_part_of_a_secret() {
        let folders = Folders::new();
        for (content, form, secret) in [
            ("user:1-a", Form::Token, "user:1-a"),
            ("user:1-a\n", Form::Token, "user:1-a"),
            ("user:1-a\r\n", Form::Token, "user:1-a"),
            ("\u{feff}user:1-a\n", Form::Token, "user:1-a"),
            ("pass word \n", Form::Line, "pass word "),
            ("a\nb\n", Form::Lines, "a\nb"),
        ] {
            Folders::write(&folders.beside, "t", content.as_bytes(), 0o600);
            let (found, told) = folders.token("token_file = 't'", form);
            assert_eq!((exposed(found).as_str(), told.as_str()), (secret, ""));
        }
    }

    #[test]
    fn a_relative_path_is_looked_up_in_the_credentials_first() {
        let folders = Folders::new();
        Folders::write(&folders.beside, "t", b"beside", 0o600);
        assert_eq!(exposed(folders.token("token_file = 't'", Form::Token).0), "beside");
        Folders::write(&folders.credentials, "t", b"credential", 0o440);
        let (secret, told) = folders.token("token_file = 't'", Form::Token);
        let origin = secret.as_ref().map(|secret| secret.origin.clone());
        assert_eq!(origin, Some(Origin::Credential(folders.credentials.path().join("t"))));
        assert_eq!((exposed(secret).as_str(), told.as_str()), ("credential", ""));
        let absolute = format!("token_file = '{}'", folders.beside.path().join("t").display());
        assert_eq!(exposed(folders.token(&absolute, Form::Token).0), "beside");
    }

    #[test]
    fn a_file_that_others_can_read_is_a_warning() {
        let folders = Folders::new();
        Folders::write(&folders.beside, "t", b"user:1-a", 0o644);
        let (secret, told) = folders.token("token_file = 't'", Form::Token);
        assert_eq!(exposed(secret), "user:1-a");
        assert_eq!(told, "a.toml: token_file: BESIDE/t can be read by others (mode 0644)");
    }

    #[test]
    fn an_environment_variable_gives_a_secret() {
        let (secret, told) = Folders::new().token("token_env = 'TOKEN'", Form::Token);
        let origin = secret.as_ref().map(|secret| secret.origin.to_string());
        assert_eq!(origin.as_deref(), Some("environment variable TOKEN"));
        assert_eq!((exposed(secret).as_str(), told.as_str()), ("user:1-env", ""));
    }

    #[test]
    fn a_faulty_secret_is_told_by_its_path_and_never_by_its_content() {
        let folders = Folders::new();
        let large = vec![b'h'; 70_000];
        let files: [(&str, &[u8]); 6] = [
            ("wide", b"\xff\xfeh\0u\0s\0h\0"),
            ("empty", b"\n"),
            ("spaced", b"user:1-hush hush"),
            ("lines", b"user:1-hush\nmore\n"),
            ("latin1", b"user:1-hush\xe9"),
            ("large", &large),
        ];
        std::fs::create_dir(folders.beside.path().join("folder")).unwrap();
        for (name, content) in files {
            Folders::write(&folders.beside, name, content, 0o600);
        }
        for (content, reason) in [
            ("token_file = 'empty'", "token_file: BESIDE/empty is empty"),
            (
                "token_file = 'spaced'",
                "token_file: BESIDE/spaced holds a space, a quote, `=` or another character",
            ),
            (
                "token_file = 'lines'",
                "token_file: BESIDE/lines holds a space, a quote, `=` or another character",
            ),
            ("token_file = 'latin1'", "token_file: BESIDE/latin1 is not UTF-8"),
            ("token_file = 'wide'", "token_file: BESIDE/wide is UTF-16, not UTF-8: save it as UTF-8"),
            ("token_file = 'large'", "token_file: BESIDE/large is too large: more than 64 KiB"),
            ("token_file = '/dev/zero'", "token_file: /dev/zero is a device, not a regular file"),
            (
                "token_file = '4242-hushHush1'",
                "token_file: the file named here (its name looks like a secret",
            ),
            ("token_file = 'absent'", "token_file: BESIDE/absent cannot be read: No such file"),
            ("token_file = 'folder'", "token_file: BESIDE/folder is a folder, not a regular file"),
            ("token_file = ''", "token_file: is empty"),
            ("token_file = 'user:1-hush'", "token_file: must be the path of a file that holds the secret"),
            ("token_file = ['user:1-hush']", "token_file: must be text, not a list"),
            ("token_env = 'user:1-hush'", "token_env: must be the name of an environment variable"),
            ("token_env = 'hush0hush'", "token_env: the environment variable named here is not set"),
            ("token_env = 'ABSENT'", "token_env: the environment variable ABSENT is not set"),
            ("token_env = 'BLANK'", "token_env: the environment variable BLANK is empty"),
            ("token_env = 'TOKEN'\ntoken_file = 'x'", "token: is given twice"),
            ("token = 'user:1-hush'", "token: a secret never stands in the file"),
            ("", "token: is missing: give token_file or token_env"),
        ] {
            let (secret, told) = folders.token(content, Form::Token);
            assert!(secret.is_none(), "{content}");
            assert!(told.starts_with(&format!("a.toml: {reason}")), "{told}");
            assert!(!told.contains("hush") && !told.contains('\n'), "{told}");
        }
    }
}

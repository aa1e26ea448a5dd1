use std::os::unix::fs::PermissionsExt as _;

use secrecy::ExposeSecret as _;

use super::super::diagnostics::Problem;
use super::super::environment::Environment;
use super::super::file::Text;
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

    /// The secret `token` of the file `typed`, with every problem or else every warning.
    fn token(&self, typed: &str, form: Form) -> (Option<Secret>, String) {
        let environment: Environment = [
            ("TOKEN", "user:1-env".into()),
            ("BLANK", std::ffi::OsString::new()),
            ("HOME", "/home/ops".into()),
            ("CREDENTIALS_DIRECTORY", self.credentials.path().into()),
        ]
        .into_iter()
        .collect();
        let text = Text::new("a.toml".into(), PathBuf::new(), typed.into());
        let diagnostics = Diagnostics::default();
        let mut table = Table::new(Place::file(&text, &diagnostics), text.parse().unwrap());
        let (folder, now) = (self.beside.path(), chrono::DateTime::UNIX_EPOCH);
        let context = Context { environment: &environment, folder, now };
        let secret = match form {
            Form::Token => context.required_secret(&mut table, "token", form),
            Form::Key | Form::Url | Form::Line | Form::Lines => context.secret(&mut table, "token", form),
        };
        table.finish();
        let message = match diagnostics.finish(Some(())) {
            Ok(((), warnings)) => warnings.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n"),
            Err(problems) => problems.to_string(),
        };
        (secret, message.replace(&self.beside.path().display().to_string(), "BESIDE"))
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
        let (found, message) = folders.token("token_file = 't'", form);
        assert_eq!((exposed(found).as_str(), message.as_str()), (secret, ""));
    }
}

#[test]
fn a_relative_path_is_looked_up_in_the_credentials_first() {
    let folders = Folders::new();
    Folders::write(&folders.beside, "t", b"beside", 0o600);
    assert_eq!(exposed(folders.token("token_file = 't'", Form::Token).0), "beside");
    Folders::write(&folders.credentials, "t", b"credential", 0o440);
    let (secret, message) = folders.token("token_file = 't'", Form::Token);
    let origin = secret.as_ref().map(|secret| secret.origin.clone());
    assert_eq!(origin, Some(Origin::Credential(folders.credentials.path().join("t"))));
    assert_eq!((exposed(secret).as_str(), message.as_str()), ("credential", ""));
    let absolute = format!("token_file = '{}'", folders.beside.path().join("t").display());
    assert_eq!(exposed(folders.token(&absolute, Form::Token).0), "beside");
}

#[test]
fn a_file_that_others_can_read_is_a_warning() {
    let folders = Folders::new();
    Folders::write(&folders.beside, "t", b"user:1-a", 0o644);
    let (secret, message) = folders.token("token_file = 't'", Form::Token);
    assert_eq!(exposed(secret), "user:1-a");
    assert_eq!(
        message,
        "a.toml:1: token_file: BESIDE/t can be read by others (mode 0644): chmod 600 BESIDE/t"
    );
}

#[test]
fn an_environment_variable_gives_a_secret() {
    let (secret, message) = Folders::new().token("token_env = 'TOKEN'", Form::Token);
    let origin = secret.as_ref().map(|secret| secret.origin.to_string());
    assert_eq!(origin.as_deref(), Some("environment variable TOKEN"));
    assert_eq!((exposed(secret).as_str(), message.as_str()), ("user:1-env", ""));
}

#[test]
fn an_invalid_secret_is_named_by_its_path_and_never_by_its_content() {
    let folders = Folders::new();
    let large = vec![b'h'; 70_000];
    let files: [(&str, &[u8]); 10] = [
        ("quoted", b"\"user:1-hush\""),
        ("bearer", b"Bearer user:1-hush"),
        ("assigned", b"USEAPI_TOKEN=user:1-hush"),
        ("other", b"TOKEN=user:1-hush"),
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
        ("token_file = 'spaced'", "token_file: BESIDE/spaced holds a space; it must be the token alone, as"),
        ("token_file = 'lines'", "token_file: BESIDE/lines has more than one line; it must be the token"),
        ("token_file = 'quoted'", "token_file: BESIDE/quoted holds a quote; it must be the token alone"),
        ("token_file = 'bearer'", "token_file: BESIDE/bearer begins with \"Bearer \"; it must be the token"),
        ("token_file = 'assigned'", "token_file: BESIDE/assigned begins with \"USEAPI_TOKEN=\"; it must be"),
        ("token_file = 'other'", "token_file: BESIDE/other holds `=`; it must be the token alone"),
        (
            "token_file = '~/token'",
            "token_file: `~` is not expanded: write the full path, such as /home/ops/token",
        ),
        ("token_file = '~ops/token'", "token_file: `~` is not expanded: write the full path"),
        ("token_file = \"C:\\temp\"", "token_file: holds a control character: in \"…\" a backslash begins"),
        ("token_file = 'latin1'", "token_file: BESIDE/latin1 is not UTF-8"),
        ("token_file = 'wide'", "token_file: BESIDE/wide is UTF-16, not UTF-8: save it as UTF-8"),
        ("token_file = 'large'", "token_file: BESIDE/large is too large: more than 64 KiB"),
        ("token_file = '/dev/zero'", "token_file: /dev/zero is a device, not a regular file"),
        ("token_file = '4242-hushHush1'", "token_file: the file named here (its name looks like a secret"),
        (
            "token_file = 'absent'",
            "token_file: BESIDE/absent cannot be read: No such file or directory (os error 2), nor is it among the \
             credentials that the service was started with: create it with the secret in it, or correct the path",
        ),
        ("token_file = 'folder'", "token_file: BESIDE/folder is a folder, not a regular file"),
        ("token_file = ''", "token_file: is empty"),
        ("token_file = 'user:1-hush'", "token_file: must be the path of a file that holds the secret"),
        ("token_file = ['user:1-hush']", "token_file: must be text, not a list"),
        ("token_env = 'user:1-hush'", "token_env: must be the name of an environment variable"),
        ("token_env = 'hush0hush'", "token_env: the environment variable named here is not set"),
        ("token_env = 'ABSENT'", "token_env: the environment variable ABSENT is not set"),
        ("token_env = 'BLANK'", "token_env: the environment variable BLANK is empty"),
        (
            "token_env = 'TOKEN'\ntoken_file = 'x'",
            "token_file: token_env is given too: remove one of the two",
        ),
        ("token = 'user:1-hush'", "token: a secret must not be in the file"),
        ("", "token is missing: give token_file or token_env"),
    ] {
        let (secret, message) = folders.token(content, Form::Token);
        assert!(secret.is_none(), "{content}");
        let message = message.replacen("a.toml:1: ", "a.toml: ", 1).replacen("a.toml:2: ", "a.toml: ", 1);
        assert!(message.starts_with(&format!("a.toml: {reason}")), "{message}");
        assert!(!message.contains("hush") && !message.contains('\n'), "{message}");
    }
}

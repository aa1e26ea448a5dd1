//! Any text as configuration, override or secret.

use proptest::prelude::*;

use super::*;
use crate::config::properties::{check_configuration, check_secret};
use crate::tests::{mutated, mutated_text};

/// Lines as an operator in a hurry might type them.
fn line() -> impl Strategy<Value = String> {
    let header = prop::sample::select(vec![
        "[[subscriptions]]",
        "[[subscriptions.accounts]]",
        "[[receivers]]",
        "[receivers.smtp]",
        "[api]",
        "[schedule]",
        "[expiry]",
        "[store]",
        "[\"receivers[99999999999]\"]",
    ])
    .prop_map(str::to_owned);
    let key = prop::sample::select(vec![
        "name",
        "token",
        "token_env",
        "accounts",
        "id",
        "type",
        "smtp",
        "to",
        "kinds",
        "timeout",
        "cron",
        "timezone",
        "quiet_hours",
        "digest",
        "lead_times",
        "max_body",
        "path",
        "keep",
        "fallback",
        "url",
        "'a.b'",
        "\"receivers[-9]\"",
    ]);
    let value = prop::sample::select(vec![
        "1",
        "-1",
        "1e400",
        "nan",
        "true",
        "''",
        "'*'",
        "['*', 1]",
        "[]",
        "{}",
        "[{}]",
        "[[{}]]",
        "'email'",
        "'webhook'",
        "'TOKEN'",
        "1979-05-27",
        "'1d'",
        "{ host = 'x', port = 99999999 }",
        "'\u{1F980}'",
        "\"\\u0000\"",
    ])
    .prop_map(str::to_owned);
    let pair =
        (key, prop_oneof![4 => value, 1 => "\\PC*"]).prop_map(|(key, value)| format!("{key} = {value}"));
    prop_oneof![2 => header, 6 => pair, 1 => "\\PC*"]
}

proptest! {
    #[test]
    fn any_lines_are_accepted_or_refused_without_a_panic(
        lines in prop::collection::vec(line(), 0..12),
        name in "(API|EXPIRY|STORE|RECEIVERS|[A-Z]{0,5})(__)?[A-Za-z_\\[\\].0-9]{0,8}",
        value in "\\PC*",
    ) {
        let environment = [("TOKEN".to_owned(), "t".to_owned()), (format!("MINIMAX_WATCH__{name}"), value)];
        if let Err(problems) = with(&lines.join("\n"), &environment.into_iter().collect()) {
            prop_assert!(!problems.problems.is_empty());
        }
    }
}

/// A file that is accepted, with each section in it.
fn whole() -> String {
    format!(
        "{BASE}[[subscriptions.accounts]]\nid = '007'\nname = 'studio'\n[[subscriptions.accounts]] # two\nid = '8'\n[api]\nmax_body = '1MiB'\ntimeout = '5s'\n\
         [schedule]\ncron = '*/15 1-5 * jan fri-sun'\ntimezone = 'Europe/Berlin'\n[expiry]\nlead_times = ['7d', '1h']\n\
         [store]\npath = 'watch.db'\n{MAIL}smtp = {{ host = 'mx.example.com', username = 'u', password_env = 'PASSWORD' }}\n\
         {HOOK}url_env = 'URL'\nsecret_env = 'SIGNING'\naccounts = ['studio-{{a,b}}*']\nfallback = 'mail'\n\
         timezone = 'Europe/Berlin'\nquiet_hours = '22:00-07:00'\n"
    )
}

#[test]
fn the_file_that_is_mutated_is_accepted() {
    with(&whole(), &environment()).unwrap();
}

proptest! {
    #[test]
    fn any_configuration_is_accepted_or_refused_by_bounded_printable_messages_without_secrets(
        any in any::<String>(),
        file in mutated_text(&whole()),
        name in "(API|EXPIRY|STORE|SCHEDULE|RECEIVERS|[A-Z]{0,5})(__)?[A-Za-z_\\[\\].0-9]{0,12}",
        value in prop_oneof![any::<String>(), mutated_text("7d, 1h")],
    ) {
        check_configuration(&any, (&name, &value));
        check_configuration(&file, (&name, &value));
        // What is accepted is valid by the schema.
        let _ = with(&file, &environment());
    }

    #[test]
    fn any_secret_is_accepted_unchanged_or_refused_without_being_quoted(
        any in prop::collection::vec(any::<u8>(), 0..200),
        token in mutated("\u{feff}user:1234-abcDEF567890\r\n"),
        lines in mutated("whsec_cGxhY2Vob2xkZXI=\nwhsec_cGxhY2Vob2xkZXI=\n"),
    ) {
        for content in [any, token, lines] {
            check_secret(&content);
        }
    }
}

/// Long runs of everything that nests or repeats: a recursive parser would overflow the stack of a test here, and a quadratic one would take
/// minutes.
#[test]
fn long_runs_in_a_file_are_read_in_linear_time_and_without_recursion() {
    const LONG: usize = 20_000;
    let mut files: Vec<String> = [
        "[",
        "{a=",
        "a.",
        "[[",
        "\"",
        "'",
        "\\",
        "=",
        "#",
        "9",
        "_",
        "\u{202e}",
        "a=1\n",
        "[[subscriptions]]\n",
        "[[subscriptions]]\n[[subscriptions.accounts]]\n",
        "[[subscriptions.accounts]]\n",
    ]
    .into_iter()
    .flat_map(|piece| {
        let run = piece.repeat(LONG / piece.len());
        [run.clone(), format!("{BASE}x = {run}"), format!("{BASE}[{run}1]\n"), format!("{BASE}{run}1 = 1\n")]
    })
    .collect();
    let keys: Vec<String> = (0..LONG / 10).map(|key| format!("k{key} = 1\n")).collect();
    let keys = keys.concat();
    files.push(format!("{BASE}[api]\n{keys}"));
    files.push(format!("{BASE}[api]\n{} = 1\n", "timeout".repeat(LONG / 7)));
    for key in [
        "[expiry]\nlead_times",
        "[schedule]\ncron",
        "[schedule]\ntimezone",
        "[api]\ntimeout",
        "[api]\nbase_url",
        "[store]\npath",
    ] {
        for piece in ["1,", "*/1,", "1s ", "9", "a.", "user:1", "a:@", "a-", "\u{fc}.", "../"] {
            let run = piece.repeat(LONG / piece.len());
            files.push(format!("{BASE}{key} = '{run}'\n"));
            files.push(format!("{BASE}{key} = ['{run}']\n"));
            check_configuration(BASE, ("EXPIRY__LEAD_TIMES", &run));
        }
        files.push(format!("{BASE}{key} = [{}]\n", "'x',1,".repeat(LONG / 6)));
    }
    for glob in ["{", "}", "*a", "[a-z]", "{a,", "[", "\\"] {
        files.push(format!(
            "{BASE}{HOOK}url_env = 'URL'\naccounts = ['{}']\n",
            glob.repeat(LONG / glob.len())
        ));
    }
    files.push(format!(
        "{BASE}{HOOK}url_env = 'URL'\naccounts = ['{}{}']\n",
        "{".repeat(LONG),
        "}".repeat(LONG)
    ));
    files.push(format!("{BASE}{HOOK}url_env = 'URL'\naccounts = [{}]\n", "'*a*',".repeat(LONG / 6)));
    for address in ["a.", "<", "(", "\u{fc}", "a@"] {
        let run = address.repeat(LONG / address.len());
        files.push(format!("{BASE}{MAIL}smtp = {{ host = '{run}' }}\n"));
        files.push(format!("{BASE}{}\n", MAIL.replace("ops@", &format!("{run}@"))));
    }
    for file in files {
        check_configuration(&file, ("API__TIMEOUT", "5s"));
    }
}

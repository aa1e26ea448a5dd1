//! Whatever is typed.

use proptest::prelude::*;

use super::*;

/// Lines as somebody in a hurry might type them.
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
    fn whatever_is_typed_is_answered_and_never_a_panic(
        lines in prop::collection::vec(line(), 0..12),
        name in "(API|EXPIRY|STORE|RECEIVERS|[A-Z]{0,5})(__)?[A-Za-z_\\[\\].0-9]{0,8}",
        value in "\\PC*",
    ) {
        let environment = [("TOKEN".to_owned(), "t".to_owned()), (format!("MINIMAX_WATCH__{name}"), value)];
        if let Err(problems) = with(&lines.join("\n"), &environment.into_iter().collect()) {
            prop_assert!(problems.iter().count() > 0);
        }
    }
}

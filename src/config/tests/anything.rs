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

    #[test]
    fn what_is_read_in_parts_means_what_it_means_as_a_whole(lines in prop::collection::vec(watched(), 0..16)) {
        let content = format!("{BASE}{}", lines.join("\n"));
        let text = Text { name: "a.toml".into(), folder: PathBuf::from("/"), content };
        if let Some((rest, accounts)) = apart::part(&text.content)
            && let Ok(parted) = understand(&text, &rest, &accounts, &environment(), now())
        {
            let whole = understand(&text, &text.content, &Vec::new(), &environment(), now());
            prop_assert_eq!(format!("{:?}", whole.unwrap()), format!("{parted:?}"));
        }
    }
}

/// Lines of accounts, most of which are right.
fn watched() -> impl Strategy<Value = String> {
    let usual =
        (0..40_u8, prop::sample::select(vec!["", "name = 'x'", "lead_times = ['1d']", "# no", "x = 1"]))
            .prop_map(|(id, more)| format!("[[subscriptions.accounts]]\nid = '{id}'\n{more}"));
    let odd = prop::sample::select(vec![
        "[[subscriptions]]\nname = 'two'\ntoken_env = 'TOKEN'\ndiscover = true",
        "[[subscriptions]]\nname = 'three'\ntoken_env = 'TOKEN'\naccounts = [\n  { id = '7' },\n]",
        "[api]\ntimeout = '3s'",
        "[subscriptions.accounts]",
        "[[ subscriptions.accounts ]]\nid = '50'",
        "lead_times = [\n[[subscriptions.accounts]]\nid = '51'\n[]\n]",
        "lead_times = [\n'2d',\n]",
        "name = \"\"\"",
        "",
    ])
    .prop_map(str::to_owned);
    prop_oneof![6 => usual, 1 => odd]
}

//! Recognises what looks like a secret, so that a misplaced one is not quoted.
//!
//! Guarantees: an API token, a signing secret, a login in an address and a long random word are recognised anywhere in a text; paths stay
//! readable. This is a guess: a short password that looks like a word is not recognised.

/// The text that replaces a secret.
pub(super) const HIDDEN: &str = "(hidden, looks like a secret)";

/// How a signing secret begins (Standard Webhooks).
const SIGNING: &str = "whsec_";

/// A part without `-` and `_` that is at least this long and mixes letters and digits counts as random.
const MIN_RANDOM: usize = 16;

/// The fewest characters after the number of an API token without its prefix.
const MIN_TOKEN_KEY: usize = 6;

/// The fewest characters after the number of a Telegram bot's token.
const MIN_BOT_KEY: usize = 20;

/// `text` with everything that looks like a secret replaced.
pub(super) fn redacted(text: &str) -> String {
    let ends_word = |c: char| c.is_whitespace() || "`\"'“”,;()[]{}<>|".contains(c);
    let mut redacted = String::with_capacity(text.len());
    for piece in text.split_inclusive(ends_word) {
        let word = piece.trim_end_matches(ends_word);
        let bare = word.trim_end_matches([':', '.', '?', '!']);
        if is_secret(bare) {
            redacted.push_str(HIDDEN);
            redacted.push_str(piece.get(bare.len()..).unwrap_or_default());
        } else {
            redacted.push_str(piece);
        }
    }
    redacted
}

/// Whether `word` looks like a secret.
pub(super) fn is_secret(word: &str) -> bool {
    if is_certainly_secret(word) {
        return true;
    }
    if word.starts_with(['/', '.', '~']) {
        return false;
    }
    let (word, is_address) = match word.split_once("://") {
        // The host of an address is not a secret.
        Some((_, rest)) => (rest.split_once(['/', '?', '#']).unwrap_or_default().1, true),
        None => (word, false),
    };
    let separates = |c: char| matches!(c, '/' | ':' | '=' | '@' | '&' | '?' | '#' | '.');
    word.split(separates).any(|part| is_random(part) || !is_address && is_bare_token(part))
}

/// Whether `text` holds an API token, a signing secret or a login, none of which is a name.
pub(super) fn is_certainly_secret(text: &str) -> bool {
    // Most names have neither: each of the three forms below has one of them.
    if !text.contains([':', '_']) {
        return false;
    }
    let is_token = |rest: &str| {
        let key = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        key.len() < rest.len() && key.strip_prefix('-').is_some_and(|key| key.starts_with(is_word))
    };
    // The token of a Telegram bot: its number, a colon, and a long word.
    let is_bot_token = |word: &str| {
        word.split_once(':').is_some_and(|(number, key)| {
            let key = key.trim_end_matches(|c: char| !is_word(c) && c != '-' && c != '_');
            let is_key =
                key.len() >= MIN_BOT_KEY && key.chars().all(|c| is_word(c) || matches!(c, '-' | '_'));
            is_key && number.ends_with(|c: char| c.is_ascii_digit())
        })
    };
    text.split_whitespace().any(is_bot_token)
        || text.split("user:").skip(1).any(is_token)
        || text.split(SIGNING).skip(1).any(|rest| rest.starts_with(is_word))
        || has_login(text)
}

/// `user:password@host`, with or without a scheme before it.
fn has_login(text: &str) -> bool {
    let text = text.split_once("://").map_or(text, |(_, rest)| rest);
    let authority = text.split(['/', '?', '#']).next().unwrap_or_default();
    let login = authority.rsplit_once('@').map(|(login, _)| login);
    login.and_then(|login| login.split_once(':')).is_some_and(|(user, password)| {
        !password.is_empty() && !user.contains(char::is_whitespace) && !password.contains(char::is_whitespace)
    })
}

/// `4242-abcdefgh`: an API token without its prefix.
fn is_bare_token(part: &str) -> bool {
    part.split_once('-').is_some_and(|(number, key)| {
        !number.is_empty()
            && number.chars().all(|c| c.is_ascii_digit())
            && key.len() >= MIN_TOKEN_KEY
            && key.chars().all(is_word)
            && key.contains(|c: char| c.is_ascii_alphabetic())
    })
}

fn is_random(part: &str) -> bool {
    part.split(['-', '_']).any(|piece| {
        piece.len() >= MIN_RANDOM
            && piece.chars().all(|c| is_word(c) || c == '+')
            && piece.contains(|c: char| c.is_ascii_digit())
            && piece.contains(|c: char| c.is_ascii_alphabetic())
    })
}

const fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_looks_like_a_secret_is_not_quoted() {
        for (text, shown) in [
            ("`user:1234-abc` is not a size", "`(hidden, looks like a secret)` is not a size"),
            ("`4242-s3cretT0ken` is not a glob: bad", "`(hidden, looks like a secret)` is not a glob: bad"),
            ("`user:PW@host` is not a host", "`(hidden, looks like a secret)` is not a host"),
            ("no https://a:b@h.example/x.", "no (hidden, looks like a secret)."),
            ("`whsec_aHVzaA==`", "`(hidden, looks like a secret)`"),
            (
                "/x/123456789:AAE-9xKabc_defghijk-lmnopqrs_tuvw is absent",
                "(hidden, looks like a secret) is absent",
            ),
            ("/etc/user:1-abc cannot be read", "(hidden, looks like a secret) cannot be read"),
            ("https://h.example/T000/Xa7b8c9d0e1f2g3h4i5", "(hidden, looks like a secret)"),
            (
                "unknown \"sk-0123456789abcdef0123\"; possible: a",
                "unknown \"(hidden, looks like a secret)\"; possible: a",
            ),
            ("MINIMAX=AbCdEfGh0123456789", "(hidden, looks like a secret)"),
        ] {
            assert_eq!(redacted(text), shown);
        }
    }

    #[test]
    fn ordinary_text_is_quoted() {
        for text in [
            "`7 parsecs` is not a length of time such as `90s`, `15m`, `12h` or `7d`",
            "/tmp/.tmp0a1B2c3D4e5F6g7H8/token cannot be read: No such file or directory (os error 2)",
            "`2026-11-29T06:18:02Z` is too early",
            "`Ops <ops@example.com>` and `mailto:ops` are addresses",
            "`studio-a`, `123456`, `my-receiver-of-the-year-2026`",
            "environment variable MINIMAX_WATCH__EXPIRY__LEAD_TIMES",
            "`[2001:db8::1]:587` https://hooks.example.com:8443/ http://127.0.0.1:9",
            "receivers[1].smtp.port: 70000 is not a port",
            "`*/15 * * * *` Europe/Berlin user:",
            "line 1 of file /t/broken is not whsec_<base64>",
        ] {
            assert_eq!(redacted(text), text);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_redacted_to_a_bounded_length(text in "\\PC{0,200}") {
            let words = text.split_whitespace().count() + text.len();
            prop_assert!(redacted(&text).len() <= text.len() + (words + 1) * HIDDEN.len());
        }

        #[test]
        fn a_token_is_never_shown(number in 1_u32.., key in "[A-Za-z][A-Za-z0-9]{7,30}", around in "[ `\"(,]") {
            for token in [format!("user:{number}-{key}"), format!("{number}-{key}")] {
                let shown = redacted(&["x", &around, &token, &around, " y"].concat());
                prop_assert!(!shown.contains(&key), "{}", shown);
            }
        }
    }
}

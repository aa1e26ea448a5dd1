//! The session of a browser that logged in: a cookie that only the token can have made.
//!
//! Its value is the time at which it ends and a MAC of that (HMAC-SHA256 with the token as key), so nothing is stored, the cookie does not
//! hold the token, and another token ends every session.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta};
use ring::hmac::{HMAC_SHA256, Key, sign, verify};
use secrecy::{ExposeSecret as _, SecretString};

use crate::domain::time::Timestamp;

/// The name of the cookie.
pub(super) const COOKIE: &str = "minimax-watch-session";

/// How long a session lasts.
const LENGTH: TimeDelta = TimeDelta::days(30);

/// The header that starts a session at `now`. Without a `Path` it holds for the folder of the log-in, also behind a proxy.
pub(super) fn set_cookie(token: &SecretString, now: Timestamp, is_secure: bool) -> String {
    let ends_at = (now + LENGTH).timestamp();
    let mac = URL_SAFE_NO_PAD.encode(sign(&key(token), message(ends_at).as_bytes()));
    let secure = if is_secure { "; Secure" } else { "" };
    format!("{COOKIE}={ends_at}.{mac}; Max-Age={}; HttpOnly; SameSite=Strict{secure}", LENGTH.num_seconds())
}

/// Whether `value` is a session of `token` that has not ended.
pub(super) fn is_valid(value: &str, token: &SecretString, now: Timestamp) -> bool {
    let parse = || {
        let (ends_at, mac) = value.split_once('.')?;
        Some((ends_at.parse::<i64>().ok()?, URL_SAFE_NO_PAD.decode(mac).ok()?))
    };
    let Some((ends_at, mac)) = parse() else { return false };
    // In one form only, which was signed.
    let is_signed = verify(&key(token), message(ends_at).as_bytes(), &mac).is_ok();
    is_signed
        && DateTime::from_timestamp(ends_at, 0)
            .is_some_and(|ends_at| now < ends_at && ends_at <= now + LENGTH)
}

fn key(token: &SecretString) -> Key {
    Key::new(HMAC_SHA256, token.expose_secret().as_bytes())
}

fn message(ends_at: i64) -> String {
    format!("minimax-watch session until {ends_at}")
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone as _, Utc};

    use super::*;

    #[test]
    fn a_session_holds_for_its_token_until_it_ends() {
        let now = Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap();
        let (token, other) =
            (SecretString::from("one-token-of-many"), SecretString::from("another-token-now"));
        let cookie = set_cookie(&token, now, false);
        let value = cookie.strip_prefix("minimax-watch-session=").unwrap().split(';').next().unwrap();
        assert!(cookie.ends_with("; Max-Age=2592000; HttpOnly; SameSite=Strict"), "{cookie}");
        assert!(set_cookie(&token, now, true).ends_with("; Secure"));
        assert!(is_valid(value, &token, now + TimeDelta::days(29)));
        assert!(!is_valid(value, &token, now + LENGTH));
        assert!(!is_valid(value, &token, now - TimeDelta::days(1)), "by a clock that ran ahead");
        assert!(!is_valid(value, &other, now));
        assert!(!cookie.contains("one-token-of-many"));
        let later = format!("9{value}");
        for forged in [
            "",
            ".",
            "1.",
            later.as_str(),
            &value.replace('.', ".0"),
            "99999999999999999999.00",
            "1.\u{20ac}",
        ] {
            assert!(!is_valid(forged, &token, now), "{forged}");
        }
    }
}

//! SMTP conversations.

use std::io::Read;
use std::time::Duration;

use secrecy::SecretString;

use super::listener::{Listener, closed_port, smtp, untrusted_tls};
use crate::config::{Email, Login, Origin, Secret, Smtp, Tls};
use crate::notify::Attempt;

pub(super) const GREETING: &str = "220 mail.example.com ESMTP";
pub(super) const EHLO: (&str, &str) =
    ("EHLO", "250-mail.example.com\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME");
const MAIL: &[u8] = b"Subject: x\r\n\r\nfirst\r\n.second begins with a dot\r\n";

pub(super) fn email(port: u16, tls: Tls) -> Email {
    Email {
        allow_http: false,
        supervisor: crate::domain::supervisor::Supervisor::Systemd,
        from: "minimax-watch <watch@example.com>".parse().unwrap(),
        to: vec!["ops@example.com".parse().unwrap(), "Night <night@example.com>".parse().unwrap()],
        smtp: Smtp {
            host: "127.0.0.1".to_owned(),
            port,
            tls,
            login: None,
            hello: Some("watch.example.com".to_owned()),
            timeout: Duration::from_secs(5),
        },
    }
}

pub(super) fn with_login(email: Email) -> Email {
    let password = Secret { value: SecretString::from("hunter2-sesame"), origin: Origin::Inline };
    let login = Some(Login { username: "watch".to_owned(), password });
    Email { smtp: Smtp { login, ..email.smtp }, ..email }
}

pub(super) async fn send(mut email: Email, limit: Duration) -> Attempt {
    email.smtp.timeout = limit;
    crate::notify::email::send(&email, MAIL, &[]).await.attempt
}

/// What is heard and what comes of it when the server plays `script` after its greeting.
pub(super) async fn played(script: &[(&'static str, &'static str)], login: bool) -> (Vec<String>, Attempt) {
    let listener = smtp(GREETING, script);
    let email = email(listener.port, Tls::None);
    let email = if login { with_login(email) } else { email };
    let attempt = send(email, Duration::from_secs(5)).await;
    (listener.heard(), attempt)
}

pub(super) fn deferred(attempt: Attempt) -> String {
    match attempt {
        Attempt::Deferred { error, retry_after: None } => error,
        other => panic!("{other:?}"),
    }
}

fn refused(attempt: Attempt) -> String {
    match attempt {
        Attempt::Refused { error, .. } | Attempt::Final { error } => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_stored_bytes_are_handed_over_from_and_to_those_of_the_configuration() {
    let (heard, attempt) = played(
        &[
            EHLO,
            ("MAIL FROM:<watch@example.com>", "250 ok"),
            ("RCPT TO:<ops@example.com>", "250 ok"),
            ("RCPT TO:<night@example.com>", "250 ok"),
            ("DATA", "354 go on"),
            (".", "250 queued as 1"),
            ("QUIT", "221 bye"),
        ],
        false,
    )
    .await;
    assert_eq!(attempt, Attempt::Delivered);
    let begin = heard.iter().position(|line| line == "DATA").unwrap() + 1;
    let end = heard.iter().position(|line| line == ".").unwrap();
    // Stuffed on the way (RFC 5321 section 4.5.2), unstuffed by the server.
    let content = heard[begin..end].join("\r\n").replace("\r\n..", "\r\n.");
    assert_eq!(content.trim_end().as_bytes(), String::from_utf8_lossy(MAIL).trim_end().as_bytes());
    assert_eq!(heard.last().unwrap(), "QUIT");
}

#[tokio::test]
async fn a_server_that_hangs_up_or_falls_silent_after_taking_the_mail_has_taken_it() {
    let script = [
        EHLO,
        ("MAIL", "250 ok"),
        ("RCPT", "250 ok"),
        ("RCPT", "250 ok"),
        ("DATA", "354 go on"),
        (".", "250 ok"),
    ];
    let (heard, attempt) = played(&script, false).await;
    assert_eq!(attempt, Attempt::Delivered);
    assert_eq!(heard.last().unwrap(), "QUIT", "which was not answered");
}

#[tokio::test]
async fn each_refusal_is_final_or_not_by_its_stage_and_code() {
    let rcpt_ok = ("RCPT", "250 ok");
    let mail_ok = ("MAIL", "250 ok");
    let data_ok = ("DATA", "354 go on");
    for (script, is_final, stage, words) in [
        (vec![EHLO, ("MAIL", "421 closing")], false, "naming the sender", "421 closing"),
        (vec![EHLO, ("MAIL", "550 not you")], true, "naming the sender", "550 not you"),
        (
            vec![EHLO, ("MAIL", "530 5.7.0 log in first")],
            false,
            "naming the sender",
            "530 5.7.0 log in first",
        ),
        (
            vec![EHLO, mail_ok, ("RCPT", "450 greylisted"), ("RCPT", "450 greylisted")],
            false,
            "naming a recipient",
            "450 greylisted",
        ),
        (
            vec![EHLO, mail_ok, ("RCPT", "550 who?"), ("RCPT", "450 greylisted")],
            false,
            "naming a recipient",
            "night@",
        ),
        (
            vec![EHLO, mail_ok, ("RCPT", "550 who?"), ("RCPT", "550 nobody")],
            true,
            "naming a recipient",
            "550 who?",
        ),
        (vec![EHLO, mail_ok, rcpt_ok, rcpt_ok, ("DATA", "554 no")], true, "announcing the mail", "554 no"),
        (
            vec![EHLO, mail_ok, rcpt_ok, rcpt_ok, data_ok, (".", "554 spam")],
            true,
            "handing the mail over",
            "554 spam",
        ),
        (
            vec![EHLO, mail_ok, rcpt_ok, rcpt_ok, data_ok, (".", "452 full")],
            false,
            "handing the mail over",
            "452 full",
        ),
        (
            vec![EHLO, mail_ok, rcpt_ok, rcpt_ok, data_ok],
            false,
            "handing the mail over",
            "closed the connection",
        ),
        (vec![EHLO], false, "naming the sender", "closed the connection"),
    ] {
        let (_, attempt) = played(&script, false).await;
        let error = if is_final { refused(attempt) } else { deferred(attempt) };
        assert!(error.starts_with("127.0.0.1:"), "{error}");
        assert!(
            error.contains(&format!(", {stage}: ")) && error.contains(words),
            "{stage}, {words}: {error}"
        );
    }
}

#[tokio::test]
async fn a_refused_recipient_does_not_keep_the_others_from_hearing_and_is_named() {
    let (heard, attempt) = played(
        &[
            EHLO,
            ("MAIL", "250 ok"),
            ("RCPT TO:<ops@", "550 5.1.1 no such user"),
            ("RCPT", "250 ok"),
            ("DATA", "354 go on"),
            (".", "250 queued"),
            ("QUIT", "221 bye"),
        ],
        false,
    )
    .await;
    assert!(heard.contains(&".".to_owned()));
    let error = refused(attempt);
    assert!(
        error.ends_with("1 of 2 recipients have the mail; ops@example.com: 550 5.1.1 no such user"),
        "{error}"
    );
}

#[tokio::test]
async fn who_takes_the_mail_gets_it_now_and_only_the_others_are_named_later() {
    let script = [
        EHLO,
        ("MAIL", "250 ok"),
        ("RCPT TO:<ops@", "250 ok"),
        ("RCPT", "452 full"),
        ("DATA", "354 go on"),
        (".", "250 queued"),
        ("QUIT", "221 bye"),
    ];
    let listener = smtp(GREETING, &script);
    let outcome = crate::notify::email::send(&email(listener.port, Tls::None), MAIL, &[]).await;
    listener.heard();
    assert_eq!(outcome.accepted, ["ops@example.com"]);
    assert!(deferred(outcome.attempt).contains("1 of 2 recipients have the mail; night@example.com: 452"));
    let script = [
        EHLO,
        ("MAIL", "250 ok"),
        ("RCPT TO:<night@", "251 forwarded"),
        ("DATA", "354 go on"),
        (".", "250 queued"),
        ("QUIT", "221 bye"),
    ];
    let listener = smtp(GREETING, &script);
    let outcome = crate::notify::email::send(&email(listener.port, Tls::None), MAIL, &outcome.accepted).await;
    assert_eq!(outcome.attempt, Attempt::Delivered);
    assert_eq!(listener.heard().iter().filter(|line| line.starts_with("RCPT")).count(), 1);
}

#[tokio::test]
async fn a_login_is_made_with_what_the_server_offers() {
    let rest = [
        ("MAIL", "250 ok"),
        ("RCPT", "250 ok"),
        ("RCPT", "250 ok"),
        ("DATA", "354 go on"),
        (".", "250 ok"),
        ("QUIT", "221 bye"),
    ];
    let plain = [&[EHLO, ("AUTH PLAIN AHdhdGNoAGh1bnRlcjItc2VzYW1l", "235 welcome")], &rest[..]].concat();
    let only_login = ("EHLO", "250-mail.example.com\r\n250 AUTH LOGIN");
    let login = [
        &[
            only_login,
            ("AUTH LOGIN", "334 VXNlcm5hbWU6"),
            ("d2F0Y2g=", "334 UGFzc3dvcmQ6"),
            ("aHVudGVyMi1zZXNhbWU=", "235 welcome"),
        ],
        &rest[..],
    ]
    .concat();
    for script in [plain, login] {
        let (heard, attempt) = played(&script, true).await;
        assert_eq!(attempt, Attempt::Delivered, "{heard:?}");
    }
}

#[tokio::test]
async fn a_refused_login_waits_for_a_person_and_never_shows_the_password() {
    for answer in [
        "535 5.7.8 bad credentials for hunter2-sesame",
        "534 5.7.9 command AUTH PLAIN AHdhdGNoAGh1bnRlcjItc2VzYW1l needs an app password",
        "500 aHVudGVyMi1zZXNhbWU= is not known",
    ] {
        let (heard, attempt) = played(&[EHLO, ("AUTH", answer), ("QUIT", "221 bye")], true).await;
        let error = deferred(attempt);
        assert!(error.contains(", logging in: ") && error.contains(&answer[..3]), "{error}");
        for hidden in ["hunter2", "AHdhdGNo", "aHVudGVy"] {
            assert!(!error.contains(hidden), "{error}");
        }
        assert!(!heard.iter().any(|line| line.starts_with("MAIL")));
    }
    let bare = ("EHLO", "250 mail.example.com");
    let (_, attempt) = played(&[bare, ("QUIT", "221 bye")], true).await;
    assert!(deferred(attempt).contains("offers no log-in (AUTH)"));
}

#[tokio::test]
async fn without_starttls_nothing_is_sent_least_of_all_the_password() {
    let listener = smtp(GREETING, &[EHLO]);
    let attempt = send(with_login(email(listener.port, Tls::StartTls)), Duration::from_secs(5)).await;
    assert!(deferred(attempt).contains(", starting TLS: the server does not offer STARTTLS"));
    let heard = listener.heard();
    assert_eq!(heard.len(), 1, "{heard:?}");
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused_and_waits_for_a_person() {
    let upgrade = vec!["220 x ESMTP\r\n", "250-x\r\n250 STARTTLS\r\n", "220 go on\r\n"];
    for (tls, prelude) in [(Tls::Implicit, Vec::new()), (Tls::StartTls, upgrade)] {
        let listener = untrusted_tls(prelude);
        let attempt = send(with_login(email(listener.port, tls)), Duration::from_secs(5)).await;
        let error = deferred(attempt);
        assert!(error.contains("invalid peer certificate"), "{tls:?}: {error}");
        assert_eq!(listener.heard(), b"", "{tls:?}");
    }
}

#[tokio::test]
async fn a_conversation_is_bounded_in_time_wherever_it_hangs() {
    let listener = Listener::new(|mut stream| {
        let mut heard = Vec::new();
        let _ = stream.read_to_end(&mut heard);
    });
    let attempt = send(email(listener.port, Tls::None), Duration::from_millis(50)).await;
    assert!(deferred(attempt).ends_with(", connecting: no answer in time"));
    listener.heard();
}

#[tokio::test]
async fn nobody_listening_or_an_unwilling_greeting_puts_off() {
    let attempt = send(email(closed_port(), Tls::None), Duration::from_secs(5)).await;
    let error = deferred(attempt);
    assert!(error.contains(", connecting: ") && error.contains("refused"), "{error}");
    let listener = smtp("554 no service for you", &[]);
    let attempt = send(email(listener.port, Tls::None), Duration::from_secs(5)).await;
    assert!(deferred(attempt).contains("554 no service for you"));
}

/// What comes of one mail when the server plays `script`; deferred is expected, with these words.
async fn deferred_by(greeting: &'static str, script: &[(&'static str, &'static str)], words: &str) {
    let listener = smtp(greeting, script);
    let error = deferred(send(email(listener.port, Tls::None), Duration::from_secs(5)).await);
    assert!(error.contains(words), "{words}: {error}");
    listener.heard();
}

#[tokio::test]
async fn only_the_right_code_at_the_right_place_goes_on() {
    let (mail, rcpt, data) = (("MAIL", "250 ok"), ("RCPT", "250 ok"), ("DATA", "354 go on"));
    for (script, words) in [
        (
            vec![EHLO, mail, rcpt, rcpt, ("DATA", "250 ok"), ("QUIT", "221 bye")],
            "announcing the mail: 250 ok",
        ),
        (vec![EHLO, mail, rcpt, rcpt, data, (".", "354 go on")], "handing the mail over: 354 go on"),
        (vec![EHLO, mail, rcpt, rcpt, data, (".", "220 ok")], "handing the mail over: 220 ok"),
        (
            vec![EHLO, mail, rcpt, rcpt, ("DATA", "354 go on\r\n250 queued")],
            "before it was asked: 250 queued",
        ),
        (vec![EHLO, ("MAIL", "250 ok\r\n250 ok")], "before it was asked: 250 ok"),
        (vec![EHLO, mail, ("RCPT", "252 maybe"), ("RCPT", "252 maybe"), ("QUIT", "221")], "252 maybe"),
        (vec![EHLO, mail, rcpt, rcpt, data, (".", "250-ok\r\n550 no")], "different codes"),
        (
            vec![
                EHLO,
                mail,
                ("RCPT", "550 5.4.5 Daily sending limit exceeded"),
                ("RCPT", "550 5.7.1 no"),
                ("QUIT", "221"),
            ],
            "5.4.5",
        ),
        (vec![("EHLO", "550 go away")], "550 go away"),
    ] {
        deferred_by(GREETING, &script, words).await;
    }
    deferred_by("250 mail.example.com", &[], "connecting: 250 mail.example.com").await;
    deferred_by("HTTP/1.1 400 Bad Request", &[], "not an SMTP reply").await;
}

#[tokio::test]
async fn a_server_that_speaks_oddly_is_understood() {
    let prompts = ("AUTH LOGIN", "334");
    for ehlo in ["250-x\r\n250-auth login", "250-x\r\n250-AUTH=LOGIN"] {
        let ehlo: &'static str = Box::leak(format!("{ehlo}\r\n250 size 1000").into_boxed_str());
        let script = [
            ("EHLO watch.example.com", ehlo),
            prompts,
            ("d2F0Y2g=", "334 UGFzc3dvcnQgYml0dGU="),
            ("aHVudGVyMi1zZXNhbWU=", "235"),
            ("MAIL", "250"),
            ("RCPT", "250"),
            ("RCPT", "250 "),
            ("DATA", "354"),
            (".", "250"),
            ("QUIT", "221"),
        ];
        let (heard, attempt) = played(&script, true).await;
        assert_eq!(attempt, Attempt::Delivered, "{heard:?}");
    }
    let old = [
        ("EHLO", "502 what?"),
        ("HELO", "250 hi"),
        ("MAIL", "250"),
        ("RCPT", "250"),
        ("RCPT", "250"),
        ("DATA", "354"),
        (".", "250"),
        ("QUIT", "221"),
    ];
    assert_eq!(played(&old, false).await.1, Attempt::Delivered);
}

#[tokio::test]
async fn a_port_that_does_not_speak_tls_at_once_is_named_so() {
    // Reads on: a server that closes with something unread resets the connection, and its greeting may be lost.
    let listener = Listener::new(|mut stream| {
        std::io::Write::write_all(&mut stream, format!("{GREETING}\r\n").as_bytes()).unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let error = deferred(send(email(listener.port, Tls::Implicit), Duration::from_secs(5)).await);
    assert!(error.contains("does not speak TLS at once"), "{error}");
    listener.heard();
}

//! SMTP sessions with scripted servers.

use std::io::Read;
use std::time::Duration;

use secrecy::SecretString;

use crate::config::{Email, Login, Origin, Secret, Smtp, Tls};
use crate::notify::Attempt;
use crate::notify::tests::listener::{Listener, closed_port, smtp, untrusted_tls};

pub(super) const GREETING: &str = "220 mail.example.com ESMTP";
pub(super) const EHLO: (&str, &str) =
    ("EHLO", "250-mail.example.com\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME");
const MAIL: &[u8] = b"Subject: x\r\n\r\nfirst\r\n.second begins with a dot\r\n";

pub(super) fn email(port: u16, tls: Tls) -> Email {
    Email {
        allow_http: false,
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

/// The lines that the server received and the outcome when it plays `script` after its greeting.
pub(super) async fn played(script: &[(&'static str, &'static str)], login: bool) -> (Vec<String>, Attempt) {
    let listener = smtp(GREETING, script);
    let email = email(listener.port, Tls::None);
    let email = if login { with_login(email) } else { email };
    let attempt = send(email, Duration::from_secs(5)).await;
    (listener.result(), attempt)
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
async fn stored_bytes_are_sent_with_the_configured_sender_and_recipients() {
    let (received, attempt) = played(
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
    let begin = received.iter().position(|line| line == "DATA").unwrap() + 1;
    let end = received.iter().position(|line| line == ".").unwrap();
    // Dots are stuffed by the client (RFC 5321, section 4.5.2) and removed by the server.
    let content = received[begin..end].join("\r\n").replace("\r\n..", "\r\n.");
    assert_eq!(content.trim_end().as_bytes(), String::from_utf8_lossy(MAIL).trim_end().as_bytes());
    assert_eq!(received.last().unwrap(), "QUIT");
}

#[tokio::test]
async fn mail_is_delivered_when_the_server_closes_after_accepting_it() {
    let script = [
        EHLO,
        ("MAIL", "250 ok"),
        ("RCPT", "250 ok"),
        ("RCPT", "250 ok"),
        ("DATA", "354 go on"),
        (".", "250 ok"),
    ];
    let (received, attempt) = played(&script, false).await;
    assert_eq!(attempt, Attempt::Delivered);
    assert_eq!(received.last().unwrap(), "QUIT", "which was not answered");
}

#[tokio::test]
async fn refusal_is_classified_by_stage_and_code() {
    let rcpt_ok = ("RCPT", "250 ok");
    let mail_ok = ("MAIL", "250 ok");
    let data_ok = ("DATA", "354 go on");
    for (script, is_final, stage, expected) in [
        (vec![EHLO, ("MAIL", "421 closing")], false, "MAIL FROM", "421 closing"),
        (vec![EHLO, ("MAIL", "550 not you")], true, "MAIL FROM", "550 not you"),
        (vec![EHLO, ("MAIL", "530 5.7.0 log in first")], false, "MAIL FROM", "530 5.7.0 log in first"),
        (
            vec![EHLO, mail_ok, ("RCPT", "450 greylisted"), ("RCPT", "450 greylisted")],
            false,
            "RCPT TO",
            "450 greylisted",
        ),
        (vec![EHLO, mail_ok, ("RCPT", "550 who?"), ("RCPT", "450 greylisted")], false, "RCPT TO", "night@"),
        (vec![EHLO, mail_ok, ("RCPT", "550 who?"), ("RCPT", "550 nobody")], true, "RCPT TO", "550 who?"),
        (vec![EHLO, mail_ok, rcpt_ok, rcpt_ok, ("DATA", "554 no")], true, "DATA", "554 no"),
        (
            vec![EHLO, mail_ok, rcpt_ok, rcpt_ok, data_ok, (".", "554 spam")],
            true,
            "sending the mail",
            "554 spam",
        ),
        (
            vec![EHLO, mail_ok, rcpt_ok, rcpt_ok, data_ok, (".", "452 full")],
            false,
            "sending the mail",
            "452 full",
        ),
        (vec![EHLO, mail_ok, rcpt_ok, rcpt_ok, data_ok], false, "sending the mail", "closed the connection"),
        (vec![EHLO], false, "MAIL FROM", "closed the connection"),
    ] {
        let (_, attempt) = played(&script, false).await;
        let error = if is_final { refused(attempt) } else { deferred(attempt) };
        assert!(error.starts_with("127.0.0.1:"), "{error}");
        assert!(
            error.contains(&format!(", {stage}: ")) && error.contains(expected),
            "{stage}, {expected}: {error}"
        );
    }
}

#[tokio::test]
async fn refused_recipient_is_named_and_the_others_get_the_mail() {
    let (received, attempt) = played(
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
    assert!(received.contains(&".".to_owned()));
    let error = refused(attempt);
    assert!(
        error.ends_with("1 of 2 recipients have the mail; ops@example.com: 550 5.1.1 no such user"),
        "{error}"
    );
}

#[tokio::test]
async fn accepted_recipients_are_left_out_of_the_next_attempt() {
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
    listener.result();
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
    assert_eq!(listener.result().iter().filter(|line| line.starts_with("RCPT")).count(), 1);
}

#[tokio::test]
async fn login_uses_a_mechanism_that_the_server_offers() {
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
        let (received, attempt) = played(&script, true).await;
        assert_eq!(attempt, Attempt::Delivered, "{received:?}");
    }
}

#[tokio::test]
async fn refused_login_is_deferred_without_showing_the_password() {
    for answer in [
        "535 5.7.8 bad credentials for hunter2-sesame",
        "534 5.7.9 command AUTH PLAIN AHdhdGNoAGh1bnRlcjItc2VzYW1l needs an app password",
        "500 aHVudGVyMi1zZXNhbWU= is not known",
    ] {
        let (received, attempt) = played(&[EHLO, ("AUTH", answer), ("QUIT", "221 bye")], true).await;
        let error = deferred(attempt);
        assert!(error.contains(", logging in: ") && error.contains(&answer[..3]), "{error}");
        for hidden in ["hunter2", "AHdhdGNo", "aHVudGVy"] {
            assert!(!error.contains(hidden), "{error}");
        }
        assert!(!received.iter().any(|line| line.starts_with("MAIL")));
    }
    let bare = ("EHLO", "250 mail.example.com");
    let (_, attempt) = played(&[bare, ("QUIT", "221 bye")], true).await;
    assert!(deferred(attempt).contains("does not offer a login (AUTH)"));
}

#[tokio::test]
async fn nothing_is_sent_to_a_server_without_starttls() {
    let listener = smtp(GREETING, &[EHLO]);
    let attempt = send(with_login(email(listener.port, Tls::StartTls)), Duration::from_secs(5)).await;
    assert!(deferred(attempt).contains(", STARTTLS: the server does not offer STARTTLS"));
    let received = listener.result();
    assert_eq!(received.len(), 1, "{received:?}");
}

#[tokio::test]
async fn untrusted_certificate_defers_the_mail() {
    let upgrade = vec!["220 x ESMTP\r\n", "250-x\r\n250 STARTTLS\r\n", "220 go on\r\n"];
    for (tls, prelude) in [(Tls::Implicit, Vec::new()), (Tls::StartTls, upgrade)] {
        let listener = untrusted_tls(prelude);
        let attempt = send(with_login(email(listener.port, tls)), Duration::from_secs(5)).await;
        let error = deferred(attempt);
        assert!(error.contains("invalid peer certificate"), "{tls:?}: {error}");
        assert_eq!(listener.result(), b"", "{tls:?}");
    }
}

#[tokio::test]
async fn silent_server_times_out() {
    let listener = Listener::new(|mut stream| {
        let mut received = Vec::new();
        let _ = stream.read_to_end(&mut received);
    });
    let attempt = send(email(listener.port, Tls::None), Duration::from_millis(50)).await;
    assert!(deferred(attempt).ends_with(", connecting: no answer in time"));
    listener.result();
}

#[tokio::test]
async fn closed_port_or_refusing_greeting_defers_the_mail() {
    let attempt = send(email(closed_port(), Tls::None), Duration::from_secs(5)).await;
    let error = deferred(attempt);
    assert!(error.contains(", connecting: ") && error.contains("refused"), "{error}");
    let listener = smtp("554 no service for you", &[]);
    let attempt = send(email(listener.port, Tls::None), Duration::from_secs(5)).await;
    assert!(deferred(attempt).contains("554 no service for you"));
}

/// Asserts that the mail is deferred with this error when the server plays `script`.
async fn deferred_by(greeting: &'static str, script: &[(&'static str, &'static str)], expected: &str) {
    let listener = smtp(greeting, script);
    let error = deferred(send(email(listener.port, Tls::None), Duration::from_secs(5)).await);
    assert!(error.contains(expected), "{expected}: {error}");
    listener.result();
}

#[tokio::test]
async fn unexpected_reply_code_defers_the_mail() {
    let (mail, rcpt, data) = (("MAIL", "250 ok"), ("RCPT", "250 ok"), ("DATA", "354 go on"));
    for (script, expected) in [
        (vec![EHLO, mail, rcpt, rcpt, ("DATA", "250 ok"), ("QUIT", "221 bye")], "DATA: 250 ok"),
        (vec![EHLO, mail, rcpt, rcpt, data, (".", "354 go on")], "sending the mail: 354 go on"),
        (vec![EHLO, mail, rcpt, rcpt, data, (".", "220 ok")], "sending the mail: 220 ok"),
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
        deferred_by(GREETING, &script, expected).await;
    }
    deferred_by("250 mail.example.com", &[], "connecting: 250 mail.example.com").await;
    deferred_by("HTTP/1.1 400 Bad Request", &[], "not an SMTP reply").await;
}

#[tokio::test]
async fn unusual_but_valid_replies_are_accepted() {
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
        let (received, attempt) = played(&script, true).await;
        assert_eq!(attempt, Attempt::Delivered, "{received:?}");
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
async fn port_without_implicit_tls_is_reported() {
    // Keeps reading: a server that closes with unread bytes resets the connection, and its greeting may be lost.
    let listener = Listener::new(|mut stream| {
        std::io::Write::write_all(&mut stream, format!("{GREETING}\r\n").as_bytes()).unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let error = deferred(send(email(listener.port, Tls::Implicit), Duration::from_secs(5)).await);
    assert!(error.contains("does not speak TLS at once"), "{error}");
    listener.result();
}

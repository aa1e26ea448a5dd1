//! SMTP servers that reply too early or too late, or that have special requirements.

use std::time::Duration;

use super::send::{EHLO, GREETING, deferred, email, played, send, with_login};
use crate::config::Tls;
use crate::notify::Attempt;
use crate::notify::tests::listener::{Listener, smtp, untrusted_tls};

#[tokio::test]
async fn plain_text_after_the_reply_to_starttls_fails_before_the_handshake() {
    const OFFER: &str = "250-x\r\n250 STARTTLS\r\n";
    for agreement in [
        "220 go on\r\n250 queued\r\n",
        "220 go on\r\n250 ok\r\n250 ok\r\n250 ok\r\n354 go on\r\n250 queued\r\n",
        "220-go\r\n220 on\r\n235 welcome\r\n",
        "220 go on\r\n354",
        "220 go on\r\n2",
        "220 go on\r\n\r\n",
        "220 go on\r\n\0",
    ] {
        let listener = untrusted_tls(vec!["220 x ESMTP\r\n", OFFER, agreement]);
        let attempt = send(with_login(email(listener.port, Tls::StartTls)), Duration::from_secs(5)).await;
        let error = deferred(attempt);
        assert!(
            error.contains(", STARTTLS: the server sent plain text after its agreement to STARTTLS"),
            "{agreement:?}: {error}"
        );
        assert_eq!(listener.result(), b"", "{agreement:?}");
    }
}

#[tokio::test]
async fn text_before_a_command_is_never_its_reply() {
    for prelude in [
        vec!["220 x ESMTP\r\n250-x\r\n250 STARTTLS\r\n"],
        vec!["220 x ESMTP\r\n2"],
        vec!["220 x ESMTP\r\n", "250-x\r\n250 STARTTLS\r\n220 go on\r\n"],
        vec!["220 x ESMTP\r\n", "250-x\r\n250 STARTTLS\r\n\r\n"],
    ] {
        let listener = untrusted_tls(prelude.clone());
        let attempt = send(with_login(email(listener.port, Tls::StartTls)), Duration::from_secs(5)).await;
        assert!(deferred(attempt).contains("the server answered before it was asked"), "{prelude:?}");
        assert_eq!(listener.result(), b"", "{prelude:?}");
    }
}

/// A server that offers `offered` and accepts everything.
fn taking(offered: &'static str) -> [(&'static str, &'static str); 7] {
    [
        ("EHLO", offered),
        ("MAIL", "250 ok"),
        ("RCPT", "250 ok"),
        ("RCPT", "250 ok"),
        ("DATA", "354 go on"),
        (".", "250 queued"),
        ("QUIT", "221 bye"),
    ]
}

#[tokio::test]
async fn non_ascii_local_part_needs_smtputf8() {
    let international = |port| {
        let mut email = email(port, Tls::None);
        let address = lettre::Address::new("j\u{f6}rg", "example.com").unwrap();
        email.to = vec![lettre::message::Mailbox { name: None, email: address }];
        email
    };
    let listener = smtp(GREETING, &taking("250-x\r\n250 8BITMIME"));
    let error = deferred(send(international(listener.port), Duration::from_secs(5)).await);
    assert!(error.contains("`j\u{f6}rg@example.com` has letters beyond ASCII"), "{error}");
    assert!(error.contains("SMTPUTF8: use an ASCII address"), "{error}");
    assert!(!listener.result().iter().any(|line| line.starts_with("MAIL") || line.starts_with("RCPT")));

    let listener = smtp(GREETING, &taking("250-x\r\n250 smtputf8"));
    assert_eq!(send(international(listener.port), Duration::from_secs(5)).await, Attempt::Delivered);
    let received = listener.result();
    assert!(received.contains(&"MAIL FROM:<watch@example.com> SMTPUTF8".to_owned()), "{received:?}");
    assert!(received.contains(&"RCPT TO:<j\u{f6}rg@example.com>".to_owned()), "{received:?}");
}

#[tokio::test]
async fn reply_to_the_final_dot_may_take_longer_than_the_timeout() {
    let listener = Listener::new(|stream| {
        let mut reader = std::io::BufReader::new(&stream);
        let say = |text: &str| std::io::Write::write_all(&mut &stream, text.as_bytes()).unwrap();
        say("220 x\r\n");
        let mut line = String::new();
        let mut is_content = false;
        while std::io::BufRead::read_line(&mut reader, &mut line).unwrap_or(0) > 0 {
            match line.trim_end() {
                "." => {
                    std::thread::sleep(Duration::from_millis(600));
                    is_content = false;
                    say("250 queued\r\n");
                }
                _ if is_content => {}
                "DATA" => {
                    is_content = true;
                    say("354 go on\r\n");
                }
                _ => say("250 ok\r\n"),
            }
            line.clear();
        }
    });
    let attempt = send(email(listener.port, Tls::None), Duration::from_millis(200)).await;
    assert_eq!(attempt, Attempt::Delivered);
    listener.result();
}

#[tokio::test]
async fn refused_name_in_ehlo_mentions_smtp_hello_at_any_stage() {
    let mail = ("MAIL", "250 ok");
    for (script, mentions_hello) in [
        (vec![("EHLO", "501 5.5.4 Invalid HELO name")], true),
        (vec![EHLO, ("MAIL", "550 Access denied - Invalid HELO name (See RFC2821 4.1.1.1)")], true),
        (
            vec![
                EHLO,
                mail,
                ("RCPT", "504 5.5.2 <vm>: Helo command rejected: need fully-qualified hostname"),
                ("RCPT", "504 5.5.2 <vm>: Helo command rejected: need fully-qualified hostname"),
            ],
            true,
        ),
        (vec![EHLO, ("MAIL", "550 5.7.1 no")], false),
        (vec![EHLO, ("MAIL", "450 HELO later")], false),
    ] {
        let (_, attempt) = played(&script, false).await;
        let error = match attempt {
            Attempt::Deferred { error, .. } | Attempt::Refused { error, .. } => error,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            error.contains("smtp.hello sets the name that this host gives"),
            mentions_hello,
            "{error}"
        );
    }
}

//! Mail addresses as people type them: what is sent, what `config check` warns of, and that no misplaced secret is quoted.

use secrecy::SecretString;

use crate::mail::receiver;
use crate::setup::Setup;
use crate::simulator::{Login, SmtpServer, SmtpSetup};
use crate::tls::PASSWORD;

async fn mailbox(setup: &Setup, smtputf8: bool) -> SmtpServer {
    let login = Login { username: "watch".to_owned(), password: SecretString::from(PASSWORD) };
    let requirements = SmtpSetup { login: Some(login), smtputf8, ..SmtpSetup::default() };
    setup.secret("smtp-password", PASSWORD);
    SmtpServer::open(&setup.now, requirements).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn international_domain_is_sent_as_its_a_label_without_smtputf8() {
    let setup = Setup::open().await;
    let mailbox = mailbox(&setup, false).await;
    let receiver = receiver("m", &mailbox, "none", "[\"Öps <ops@bücher.example>\"]")
        .replace("watch@example.com", "Wächter <watch@例え.テスト>");
    setup.configure(&["a"], &receiver);
    let sent = setup.run(&["notify", "test"]);
    assert_eq!((sent.status, sent.out.as_str()), (Some(0), "m: delivered\n"), "{sent:?}");
    let mail = &mailbox.mails()[0];
    assert_eq!(mail.to, ["ops@xn--bcher-kva.example"]);
    assert_eq!(mail.from, "watch@xn--r8jz45g.xn--zckzah");
    assert!(!mail.smtputf8 && mail.raw.is_ascii());
    assert!(mail.header("To").unwrap().contains("<ops@xn--bcher-kva.example>"), "{}", mail.text());
    assert!(mail.header("From").unwrap().contains("<watch@xn--r8jz45g.xn--zckzah>"), "{}", mail.text());
    assert!(mail.header("Message-ID").unwrap().ends_with("@xn--r8jz45g.xn--zckzah>"), "{}", mail.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn non_ascii_local_part_is_warned_about_and_needs_smtputf8() {
    for offered in [false, true] {
        let setup = Setup::with(&["a"], "").await;
        let mailbox = mailbox(&setup, offered).await;
        setup.configure(&["a"], &receiver("m", &mailbox, "none", "[\"jörg@bücher.example\"]"));
        let checked = setup.run(&["config", "check"]);
        let output = checked.out + &checked.err;
        assert!(
            output.split_whitespace().collect::<Vec<_>>().join(" ").contains("that offers SMTPUTF8"),
            "{output}"
        );
        let sent = setup.run(&["notify", "test"]);
        if offered {
            assert_eq!((sent.status, sent.out.as_str()), (Some(0), "m: delivered\n"), "{sent:?}");
            let mail = &mailbox.mails()[0];
            assert_eq!(mail.to, ["jörg@xn--bcher-kva.example"]);
            assert!(mail.smtputf8);
            assert!(mail.header("To").unwrap().contains("jörg@xn--bcher-kva.example"), "{}", mail.text());
        } else {
            assert_eq!((sent.status, mailbox.count()), (Some(3), 0), "{sent:?}");
            let words = "`jörg@xn--bcher-kva.example` has letters beyond ASCII before the `@`, and the server does not offer SMTPUTF8";
            assert!(sent.out.contains(words), "{}", sent.out);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn duplicate_recipient_gets_each_mail_once_with_a_warning() {
    let setup = Setup::with(&["a"], "").await;
    let mailbox = mailbox(&setup, false).await;
    let to = "[\"ops@example.com\", \"Ops <ops@EXAMPLE.com>\", \"'The Desk' <ops@example.com>\", \
              \"ops@bücher.example\", \"ops@BÜCHER.example\", \"ops@xn--bcher-kva.example\", \"ops@XN--BCHER-KVA.example\"]";
    setup.configure(&["a"], &receiver("m", &mailbox, "none", to));
    let checked = setup.run(&["config", "check"]);
    assert_eq!(checked.status, Some(0), "{checked:?}");
    let output = checked.out + &checked.err;
    let output = output.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(output.matches("is given twice: it gets each mail once").count(), 5, "{output}");
    let sent = setup.run(&["notify", "test"]);
    assert_eq!((sent.status, sent.out.as_str()), (Some(0), "m: delivered\n"), "{sent:?}");
    let mail = &mailbox.mails()[0];
    assert_eq!(
        (mailbox.count(), mail.to.as_slice()),
        (1, ["ops@example.com".to_owned(), "ops@xn--bcher-kva.example".to_owned()].as_slice())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_host_with_several_addresses_is_tried_until_one_answers() {
    let setup = Setup::open().await;
    let mailbox = mailbox(&setup, false).await;
    // Where `localhost` has this address too, it comes first and never sends a greeting.
    let silent = std::net::TcpListener::bind(("::1", mailbox.address().port()));
    setup.configure(
        &["a"],
        &receiver("m", &mailbox, "none", "[\"ops@example.com\"]").replace("127.0.0.1", "localhost"),
    );
    let sent = setup.run(&["notify", "test"]);
    assert_eq!((sent.status, sent.out.as_str()), (Some(0), "m: delivered\n"), "{sent:?}");
    assert_eq!(mailbox.count(), 1);
    drop(silent);
}

/// Wrong values of a mail receiver that hold a secret, the secret, and words of the expected hint.
const MISPLACED: &[(&str, &str, &str)] = &[
    ("smtp = { host = 'watch:hunter2x@smtp.example.com' }", "hunter2x", "username, and password_file"),
    (
        "smtp = { host = 'smtps://watch:hunter2x@smtp.example.com:465' }",
        "hunter2x",
        "username, and password_file",
    ),
    ("smtp = { host = 'smtps://smtp.example.com/hunter2x' }", "hunter2x", "the name alone"),
    ("smtp = { host = 'smtp.example.com:hunter2x' }", "hunter2x", "not a host name"),
    ("smtp = { host = 'user:4242-s3cretHeart' }", "s3cretHeart", "not a host name"),
    ("smtp = { host = 'smtp.example.com hunter2x:' }", "hunter2x", "not a host name"),
    ("smtp = 'smtps://watch:hunter2x@smtp.example.com:465'", "hunter2x", "smtp"),
    ("smtp = { host = 'mx', port = 'watch:hunter2x@mx:587' }", "hunter2x", "smtp.port"),
    ("smtp = { host = 'mx', tls = 'smtps://watch:hunter2x@mx' }", "hunter2x", "unknown tls"),
    ("smtp = { host = 'mx', hello = 'watch:hunter2x@mx' }", "hunter2x", "this host's full name"),
    ("smtp = { host = 'mx', hello = 'https://hunter2x.example/' }", "hunter2x", "this host's full name"),
    ("smtp = { host = 'mx', timeout = 'watch:hunter2x@mx' }", "hunter2x", "smtp.timeout"),
    (
        "smtp = { host = 'mx', username = 'watch:hunter2x@mx', password_file = 'smtp-password' }",
        "hunter2x",
        "password_file or password_env",
    ),
    (
        "smtp = { host = 'mx', username = 'smtps://watch:hunter2x@mx', password_file = 'smtp-password' }",
        "hunter2x",
        "password_file or password_env",
    ),
    ("smtp = { host = 'mx', username = 'watch', password = 'hunter2x' }", "hunter2x", "password_file"),
    (
        "smtp = { host = 'mx', username = 'watch', password_file = 'user:4242-s3cretHeart' }",
        "s3cretHeart",
        "password_file",
    ),
    ("smtp = { host = 'mx', 'watch:hunter2x@mx' = 1 }", "hunter2x", "smtp"),
    ("from = 'watch:hunter2x@smtp.example.com'", "hunter2x", "Ops <ops@example.com>"),
    ("from = 'smtps://watch:hunter2x@smtp.example.com'", "hunter2x", "Ops <ops@example.com>"),
    ("from = 'Watch <watch:hunter2x@example.com>'", "hunter2x", "Ops <ops@example.com>"),
    ("to = ['watch:hunter2x@smtp.example.com']", "hunter2x", "Ops <ops@example.com>"),
    ("to = ['https://hooks.example.com/T0pS3cretPath0815x']", "T0pS3cret", "Ops <ops@example.com>"),
    ("to = ['mailto:ops@example.com?key=hunter2x']", "hunter2x", "Ops <ops@example.com>"),
    ("to = 'watch:hunter2x@smtp.example.com'", "hunter2x", "to"),
];

#[tokio::test(flavor = "multi_thread")]
async fn misplaced_secret_of_a_mail_receiver_is_never_quoted_and_the_right_place_is_named() {
    let setup = Setup::with(&["a"], "").await;
    setup.secret("smtp-password", PASSWORD);
    for (wrong, secret, words) in MISPLACED {
        let mut text = "[[receivers]]\nname = \"m\"\ntype = \"email\"\n".to_owned();
        for (key, right) in [
            ("from", "from = 'w@example.com'"),
            ("to", "to = ['o@example.com']"),
            ("smtp", "smtp = { host = 'mx' }"),
        ] {
            let is_wrong_one = wrong.starts_with(&format!("{key} "));
            text += if is_wrong_one { wrong } else { right };
            text.push('\n');
        }
        setup.configure(&["a"], &text);
        for command in [&["config", "check"][..], &["config", "show"], &["notify", "test"]] {
            let refused = setup.run(command);
            let output = refused.out.clone() + &refused.err;
            assert!(!output.contains(secret), "{wrong}: {command:?} quotes it: {output}");
            assert_eq!(refused.status, Some(3), "{wrong}: {output}");
            let output = output.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(output.contains(words), "{wrong}: {command:?}: {output}");
        }
    }
}

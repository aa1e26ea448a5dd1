//! Addresses of mails as people type them: what travels, what is warned of, and that no secret among them is quoted.

use minimax_watch::simulator::{Login, Mailbox, Setup};
use secrecy::SecretString;

use crate::mail::receiver;
use crate::stage::Stage;
use crate::tls::PASSWORD;

async fn mailbox(stage: &Stage, smtputf8: bool) -> Mailbox {
    let login = Login { username: "watch".to_owned(), password: SecretString::from(PASSWORD) };
    let setup = Setup { login: Some(login), smtputf8, ..Setup::default() };
    stage.secret("smtp-password", PASSWORD);
    Mailbox::open(&stage.now, setup).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_in_other_letters_travels_as_its_a_label_and_needs_no_smtputf8() {
    let stage = Stage::open().await;
    let mailbox = mailbox(&stage, false).await;
    let receiver = receiver("m", &mailbox, "none", "[\"Öps <ops@bücher.example>\"]")
        .replace("watch@example.com", "Wächter <watch@例え.テスト>");
    stage.configure(&["a"], &receiver);
    let sent = stage.run(&["notify", "test"]);
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
async fn letters_beyond_ascii_before_the_at_are_warned_of_and_go_where_smtputf8_is_offered() {
    for offered in [false, true] {
        let stage = Stage::with(&["a"], "").await;
        let mailbox = mailbox(&stage, offered).await;
        stage.configure(&["a"], &receiver("m", &mailbox, "none", "[\"jörg@bücher.example\"]"));
        let checked = stage.run(&["config", "check"]);
        let said = checked.out + &checked.err;
        assert!(
            said.split_whitespace().collect::<Vec<_>>().join(" ").contains("that offers SMTPUTF8"),
            "{said}"
        );
        let sent = stage.run(&["notify", "test"]);
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
async fn a_recipient_that_is_named_twice_gets_each_mail_once_with_a_warning() {
    let stage = Stage::with(&["a"], "").await;
    let mailbox = mailbox(&stage, false).await;
    let to = "[\"ops@example.com\", \"Ops <ops@EXAMPLE.com>\", \"'The Desk' <ops@example.com>\", \
              \"ops@bücher.example\", \"ops@BÜCHER.example\", \"ops@xn--bcher-kva.example\", \"ops@XN--BCHER-KVA.example\"]";
    stage.configure(&["a"], &receiver("m", &mailbox, "none", to));
    let checked = stage.run(&["config", "check"]);
    assert_eq!(checked.status, Some(0), "{checked:?}");
    let said = checked.out + &checked.err;
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(said.matches("is named twice: it gets each mail once").count(), 5, "{said}");
    let sent = stage.run(&["notify", "test"]);
    assert_eq!((sent.status, sent.out.as_str()), (Some(0), "m: delivered\n"), "{sent:?}");
    let mail = &mailbox.mails()[0];
    assert_eq!(
        (mailbox.count(), mail.to.as_slice()),
        (1, ["ops@example.com".to_owned(), "ops@xn--bcher-kva.example".to_owned()].as_slice())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_with_several_addresses_is_delivered_to_by_whichever_of_them_answers() {
    let stage = Stage::open().await;
    let mailbox = mailbox(&stage, false).await;
    // Where `localhost` has this address too it comes first, and never greets.
    let silent = std::net::TcpListener::bind(("::1", mailbox.address().port()));
    stage.configure(
        &["a"],
        &receiver("m", &mailbox, "none", "[\"ops@example.com\"]").replace("127.0.0.1", "localhost"),
    );
    let sent = stage.run(&["notify", "test"]);
    assert_eq!((sent.status, sent.out.as_str()), (Some(0), "m: delivered\n"), "{sent:?}");
    assert_eq!(mailbox.count(), 1);
    drop(silent);
}

/// Wrong values of a mail receiver that hold a secret, the secret, and words of what to write instead.
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
    ("smtp = { host = 'mx', tls = 'smtps://watch:hunter2x@mx' }", "hunter2x", "starttls, implicit, none"),
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
async fn a_secret_in_the_wrong_place_of_a_mail_receiver_is_quoted_nowhere_and_the_right_place_is_named() {
    let stage = Stage::with(&["a"], "").await;
    stage.secret("smtp-password", PASSWORD);
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
        stage.configure(&["a"], &text);
        for command in [&["config", "check"][..], &["config", "show"], &["notify", "test"]] {
            let refused = stage.run(command);
            let said = refused.out.clone() + &refused.err;
            assert!(!said.contains(secret), "{wrong}: {command:?} quotes it: {said}");
            assert_eq!(refused.status, Some(3), "{wrong}: {said}");
            let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(said.contains(words), "{wrong}: {command:?}: {said}");
        }
    }
}

//! The mail server, seen by lettre and by a client that misbehaves.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::{AsyncSmtpTransport, AsyncSmtpTransportBuilder, Error};
use lettre::{AsyncTransport, Message, Tokio1Executor};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use secrecy::SecretString;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::{clock, start};
use crate::simulator::{InjectedFault, Login, Mail, SmtpSecurity, SmtpServer, SmtpSetup, SmtpStage};

fn login() -> Login {
    Login { username: "watch".into(), password: SecretString::from("s3cret-é") }
}

fn client(mailbox: &SmtpServer) -> AsyncSmtpTransportBuilder {
    let address = mailbox.address();
    AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(address.ip().to_string())
        .port(address.port())
        .timeout(Some(Duration::from_secs(10)))
}

fn message(to: &str) -> Message {
    Message::builder()
        .from("Watch <watch@example.com>".parse().unwrap())
        .to(to.parse().unwrap())
        .subject("studio-a: token expired")
        .header(lettre::message::header::ContentType::TEXT_PLAIN)
        .body("first\r\n.hidden\r\n..\r\nlast".to_owned())
        .unwrap()
}

async fn send(client: AsyncSmtpTransportBuilder) -> Result<(), Error> {
    client.build::<Tokio1Executor>().send(message("ops@example.com")).await.map(drop)
}

fn only(mailbox: &SmtpServer) -> Mail {
    let [mail] = <[_; 1]>::try_from(mailbox.mails()).unwrap();
    mail
}

/// A server with a certificate for the loopback address, and a client that trusts it.
fn tls() -> (Arc<ServerConfig>, TlsParameters) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let server = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let trust = TlsParameters::builder("127.0.0.1".to_owned())
        .certificate_store(CertificateStore::None)
        .add_root_certificate(Certificate::from_pem(made.cert.pem().as_bytes()).unwrap())
        .build()
        .unwrap();
    (Arc::new(server), trust)
}

/// Sends each line and collects the last line of each reply; the greeting comes first.
async fn converse(mailbox: &SmtpServer, lines: &[&[u8]]) -> Vec<String> {
    let mut stream = BufReader::new(TcpStream::connect(mailbox.address()).await.unwrap());
    let mut replies = vec![reply(&mut stream).await];
    for line in lines {
        stream.write_all(line).await.unwrap();
        replies.push(reply(&mut stream).await);
    }
    replies
}

async fn reply(stream: &mut BufReader<TcpStream>) -> String {
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        if line.as_bytes().get(3) != Some(&b'-') {
            return line.trim_end().to_owned();
        }
    }
}

fn codes(replies: &[String]) -> Vec<&str> {
    replies.iter().map(|reply| reply.get(..3).unwrap_or_default()).collect()
}

#[tokio::test]
async fn mail_is_recorded_with_its_envelope_and_its_dots() {
    let now = clock();
    let mailbox = SmtpServer::open(&now, SmtpSetup::default()).await.unwrap();
    now.set(start() + TimeDelta::hours(1));
    send(client(&mailbox)).await.unwrap();
    let mail = only(&mailbox);
    assert_eq!((mail.from.as_str(), mail.at), ("watch@example.com", start() + TimeDelta::hours(1)));
    assert_eq!(mail.to, ["ops@example.com"]);
    assert_eq!(mail.header("subject").as_deref(), Some("studio-a: token expired"));
    assert!(mail.text().ends_with("\r\n\r\nfirst\r\n.hidden\r\n..\r\nlast\r\n"), "{}", mail.text());
    assert!(!mail.authenticated && !mail.encrypted);
}

#[tokio::test]
async fn login_is_required_and_checked_with_either_mechanism() {
    let mailbox =
        SmtpServer::open(&clock(), SmtpSetup { login: Some(login()), ..SmtpSetup::default() }).await.unwrap();
    assert!(send(client(&mailbox)).await.unwrap_err().is_permanent(), "no mail without a login");
    let credentials = |password: &str| Credentials::new("watch".into(), password.into());
    for mechanism in [Mechanism::Plain, Mechanism::Login] {
        let client = || client(&mailbox).authentication(vec![mechanism]);
        let wrong = send(client().credentials(credentials("wrong"))).await.unwrap_err();
        assert_eq!(wrong.status().map(|code| code.to_string()).as_deref(), Some("535"), "{mechanism}");
        send(client().credentials(credentials("s3cret-é"))).await.unwrap();
        assert!(mailbox.mails().last().unwrap().authenticated, "{mechanism}");
    }
    assert_eq!(mailbox.count(), 2);
    assert!(!format!("{:?}", mailbox.mails()).contains("s3cret"));
}

#[tokio::test]
async fn tls_is_used_from_the_start_or_from_starttls_on() {
    let (server, trust) = tls();
    for (security, mode) in [
        (SmtpSecurity::Implicit(Arc::clone(&server)), Tls::Wrapper(trust.clone())),
        (SmtpSecurity::StartTls(Arc::clone(&server)), Tls::Required(trust.clone())),
    ] {
        let mailbox =
            SmtpServer::open(&clock(), SmtpSetup { login: Some(login()), security, ..SmtpSetup::default() })
                .await
                .unwrap();
        let credentials = Credentials::new("watch".into(), "s3cret-é".into());
        send(client(&mailbox).tls(mode).credentials(credentials)).await.unwrap();
        let mail = only(&mailbox);
        assert!(mail.encrypted && mail.authenticated);
    }
}

#[tokio::test]
async fn neither_mail_nor_password_is_accepted_before_starttls() {
    let (server, _) = tls();
    let security = SmtpSecurity::StartTls(server);
    let mailbox =
        SmtpServer::open(&clock(), SmtpSetup { login: Some(login()), security, ..SmtpSetup::default() })
            .await
            .unwrap();
    let replies = converse(
        &mailbox,
        &[b"EHLO me\r\n", b"AUTH PLAIN AHdhdGNoAHMzY3JldA==\r\n", b"MAIL FROM:<a@b.c>\r\n", b"QUIT\r\n"],
    )
    .await;
    assert_eq!(codes(&replies), ["220", "250", "538", "530", "221"]);
}

#[tokio::test]
async fn fault_occurs_at_its_stage() {
    let mailbox =
        SmtpServer::open(&clock(), SmtpSetup { login: Some(login()), ..SmtpSetup::default() }).await.unwrap();
    let attempt = async || {
        let credentials = Credentials::new("watch".into(), "s3cret-é".into());
        send(client(&mailbox).credentials(credentials)).await
    };
    for (stage, code) in [
        (SmtpStage::Connect, 421),
        (SmtpStage::Login, 535),
        (SmtpStage::Sender, 450),
        (SmtpStage::Sender, 552),
        (SmtpStage::Recipient, 450),
        (SmtpStage::Recipient, 550),
        (SmtpStage::Content, 451),
        (SmtpStage::Content, 554),
    ] {
        mailbox.next(InjectedFault::refuse(stage, code));
        let error = attempt().await.unwrap_err();
        assert_eq!(
            error.status().map(|code| code.to_string()),
            Some(code.to_string()),
            "{stage:?}: {error:?}"
        );
    }
    assert_eq!(mailbox.count(), 0, "a refused mail is not recorded");
    attempt().await.unwrap();
    assert_eq!(mailbox.connection_count(), 9);
}

#[tokio::test]
async fn mail_is_recorded_if_the_connection_closes_or_hangs_after_the_final_dot() {
    let mailbox = SmtpServer::open(&clock(), SmtpSetup::default()).await.unwrap();
    mailbox.next(InjectedFault::drop(SmtpStage::Content));
    assert!(send(client(&mailbox)).await.is_err());
    assert_eq!(mailbox.count(), 1);
    // lettre's own time-out covers connecting only.
    for stage in [SmtpStage::Content, SmtpStage::Connect] {
        mailbox.next(InjectedFault::hang(stage));
        let hanging = tokio::time::timeout(Duration::from_millis(100), send(client(&mailbox))).await;
        assert!(hanging.is_err(), "{stage:?}");
    }
    mailbox.wait_for(2).await;
    assert_eq!(mailbox.count(), 2);
}

#[tokio::test]
async fn fault_stays_until_it_is_removed() {
    let mailbox = SmtpServer::open(&clock(), SmtpSetup::default()).await.unwrap();
    mailbox.set(Some(InjectedFault::refuse(SmtpStage::Sender, 450)));
    assert!(send(client(&mailbox)).await.unwrap_err().is_transient());
    mailbox.set(None);
    send(client(&mailbox)).await.unwrap();
    mailbox.wait_for(1).await;
}

#[tokio::test]
async fn one_of_several_recipients_can_be_refused() {
    let mailbox = SmtpServer::open(&clock(), SmtpSetup::default()).await.unwrap();
    mailbox.refuse_recipient("gone@example.com", Some(550));
    let replies = converse(
        &mailbox,
        &[
            b"HELO me\r\n",
            b"MAIL FROM:<a@b.c>\r\n",
            b"RCPT TO:<gone@example.com>\r\n",
            b"RCPT TO:<ops@example.com>\r\n",
            b"DATA\r\n",
            b"Subject: folded\r\n  twice\r\n\r\ntext\r\n.\r\n",
            b"QUIT\r\n",
        ],
    )
    .await;
    assert_eq!(codes(&replies), ["220", "250", "250", "550", "250", "354", "250", "221"]);
    assert_eq!(only(&mailbox).to, ["ops@example.com"]);
    assert_eq!(only(&mailbox).header("Subject").as_deref(), Some("folded twice"));
}

#[tokio::test]
async fn mail_server_that_is_down_refuses_connections_and_comes_back_on_its_port() {
    let mailbox = SmtpServer::open(&clock(), SmtpSetup::default()).await.unwrap();
    let pooled = client(&mailbox).build::<Tokio1Executor>();
    pooled.send(message("ops@example.com")).await.unwrap();
    mailbox.go_down();
    assert!(send(client(&mailbox)).await.is_err());
    mailbox.come_back().unwrap();
    send(client(&mailbox)).await.unwrap();
    assert_eq!(mailbox.count(), 2);
}

#[tokio::test]
async fn commands_out_of_order_are_refused_and_reset_clears_the_envelope() {
    let mailbox = SmtpServer::open(&clock(), SmtpSetup::default()).await.unwrap();
    for (lines, expected) in [
        (
            &[&b"MAIL FROM:<a@b.c>\r\n"[..], b"RCPT TO:<a@b.c>\r\n", b"DATA\r\n"][..],
            &["503", "503", "503"][..],
        ),
        (
            &[b"EHLO me\r\n", b"MAIL FROM:<a@b.c>\r\n", b"RSET\r\n", b"RCPT TO:<a@b.c>\r\n"],
            &["250", "250", "250", "503"],
        ),
        (&[b"EHLO me\r\n", b"AUTH PLAIN AA==\r\n", b"STARTTLS\r\n"], &["250", "503", "502"]),
        (&[b"NOOP\r\n", b"VRFY a\r\n", b"MAIL a\r\n", b"QUIT\r\n"], &["250", "500", "501", "221"]),
        (&[b"EHLO me\r\n", b"MAIL FROM:<a@b.c> SIZE=99999999\r\n"], &["250", "552"]),
    ] {
        let replies = converse(&mailbox, lines).await;
        assert_eq!(codes(&replies)[1..], *expected);
    }
}

#[tokio::test]
async fn too_long_or_invalid_input_is_refused() {
    let mailbox = SmtpServer::open(&clock(), SmtpSetup::default()).await.unwrap();
    let endless = [vec![b'a'; 1_000_000], b"\r\n".to_vec()].concat();
    let replies = converse(&mailbox, &[&endless, b"\xff\xfe\r\n", b"EHLO me\r\n"]).await;
    assert_eq!(codes(&replies), ["220", "500", "500", "250"]);

    let line = [vec![b'a'; 900], b"\r\n".to_vec()].concat();
    let huge = [line.repeat(12_000), b".\r\n".to_vec()].concat();
    let overlong = [vec![b'a'; 999], b"\r\n.\r\n".to_vec()].concat();
    let longest = [vec![b'a'; 998], b"\r\n.\r\n".to_vec()].concat();
    for (content, code) in
        [(&huge[..], "552"), (&overlong, "554"), (b"bare\n.\n.\r\n", "554"), (&longest, "250")]
    {
        let replies = converse(
            &mailbox,
            &[b"EHLO me\r\n", b"MAIL FROM:<>\r\n", b"RCPT TO:<a@b.c>\r\n", b"DATA\r\n", content, b"NOOP\r\n"],
        )
        .await;
        assert_eq!(codes(&replies)[4..], ["354", code, "250"]);
    }
    assert_eq!(only(&mailbox).raw.len(), 1_000);
}

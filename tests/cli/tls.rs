//! Mail and the vendor over TLS: met where the certificate is trusted, refused where it is not, never in the clear.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use minimax_watch::simulator::{Hook, Login, Mailbox, Record, Security, Setup, Signature, UseApi};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinSet;

use crate::stage::{Stage, TOKEN, healthy};

pub(crate) const PASSWORD: &str = "sm7p-Passw0rd";

/// A server's part of TLS, and the certificate that a client must trust, in PEM.
pub(crate) fn identity() -> (Arc<ServerConfig>, String) {
    identity_of("127.0.0.1")
}

/// The same for a server that goes by this name.
fn identity_of(name: &str) -> (Arc<ServerConfig>, String) {
    // A second call finds the provider installed; either way it is.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let chain = vec![made.cert.der().clone()];
    let server = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
    (Arc::new(server), made.cert.pem())
}

/// A mail server that wants a log-in.
pub(crate) async fn mailbox(stage: &Stage, security: Security) -> Mailbox {
    let login = Login { username: "watch".to_owned(), password: SecretString::from(PASSWORD) };
    Mailbox::open(&stage.now, Setup { login: Some(login), security, ..Setup::default() }).await.unwrap()
}

/// Its part of the configuration.
pub(crate) fn mail(mailbox: &Mailbox, tls: &str) -> String {
    format!(
        "[[receivers]]\nname = \"ops-mail\"\ntype = \"email\"\nfrom = \"watch@example.com\"\nto = [\"ops@example.com\"]\n\
         smtp = {{ host = \"127.0.0.1\", port = {}, tls = \"{tls}\", username = \"watch\", password_file = \"smtp-password\" }}\n",
        mailbox.address().port()
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_goes_out_over_tls_where_the_certificate_is_trusted_and_nowhere_else() {
    for (word, secured) in [
        ("starttls", Security::StartTls as fn(Arc<ServerConfig>) -> Security),
        ("implicit", Security::Implicit),
    ] {
        let mut stage = Stage::open().await;
        let (server, certificate) = identity();
        let mailbox = mailbox(&stage, secured(server)).await;
        stage.secret("smtp-password", PASSWORD);
        stage.secret("ca.pem", &certificate);
        stage.secret("other-ca.pem", &identity().1);
        stage.configure(&["a"], &mail(&mailbox, word));

        let other = stage.path("other-ca.pem").display().to_string();
        stage.set("SSL_CERT_FILE", &other);
        let refused = stage.run(&["notify", "test"]);
        assert_eq!((refused.status, mailbox.count()), (Some(3), 0), "{word}: {refused:?}");
        assert!(
            refused.out.starts_with("ops-mail: not taken, would be tried again: 127.0.0.1:"),
            "{}",
            refused.out
        );
        assert!(refused.out.contains("certificate"), "{}", refused.out);

        let trusted = stage.path("ca.pem").display().to_string();
        stage.set("SSL_CERT_FILE", &trusted);
        let sent = stage.run(&["notify", "test", "ops-mail"]);
        assert_eq!((sent.status, sent.out.as_str()), (Some(0), "ops-mail: delivered\n"), "{word}: {sent:?}");
        let mails = mailbox.mails();
        assert_eq!(mails.len(), 1);
        assert!(mails[0].encrypted && mails[0].authenticated, "{word}");
        assert!(mails[0].header("Subject").unwrap().to_lowercase().contains("test"), "{}", mails[0].text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_starttls_gets_neither_mail_nor_password() {
    let stage = Stage::open().await;
    let mailbox = mailbox(&stage, Security::None).await;
    stage.secret("smtp-password", PASSWORD);
    stage.configure(&["a"], &mail(&mailbox, "starttls"));
    let refused = stage.run(&["notify", "test"]);
    assert_eq!((refused.status, mailbox.count()), (Some(3), 0), "{refused:?}");
    assert!(refused.out.to_lowercase().contains("tls"), "{}", refused.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_receiver_is_named_with_those_that_are_known() {
    let stage = Stage::open().await;
    let mailbox = mailbox(&stage, Security::None).await;
    stage.secret("smtp-password", PASSWORD);
    stage.configure(&["a"], &mail(&mailbox, "none"));
    let refused = stage.run(&["notify", "test", "ops-male"]);
    assert_eq!((refused.status, refused.out.as_str()), (Some(3), ""));
    assert_eq!(refused.err, "minimax-watch: `ops-male` is no receiver (there are: ops-mail)\n");
    stage.configure(&["a"], "");
    let refused = stage.run(&["notify", "test"]);
    assert_eq!(refused.status, Some(3));
    assert!(refused.err.contains("add a [[receivers]]"), "{}", refused.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_vendor_is_asked_over_tls_and_by_http_2_where_it_offers_that() {
    let mut stage = Stage::with(&["a"], "").await;
    stage.vendor.remove("a");
    let (server, certificate) = identity();
    // It offers nothing else: who does not speak it gets no further than the greeting.
    let mut server = Arc::unwrap_or_clone(server);
    server.alpn_protocols = vec![b"h2".to_vec()];
    let api = UseApi::open_tls(&stage.now, Arc::new(server)).await.unwrap();
    api.subscribe(SecretString::from(TOKEN)).put(Record::ending("a", healthy()));
    stage.secret("ca.pem", &certificate);
    stage.secret("other-ca.pem", &identity().1);
    stage.set("MINIMAX_WATCH__API__BASE_URL", api.base_url().as_str());
    for (authority, status, requests) in [("other-ca.pem", 3, 0), ("ca.pem", 0, 1)] {
        stage.set("SSL_CERT_FILE", &stage.path(authority).display().to_string());
        let check = stage.run(&["check"]);
        assert_eq!((check.status, api.request_count()), (Some(status), requests), "{authority}: {check:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_that_is_far_away_is_waited_for() {
    let stage = Stage::with(&["a"], "").await;
    let latency = Duration::from_millis(300);
    stage.api.set_latency(latency);
    let begun = Instant::now();
    assert_eq!(stage.run(&["check"]).status, Some(0));
    assert!(begun.elapsed() >= latency, "{:?}", begun.elapsed());
}

/// A proxy that tunnels each connection to `target`, whatever it was asked for, for as long as the tasks are held; gives what
/// each client asked.
async fn tunnel_to(target: SocketAddr) -> (SocketAddr, UnboundedReceiver<String>, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (asked, heads) = unbounded_channel();
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        let mut tunnels = JoinSet::new();
        while let Ok((mut client, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") && head.len() < 4096 {
                head.push(client.read_u8().await.unwrap_or(b'\n'));
            }
            asked.send(String::from_utf8(head).unwrap()).unwrap();
            client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
            let mut server = TcpStream::connect(target).await.unwrap();
            tunnels.spawn(async move { tokio::io::copy_bidirectional(&mut client, &mut server).await });
        }
    });
    (address, heads, serving)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_delivered_over_tls_by_http_1_also_through_a_proxy_and_to_servers_that_prefer_http_2() {
    let secret = SecretString::from("whsec_c2lnbmluZy1zZWNyZXQtb2YtdGhlLXRlc3Q=");
    for name in ["127.0.0.1", "hooks.example.com"] {
        let mut stage = Stage::open().await;
        let (server, certificate) = identity_of(name);
        let mut server = Arc::unwrap_or_clone(server);
        server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let hook = Hook::open_tls(&stage.now, Some(&secret), Arc::new(server)).await.unwrap();
        let (proxy, mut heads, _serving) = tunnel_to(hook.address()).await;
        stage.set("https_proxy", &format!("http://me:pr0xyPw@{proxy}"));
        stage.secret("signing", secret.expose_secret());
        stage.secret("ca.pem", &certificate);
        stage.secret("other-ca.pem", &identity_of(name).1);
        let port = if name == "127.0.0.1" { hook.address().port() } else { 443 };
        let receiver = format!(
            "[[receivers]]\nname = \"pager\"\ntype = \"webhook\"\nurl = \"https://{name}:{port}/a?b=c\"\n\
             secret_file = \"signing\"\n"
        );
        stage.configure(&["a"], &receiver);
        for (authority, status, count) in [("other-ca.pem", 3, 0), ("ca.pem", 0, 1)] {
            stage.set("SSL_CERT_FILE", &stage.path(authority).display().to_string());
            let test = stage.run(&["notify", "test"]);
            assert_eq!(
                (test.status, hook.deliveries().len()),
                (Some(status), count),
                "{authority}: {test:?}"
            );
            assert!(count == 1 || test.out.contains("certificate"), "{test:?}");
        }
        let delivery = hook.deliveries().remove(0);
        assert_eq!((delivery.path.as_str(), delivery.signature), ("/a?b=c", Signature::Valid));
        // HTTP/1.1 has a Host header; HTTP/2 has none.
        let host = if port == 443 { name.to_owned() } else { format!("{name}:{port}") };
        assert_eq!(delivery.header("host"), Some(host.as_str()));
        let tunnelled = if name == "127.0.0.1" { 0 } else { 2 };
        for _ in 0..tunnelled {
            let head = heads.try_recv().unwrap().to_lowercase();
            assert!(head.starts_with("connect hooks.example.com:443 http/1.1\r\n"), "{head}");
            assert!(head.contains("\r\nproxy-authorization: basic "), "{head}");
        }
        assert!(heads.try_recv().is_err(), "loopback is reached directly");
    }
}

//! Mail, webhooks and the vendor over TLS: used where the certificate is trusted, refused where not, never unencrypted.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinSet;

use crate::setup::{Setup, TOKEN, healthy};
use crate::simulator::{
    FakeUseApi, Login, Record, Signature, SmtpSecurity, SmtpServer, SmtpSetup, WebhookServer,
};

pub(crate) const PASSWORD: &str = "sm7p-Passw0rd";

/// The TLS configuration of a server, and the certificate in PEM that a client must trust.
pub(crate) fn identity() -> (Arc<ServerConfig>, String) {
    identity_of("127.0.0.1")
}

/// The same for a server of this name.
fn identity_of(name: &str) -> (Arc<ServerConfig>, String) {
    // Fails if the provider is installed already, which is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let chain = vec![made.cert.der().clone()];
    let server = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
    (Arc::new(server), made.cert.pem())
}

/// A mail server that requires a login.
pub(crate) async fn mailbox(setup: &Setup, security: SmtpSecurity) -> SmtpServer {
    let login = Login { username: "watch".to_owned(), password: SecretString::from(PASSWORD) };
    SmtpServer::open(&setup.now, SmtpSetup { login: Some(login), security, ..SmtpSetup::default() })
        .await
        .unwrap()
}

/// The configuration of a receiver that uses it.
pub(crate) fn mail(mailbox: &SmtpServer, tls: &str) -> String {
    format!(
        "[[receivers]]\nname = \"ops-mail\"\ntype = \"email\"\nfrom = \"watch@example.com\"\nto = [\"ops@example.com\"]\n\
         smtp = {{ host = \"127.0.0.1\", port = {}, tls = \"{tls}\", username = \"watch\", password_file = \"smtp-password\" }}\n",
        mailbox.address().port()
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_is_sent_over_tls_only_where_the_certificate_is_trusted() {
    for (word, secured) in [
        ("starttls", SmtpSecurity::StartTls as fn(Arc<ServerConfig>) -> SmtpSecurity),
        ("implicit", SmtpSecurity::Implicit),
    ] {
        let mut setup = Setup::open().await;
        let (server, certificate) = identity();
        let mailbox = mailbox(&setup, secured(server)).await;
        setup.secret("smtp-password", PASSWORD);
        setup.secret("ca.pem", &certificate);
        setup.secret("other-ca.pem", &identity().1);
        setup.configure(&["a"], &mail(&mailbox, word));

        let other = setup.path("other-ca.pem").display().to_string();
        setup.set("SSL_CERT_FILE", &other);
        let refused = setup.run(&["notify", "test"]);
        assert_eq!((refused.status, mailbox.count()), (Some(3), 0), "{word}: {refused:?}");
        assert!(
            refused.out.starts_with("ops-mail: failed (an alert would be retried): 127.0.0.1:"),
            "{}",
            refused.out
        );
        assert!(refused.out.contains("certificate"), "{}", refused.out);
        assert_eq!(refused.err, "", "{word}: said once");

        let trusted = setup.path("ca.pem").display().to_string();
        setup.set("SSL_CERT_FILE", &trusted);
        let sent = setup.run(&["notify", "test", "ops-mail"]);
        assert_eq!((sent.status, sent.out.as_str()), (Some(0), "ops-mail: delivered\n"), "{word}: {sent:?}");
        let mails = mailbox.mails();
        assert_eq!(mails.len(), 1);
        assert!(mails[0].encrypted && mails[0].authenticated, "{word}");
        assert!(mails[0].header("Subject").unwrap().to_lowercase().contains("test"), "{}", mails[0].text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn server_without_starttls_gets_neither_mail_nor_password() {
    let setup = Setup::open().await;
    let mailbox = mailbox(&setup, SmtpSecurity::None).await;
    setup.secret("smtp-password", PASSWORD);
    setup.configure(&["a"], &mail(&mailbox, "starttls"));
    let refused = setup.run(&["notify", "test"]);
    assert_eq!((refused.status, mailbox.count()), (Some(3), 0), "{refused:?}");
    assert!(refused.out.to_lowercase().contains("tls"), "{}", refused.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_receiver_is_named_with_the_configured_ones() {
    let setup = Setup::open().await;
    let mailbox = mailbox(&setup, SmtpSecurity::None).await;
    setup.secret("smtp-password", PASSWORD);
    setup.configure(&["a"], &mail(&mailbox, "none"));
    let refused = setup.run(&["notify", "test", "ops-male"]);
    assert_eq!((refused.status, refused.out.as_str()), (Some(3), ""));
    assert_eq!(refused.err, "minimax-watch: unknown receiver \"ops-male\"; configured: ops-mail\n");
    setup.configure(&["a"], "");
    let refused = setup.run(&["notify", "test"]);
    assert_eq!(refused.status, Some(3));
    assert!(refused.err.contains("add a [[receivers]]"), "{}", refused.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn vendor_is_checked_over_tls_and_by_http_2_where_offered() {
    let mut setup = Setup::with(&["a"], "").await;
    setup.vendor.remove("a");
    let (server, certificate) = identity();
    // The server offers nothing else, so a client without HTTP/2 fails in the handshake.
    let mut server = Arc::unwrap_or_clone(server);
    server.alpn_protocols = vec![b"h2".to_vec()];
    let api = FakeUseApi::open_tls(&setup.now, Arc::new(server)).await.unwrap();
    api.subscribe(SecretString::from(TOKEN)).put(Record::ending("a", healthy()));
    setup.secret("ca.pem", &certificate);
    setup.secret("other-ca.pem", &identity().1);
    setup.set("MINIMAX_WATCH__API__BASE_URL", api.base_url().as_str());
    for (authority, status, requests) in [("other-ca.pem", 3, 0), ("ca.pem", 0, 1)] {
        setup.set("SSL_CERT_FILE", &setup.path(authority).display().to_string());
        let check = setup.run(&["check"]);
        assert_eq!((check.status, api.request_count()), (Some(status), requests), "{authority}: {check:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn check_waits_for_a_distant_vendor() {
    let setup = Setup::with(&["a"], "").await;
    let latency = Duration::from_millis(300);
    setup.api.set_latency(latency);
    let started = Instant::now();
    assert_eq!(setup.run(&["check"]).status, Some(0));
    assert!(started.elapsed() >= latency, "{:?}", started.elapsed());
}

/// A proxy that tunnels each connection to `target`, whatever the client asks for, until the tasks are dropped. The receiver
/// yields the request of each client.
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
async fn webhook_is_delivered_over_tls_by_http_1_also_through_a_proxy_and_to_servers_that_prefer_http_2() {
    let secret = SecretString::from("whsec_c2lnbmluZy1zZWNyZXQtb2YtdGhlLXRlc3Q=");
    for name in ["127.0.0.1", "hooks.example.com"] {
        let mut setup = Setup::open().await;
        let (server, certificate) = identity_of(name);
        let mut server = Arc::unwrap_or_clone(server);
        server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let hook = WebhookServer::open_tls(&setup.now, Some(&secret), Arc::new(server)).await.unwrap();
        let (proxy, mut heads, _serving) = tunnel_to(hook.address()).await;
        setup.set("https_proxy", &format!("http://me:pr0xyPw@{proxy}"));
        setup.secret("signing", secret.expose_secret());
        setup.secret("ca.pem", &certificate);
        setup.secret("other-ca.pem", &identity_of(name).1);
        let port = if name == "127.0.0.1" { hook.address().port() } else { 443 };
        let receiver = format!(
            "[[receivers]]\nname = \"pager\"\ntype = \"webhook\"\nurl = \"https://{name}:{port}/a?b=c\"\n\
             secret_file = \"signing\"\n"
        );
        setup.configure(&["a"], &receiver);
        for (authority, status, count) in [("other-ca.pem", 3, 0), ("ca.pem", 0, 1)] {
            setup.set("SSL_CERT_FILE", &setup.path(authority).display().to_string());
            let test = setup.run(&["notify", "test"]);
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

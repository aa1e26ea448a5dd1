//! The HTTP listener: who may connect, what it refuses, and that the watching does not depend on it (docs/contract.md, section 6).

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use crate::child::{Service, TIMEOUT};
use crate::http_client::{Client, TOKEN, read};
use crate::setup::Setup;

const OPEN: &str = "[http]\nlisten = \"127.0.0.1:0\"\n";
const PROTECTED: &str = "[http]\nlisten = \"127.0.0.1:0\"\ntoken_file = \"http-token\"\n";

/// A service with this `[http]` section whose first run has finished.
async fn serving(http: &str) -> (Setup, Service, Client) {
    let setup = Setup::with(&["a"], http).await;
    setup.secret("http-token", TOKEN);
    let mut service = setup.serve(&[]);
    let client = Client::after_first_run(&mut service);
    (setup, service, client)
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_section_nothing_listens() {
    let setup = Setup::with(&["a"], "").await;
    let mut service = setup.serve(&[]);
    service.until("run finished");
    let tasks = std::fs::read_dir(format!("/proc/{}/task", service.pid())).unwrap();
    for task in tasks {
        let name = std::fs::read_to_string(task.unwrap().path().join("comm")).unwrap_or_default();
        assert_ne!(name.trim(), "http");
    }
    assert_eq!(service.stop(), Some(0));
    assert!(!service.log().contains("listening"), "{}", service.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn health_is_answered_and_becomes_ready_with_the_first_run() {
    let (_setup, mut service, client) = serving(OPEN).await;
    let alive = client.get("/healthz");
    assert_eq!((alive.status, alive.body.as_str()), (200, "ok\n"));
    let ready = client.get("/readyz");
    assert_eq!(ready.status, 200, "{ready:?}");
    assert_eq!(ready.json()["healthy"], true);
    let page = client.get("/");
    assert!(page.status == 200 && page.body.contains(">OK</span> No alert is open</h1>"), "{page:?}");
    assert_eq!(client.get("/nothing").status, 404);
    assert_eq!(
        client.send(&format!("DELETE / HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", client.0)).status,
        405
    );
    assert_eq!(service.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_carries_the_security_headers() {
    let (_setup, _service, client) = serving(PROTECTED).await;
    for path in ["/", "/healthz", "/readyz", "/style.css", "/nothing", "/api/v1/status"] {
        let answer = client.get(path);
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'self'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("x-robots-tag", "noindex, nofollow"),
            ("cache-control", if path == "/" { "private, no-store" } else { "private, no-cache" }),
        ] {
            assert_eq!(answer.header(name), Some(value), "{path}");
        }
        assert!(!answer.body.contains("style=") && !answer.body.contains("<script"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_only_requests_to_this_machine_by_name_are_answered() {
    let (_setup, _service, client) = serving(OPEN).await;
    let with_host =
        |host: &str| client.send(&format!("GET / HTTP/1.1\r\n{host}Connection: close\r\n\r\n")).status;
    for (host, status) in [
        ("Host: localhost\r\n", 200),
        ("Host: localhost:9464\r\n", 200),
        ("Host: [::1]:9464\r\n", 200),
        ("Host: rebound.example.com\r\n", 421),
        ("Host: 192.168.1.5:9464\r\n", 421),
        ("Host: localhost\r\nHost: rebound.example.com\r\n", 421),
        ("Host: localhost@rebound.example.com\r\n", 421),
        ("", 421),
    ] {
        assert_eq!(with_host(host), status, "{host}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_token_everything_but_health_and_the_log_in_needs_it_also_on_loopback() {
    let (_setup, mut service, client) = serving(PROTECTED).await;
    for (path, status) in
        [("/healthz", 200), ("/readyz", 200), ("/style.css", 200), ("/nothing", 401), ("/", 401)]
    {
        assert_eq!(client.get(path).status, status, "{path}");
    }
    let form = client.get("/");
    assert!(form.body.contains("<form method=\"post\" action=\"login\">"), "{form:?}");
    assert_eq!((form.header("www-authenticate"), form.header("location")), (Some("Bearer"), None));
    assert_eq!(client.get("/nothing").json()["error"], "Unauthorized");
    assert_eq!(client.get_as_owner("/").status, 200);
    assert_eq!(client.get_as_owner("/nothing").status, 404);
    let by_proxy = format!(
        "GET / HTTP/1.1\r\nHost: watch.example\r\nauthorization: bearer {TOKEN}\r\nConnection: close\r\n\r\n"
    );
    assert_eq!(client.send(&by_proxy).status, 200);
    let begun = Instant::now();
    assert_eq!(client.get_with("/", "Authorization: Bearer wrong\r\n").status, 401);
    assert!(begun.elapsed() >= Duration::from_secs(1), "a wrong token is slowed");
    service.until("with a wrong token, from 127.0.0.1");
    assert_eq!(service.stop(), Some(0));
    assert!(!service.log().contains(TOKEN), "{}", service.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_starts_a_session_that_ends_with_the_token() {
    let (setup, mut service, client) = serving(PROTECTED).await;
    let wrong = client.log_in("not-the-token");
    assert!(wrong.status == 401 && wrong.body.contains("This is not the token."), "{wrong:?}");
    let logged_in = client.log_in(TOKEN);
    assert_eq!((logged_in.status, logged_in.header("location")), (303, Some("./")), "{logged_in:?}");
    let cookie = logged_in.header("set-cookie").unwrap();
    assert!(cookie.ends_with("; HttpOnly; SameSite=Strict") && !cookie.contains(TOKEN), "{cookie}");
    let session = format!("Cookie: theme=dark; {}\r\n", cookie.split(';').next().unwrap());
    assert_eq!(client.get_with("/", &session).status, 200);
    assert_eq!(client.get_with("/", "Cookie: minimax-watch-session=1.00\r\n").status, 401);
    setup.secret("http-token", "another-token-of-the-test");
    service.signal("HUP");
    service.until("configuration reloaded");
    assert_eq!(client.get_with("/", &session).status, 401, "the new token is in force on the same socket");
    assert_eq!(service.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_and_huge_requests_get_an_error_of_the_client() {
    let (_setup, _service, client) = serving(PROTECTED).await;
    let host = format!("Host: {}\r\n", client.0);
    let huge = "x".repeat(20_000);
    let many = "X-Header: 1\r\n".repeat(100);
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    for (request, status) in [
        ("nonsense\r\n\r\n".to_owned(), 400),
        (format!("GET /{huge} HTTP/1.1\r\n{host}\r\n"), 431),
        (format!("GET / HTTP/1.1\r\n{host}X: {huge}\r\n\r\n"), 431),
        (format!("GET / HTTP/1.1\r\n{host}{many}\r\n"), 431),
        (format!("POST /login HTTP/1.1\r\n{host}{form}Content-Length: 99999999\r\n\r\n"), 413),
        (format!("GET / HTTP/1.1\r\n{host}Content-Length: 5000\r\n\r\n"), 413),
        (
            format!(
                "POST /login HTTP/1.1\r\n{host}{form}Transfer-Encoding: chunked\r\n\r\n4E20\r\n{huge}\r\n0\r\n\r\n"
            ),
            413,
        ),
        (format!("POST /login HTTP/1.1\r\n{host}Content-Length: 2\r\n\r\n{{}}"), 415),
        (format!("POST /login HTTP/1.1\r\n{host}Content-Length: x\r\n\r\n"), 400),
        (
            format!("GET /%ff HTTP/1.1\r\n{host}Authorization: Bearer {TOKEN}\r\nConnection: close\r\n\r\n"),
            404,
        ),
    ] {
        let answer = client.send(&request);
        assert_eq!(answer.status, status, "{}: {answer:?}", &request[..request.len().min(120)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_stall_or_crowd_are_cut_off_and_delay_neither_others_nor_a_check() {
    let (_setup, mut service, client) = serving(OPEN).await;
    let begun = Instant::now();
    // More than the listener holds open: the others wait for a place.
    let mut stalled: Vec<TcpStream> = (0..80).map(|_| TcpStream::connect(client.0).unwrap()).collect();
    for stream in &mut stalled {
        stream.set_read_timeout(Some(TIMEOUT)).unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: loc").unwrap();
    }
    service.signal("HUP");
    service.until("run finished");
    assert!(begun.elapsed() < Duration::from_secs(8), "the run did not wait for them");
    assert_eq!(client.get("/healthz").status, 200, "once the first ones are cut off");
    assert_eq!(read(&mut stalled[0]).status, 408);
    assert_eq!(service.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_is_closed_without_an_answer_and_half_a_request_gets_408() {
    let (_setup, mut service, client) = serving(OPEN).await;
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {}\r\n\r\n", client.0);
    let mut open = ["", "\r\n", "GET /healthz HTT", "GET /healthz HTTP/1.1\r\nHost: "].map(|rest| {
        let mut stream = TcpStream::connect(client.0).unwrap();
        stream.set_read_timeout(Some(TIMEOUT)).unwrap();
        stream.write_all(format!("{request}{rest}").as_bytes()).unwrap();
        stream
    });
    let mut never_used = TcpStream::connect(client.0).unwrap();
    let answers = open.each_mut().map(read);
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    let later = answers.each_ref().map(|answer| answer.body.strip_prefix("ok\n").unwrap());
    assert_eq!(later[..2], ["", ""]);
    for answer in &later[2..] {
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    }
    assert_eq!(read(&mut never_used).head, "");
    assert_eq!(service.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_is_an_error_in_the_log_and_the_watching_goes_on() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let setup = Setup::with(&["a"], &format!("[http]\nlisten = \"{address}\"\n")).await;
    let mut service = setup.serve(&[]);
    let line = service.until("cannot listen on");
    assert!(
        line.contains("ERROR") && line.contains(&address.to_string()) && line.contains("choose another"),
        "{line}"
    );
    service.signal("HUP");
    service.until("run finished");
    // Another address comes into force with a reload, and no section at all closes the listener.
    setup.configure(&["a"], OPEN);
    service.signal("HUP");
    let client = Client::of(&mut service);
    assert_eq!(client.get("/healthz").status, 200);
    // On the port that the listener of the configuration before holds.
    setup.secret("http-token", TOKEN);
    drop(taken);
    for host in ["127.0.0.1", "0.0.0.0", "127.0.0.1"] {
        let listen = format!("{host}:{}", address.port());
        setup.configure(&["a"], &PROTECTED.replace("127.0.0.1:0", &listen));
        service.signal("HUP");
        let line = service.until(&listen);
        assert!(line.contains("listening on"), "{line}");
    }
    let client = Client(address);
    setup.configure(&["a"], "");
    service.signal("HUP");
    service.until("the HTTP listener stops");
    service.until("run finished");
    let closed = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        TcpStream::connect(client.0).is_err()
    });
    assert!(closed, "the socket is closed");
    assert_eq!(service.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn other_addresses_than_loopback_need_a_token() {
    let setup = Setup::with(&["a"], "[http]\nlisten = \"0.0.0.0:9464\"\n").await;
    let refused = setup.run(&["config", "check"]);
    assert_eq!(refused.status, Some(3));
    assert!(refused.err.contains("http.listen: is not on loopback"), "{}", refused.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_with_an_open_connection_stops_in_order() {
    let (setup, mut service, client) = serving(OPEN).await;
    let _idle = TcpStream::connect(client.0).unwrap();
    assert_eq!(client.get("/").status, 200);
    let begun = Instant::now();
    assert_eq!(service.stop(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert!(!setup.store().with_extension("db-wal").exists(), "the store has a clean end");
}

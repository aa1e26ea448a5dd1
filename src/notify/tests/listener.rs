//! A server on loopback that plays one connection and hands back what it heard.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// A server for one connection.
pub(super) struct Listener<T> {
    pub(super) port: u16,
    thread: JoinHandle<T>,
}

impl<T: Send + 'static> Listener<T> {
    /// Accepts one connection and plays it; a client that stays away for long ends the test.
    pub(super) fn new(play: impl FnOnce(TcpStream) -> T + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let thread = std::thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            play(stream)
        });
        Self { port, thread }
    }

    /// What the dialogue gave.
    pub(super) fn heard(self) -> T {
        self.thread.join().unwrap()
    }
}

/// A port that nobody listens on.
pub(super) fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// One HTTP request, as head and body.
pub(super) struct Request {
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// Hears one request and answers it with `answer`, an HTTP response as it travels.
pub(super) fn http(answer: impl Into<String>) -> Listener<Request> {
    let answer = answer.into();
    Listener::new(move |mut stream| {
        let request = request(&stream);
        stream.write_all(answer.as_bytes()).unwrap();
        request
    })
}

/// Hears one request and never answers.
pub(super) fn silent() -> Listener<()> {
    Listener::new(|stream| {
        request(&stream);
        let mut rest = Vec::new();
        let _ = (&stream).read_to_end(&mut rest);
    })
}

fn request(stream: &TcpStream) -> Request {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        reader.read_line(&mut head).unwrap();
    }
    let request = Request { head, body: Vec::new() };
    let length = request.header("content-length").unwrap().parse().unwrap();
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    Request { body, ..request }
}

/// Plays an SMTP server by `script`: pairs of what a line begins with and the answer to it, each used once and in
/// any order; `.` answers the content. No answer to a line means hanging up. Returns every line heard.
pub(super) fn smtp(greeting: &'static str, script: &[(&'static str, &'static str)]) -> Listener<Vec<String>> {
    let mut script = script.to_vec();
    Listener::new(move |stream| {
        let (mut reader, mut writer) = (BufReader::new(&stream), &stream);
        let (mut heard, mut in_content) = (Vec::new(), false);
        writer.write_all(format!("{greeting}\r\n").as_bytes()).unwrap();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return heard;
            }
            let line = line.trim_end_matches("\r\n").to_owned();
            heard.push(line.clone());
            if in_content && line != "." {
                continue;
            }
            let found = script.iter().position(|(prefix, _)| line.starts_with(prefix));
            let Some(answer) = found.map(|position| script.remove(position).1) else { return heard };
            in_content = answer.starts_with("354");
            writer.write_all(format!("{answer}\r\n").as_bytes()).unwrap();
        }
    })
}

/// Says `prelude` line by line, hearing something between two lines, then speaks TLS with a certificate of its own
/// making. Returns what it heard inside TLS.
pub(super) fn untrusted_tls(prelude: Vec<&'static str>) -> Listener<Vec<u8>> {
    let certified = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let key = certified.signing_key.serialize_der().try_into().unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    Listener::new(move |mut stream| {
        for (number, line) in prelude.iter().enumerate() {
            if number > 0 {
                let _ = stream.read(&mut [0; 512]).unwrap();
            }
            stream.write_all(line.as_bytes()).unwrap();
        }
        let mut session = rustls::ServerConnection::new(Arc::new(server)).unwrap();
        let mut secured = rustls::Stream::new(&mut session, &mut stream);
        let mut heard = Vec::new();
        let _ = secured.write_all(b"220 x ESMTP\r\n");
        let _ = secured.read_to_end(&mut heard);
        heard
    })
}

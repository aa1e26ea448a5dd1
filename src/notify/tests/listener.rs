//! A server on loopback that plays one connection and returns what it received.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// A server for one connection.
pub(in crate::notify) struct Listener<T> {
    pub(in crate::notify) port: u16,
    thread: JoinHandle<T>,
}

impl<T: Send + 'static> Listener<T> {
    /// Accepts one connection and plays it; the test ends if the client is silent for long.
    pub(in crate::notify) fn new(play: impl FnOnce(TcpStream) -> T + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let thread = std::thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            play(stream)
        });
        Self { port, thread }
    }

    /// What `play` returned.
    pub(in crate::notify) fn result(self) -> T {
        self.thread.join().unwrap()
    }
}

/// A port without a listener.
pub(in crate::notify) fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// One HTTP request, as head and body.
pub(in crate::notify) struct Request {
    pub(in crate::notify) head: String,
    pub(in crate::notify) body: Vec<u8>,
}

impl Request {
    pub(in crate::notify) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// Reads one request and sends `answer`, the bytes of an HTTP response.
pub(in crate::notify) fn http(answer: impl Into<String>) -> Listener<Request> {
    let answer = answer.into();
    Listener::new(move |mut stream| {
        let request = request(&stream);
        stream.write_all(answer.as_bytes()).unwrap();
        request
    })
}

/// Reads one request and never answers.
pub(in crate::notify) fn silent() -> Listener<()> {
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
    let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    Request { body, ..request }
}

/// Plays an SMTP server by `script`: pairs of the beginning of a line and the reply to it, each used once and in any order;
/// `.` replies to the content. Closes the connection at a line without a reply. Returns every received line.
pub(in crate::notify) fn smtp(
    greeting: &'static str,
    script: &[(&'static str, &'static str)],
) -> Listener<Vec<String>> {
    let mut script = script.to_vec();
    Listener::new(move |stream| {
        let (mut reader, mut writer) = (BufReader::new(&stream), &stream);
        let (mut received, mut in_content) = (Vec::new(), false);
        writer.write_all(format!("{greeting}\r\n").as_bytes()).unwrap();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return received;
            }
            let line = line.trim_end_matches("\r\n").to_owned();
            received.push(line.clone());
            if in_content && line != "." {
                continue;
            }
            let found = script.iter().position(|(prefix, _)| line.starts_with(prefix));
            let Some(answer) = found.map(|position| script.remove(position).1) else { return received };
            in_content = answer.starts_with("354");
            writer.write_all(format!("{answer}\r\n").as_bytes()).unwrap();
        }
    })
}

/// Sends the lines of `prelude`, reading something between two lines, then speaks TLS with a self-signed certificate. Returns
/// what it received inside TLS.
pub(in crate::notify) fn untrusted_tls(prelude: Vec<&'static str>) -> Listener<Vec<u8>> {
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
        let mut received = Vec::new();
        let _ = secured.write_all(b"220 x ESMTP\r\n");
        let _ = secured.read_to_end(&mut received);
        received
    })
}

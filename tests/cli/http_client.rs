//! A client of the listener that can also misbehave: it sends the bytes that a test gives it.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use serde_json::Value;

use crate::child::{Service, TIMEOUT};

pub(crate) const TOKEN: &str = "listener-t0ken-of-the-test";

/// One answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The status line and the headers, names in lower case.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.head.lines().filter_map(|line| line.split_once(": "));
        headers.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// A client of one listener.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client(pub(crate) SocketAddr);

impl Client {
    /// Of the listener whose address comes next in the log.
    pub(crate) fn of(service: &mut Service) -> Self {
        Self::from_line(&service.until("listening on http://"))
    }

    fn from_line(line: &str) -> Self {
        let address = line.split("http://").nth(1).unwrap().split_whitespace().next().unwrap();
        Self(address.parse().unwrap())
    }

    /// Of the listener of a service whose first run has finished; both come in any order.
    pub(crate) fn after_first_run(service: &mut Service) -> Self {
        let [line, _] = service.until_all(["listening on http://", "run finished"]);
        Self::from_line(&line)
    }

    /// `GET` without a token.
    pub(crate) fn get(self, path: &str) -> Answer {
        self.get_with(path, "")
    }

    /// `GET` with the token of the tests.
    pub(crate) fn get_as_owner(self, path: &str) -> Answer {
        self.get_with(path, &format!("Authorization: Bearer {TOKEN}\r\n"))
    }

    /// `GET` with these header lines.
    pub(crate) fn get_with(self, path: &str, headers: &str) -> Answer {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: {}\r\n{headers}Connection: close\r\n\r\n", self.0))
    }

    /// Sends the log-in form.
    pub(crate) fn log_in(self, token: &str) -> Answer {
        let body = format!("token={token}");
        self.send(&format!(
            "POST /login HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.0,
            body.len()
        ))
    }

    /// Sends these bytes and returns the first answer.
    pub(crate) fn send(self, request: &str) -> Answer {
        let mut stream = TcpStream::connect(self.0).unwrap();
        stream.set_read_timeout(Some(TIMEOUT)).unwrap();
        // A server that has seen enough may close before all is written.
        let _ = stream.write_all(request.as_bytes());
        read(&mut stream)
    }
}

/// Reads until the server closes the connection.
pub(crate) fn read(stream: &mut TcpStream) -> Answer {
    let mut bytes = Vec::new();
    // A reset after the answer, when not all of the request was read.
    let _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}

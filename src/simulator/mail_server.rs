//! A mail server on loopback that records the mails: SMTP (RFC 5321) with login by PLAIN (RFC 4616).
//!
//! Guarantees: it accepts no sender before the login. Passwords are not recorded. A session is bounded in size.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::lock::lock;
use super::now::VirtualNow;
use crate::domain::time::Timestamp;

/// Bytes that a client may send in one session.
const MAX_SESSION: u64 = 10 * 1024 * 1024;

/// One mail as it was received.
#[derive(Clone, Debug)]
pub struct Mail {
    /// When, in simulated time.
    pub at: Timestamp,
    /// Headers and body without stuffed dots, lines ended by CRLF.
    pub raw: String,
}

impl Mail {
    /// The subject as a reader sees it: base64 words (RFC 2047) are decoded.
    pub fn subject(&self) -> String {
        let mut lines = self.raw.lines().skip_while(|line| !line.starts_with("Subject: "));
        let first = lines.next().and_then(|line| line.strip_prefix("Subject: ")).unwrap_or_default();
        let folded = lines.take_while(|line| line.starts_with(' ')).map(str::trim);
        let words = std::iter::once(first).chain(folded).flat_map(|line| line.split(' '));
        words.map(decode_word).collect::<Vec<_>>().join(" ")
    }
}

fn decode_word(word: &str) -> String {
    let encoded = word.strip_prefix("=?utf-8?b?").and_then(|word| word.strip_suffix("?="));
    let decoded = encoded.and_then(|encoded| STANDARD.decode(encoded).ok());
    decoded.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_else(|| word.to_owned())
}

struct State {
    now: VirtualNow,
    /// The response of PLAIN.
    credentials: SecretString,
    mails: Mutex<Vec<Mail>>,
}

/// Serves one connection. How it ends does not matter: the client sees it.
async fn serve(mut stream: TcpStream, state: Arc<State>) -> io::Result<()> {
    let (received, mut sent) = stream.split();
    let mut lines = BufReader::new(received.take(MAX_SESSION)).lines();
    sent.write_all(b"220 localhost ESMTP\r\n").await?;
    let mut is_logged_in = false;
    while let Some(line) = lines.next_line().await? {
        let (verb, arguments) = line.split_once(' ').unwrap_or((&line, ""));
        let reply = match verb {
            "EHLO" => "250-localhost\r\n250-8BITMIME\r\n250 AUTH PLAIN",
            "AUTH" if arguments.strip_prefix("PLAIN ") == Some(state.credentials.expose_secret()) => {
                is_logged_in = true;
                "235 2.7.0 logged in"
            }
            "AUTH" => "535 5.7.8 authentication failed",
            "QUIT" => return sent.write_all(b"221 2.0.0 bye\r\n").await,
            "MAIL" | "RCPT" | "DATA" if !is_logged_in => "530 5.7.0 authentication required",
            "MAIL" | "RCPT" | "RSET" | "NOOP" => "250 2.0.0 ok",
            "DATA" => {
                sent.write_all(b"354 end with a dot on a line by itself\r\n").await?;
                let raw = content(&mut lines).await?;
                lock(&state.mails).push(Mail { at: state.now.now(), raw });
                "250 2.0.0 kept"
            }
            _ => "500 5.5.2 unknown command",
        };
        sent.write_all(format!("{reply}\r\n").as_bytes()).await?;
    }
    Ok(())
}

/// Everything up to the final dot, without the stuffed ones (RFC 5321, 4.5.2).
async fn content(lines: &mut Lines<impl AsyncBufRead + Unpin>) -> io::Result<String> {
    let mut mail = String::new();
    loop {
        let line = lines.next_line().await?.ok_or(io::ErrorKind::UnexpectedEof)?;
        if line == "." {
            return Ok(mail);
        }
        mail.push_str(line.strip_prefix('.').unwrap_or(&line));
        mail.push_str("\r\n");
    }
}

/// A mail server on a free port of 127.0.0.1.
pub struct SmtpServer {
    state: Arc<State>,
    address: SocketAddr,
    _task: JoinSet<io::Result<()>>,
}

impl SmtpServer {
    /// Opens it for clients that log in with this name and password.
    pub async fn open(now: &VirtualNow, username: &str, password: &str) -> io::Result<Self> {
        let credentials = STANDARD.encode(format!("\0{username}\0{password}")).into();
        let state = Arc::new(State { now: now.clone(), credentials, mails: Mutex::default() });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::clone(&state);
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut sessions = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await?;
                while sessions.try_join_next().is_some() {}
                sessions.spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Ok(Self { state, address, _task: task })
    }

    /// The address on which it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The mails so far.
    pub fn mails(&self) -> Vec<Mail> {
        lock(&self.state.mails).clone()
    }
}

//! A mail server on loopback that keeps what it is sent: real SMTP (RFC 5321), log-in, TLS, and failures on demand.
//!
//! Promises: strict where real servers are, so that a client that passes here is sound: no sender before STARTTLS and
//! log-in when those are asked for, lines of at most 1,000 octets ended by CRLF, a size cap. Passwords are not kept.

mod auth;
mod command;
mod lines;
mod session;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::ServerConfig;
use secrecy::SecretString;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use self::lines::Lines;
use self::session::{Ended, Session};
use super::ledger::Ledger;
use super::listener::{Gate, Port};
use super::lock;
use super::now::VirtualNow;
use super::script::Script;
use super::wire::Wire;
use crate::domain::time::Timestamp;

/// Who may send.
#[derive(Clone, Debug)]
pub struct Login {
    /// The user's name.
    pub username: String,
    /// The password.
    pub password: SecretString,
}

/// How connections are protected.
#[derive(Clone, Default)]
pub enum Security {
    /// Not at all.
    #[default]
    None,
    /// After STARTTLS, without which no mail is taken and no log-in offered.
    StartTls(Arc<ServerConfig>),
    /// From the first byte.
    Implicit(Arc<ServerConfig>),
}

/// What a [`Mailbox`] asks of its clients; nothing by default.
#[derive(Clone, Default)]
pub struct Setup {
    /// With it, no mail is taken without a log-in.
    pub login: Option<Login>,
    /// TLS.
    pub security: Security,
    /// Whether SMTPUTF8 (RFC 6531) is offered; without it, addresses beyond ASCII are refused.
    pub smtputf8: bool,
}

/// Where in a conversation trouble strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Instead of the greeting.
    Connect,
    /// At EHLO or HELO.
    Hello,
    /// At STARTTLS.
    StartTls,
    /// At AUTH, after the client gave its name and password.
    Login,
    /// At MAIL.
    Sender,
    /// At each RCPT.
    Recipient,
    /// At DATA.
    Data,
    /// After the final dot: a refused mail is not kept; one that hangs or drops here is.
    Content,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Refuse(u16),
    Hang,
    Drop,
    Say(&'static [u8]),
    Flood(&'static [u8]),
    Drip(&'static [u8], Duration),
    Delay(Duration),
}

/// A failure of the mail server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trouble {
    stage: Stage,
    act: Act,
}

impl Trouble {
    /// Answers `code` at `stage`: 421 at connect, 450, 550 or 552 at MAIL and RCPT, 535 at AUTH, 451 or 554 after the dot.
    pub const fn refuse(stage: Stage, code: u16) -> Self {
        Self { stage, act: Act::Refuse(code) }
    }

    /// Answers nothing any more from `stage` on.
    pub const fn hang(stage: Stage) -> Self {
        Self { stage, act: Act::Hang }
    }

    /// Closes the connection at `stage` without an answer.
    pub const fn drop(stage: Stage) -> Self {
        Self { stage, act: Act::Drop }
    }

    /// Sends `bytes` at `stage` instead of the usual reply, in one piece and with nothing added. Where they begin with a code
    /// that lets the client go on, the server goes on too: a mail is kept, TLS begins.
    pub const fn say(stage: Stage, bytes: &'static [u8]) -> Self {
        Self { stage, act: Act::Say(bytes) }
    }

    /// Sends `bytes` at `stage` again and again, without an end.
    pub const fn flood(stage: Stage, bytes: &'static [u8]) -> Self {
        Self { stage, act: Act::Flood(bytes) }
    }

    /// Whether a client meets it only where TLS is offered.
    pub const fn needs_tls(self) -> bool {
        matches!(self.stage, Stage::StartTls)
    }

    /// Whether a client meets it only where it must log in.
    pub const fn needs_login(self) -> bool {
        matches!(self.stage, Stage::Login)
    }

    /// Sends `bytes` at `stage` again and again, one byte each `pause` of the machine's own time.
    pub const fn drip(stage: Stage, bytes: &'static [u8], pause: Duration) -> Self {
        Self { stage, act: Act::Drip(bytes, pause) }
    }

    /// Answers at `stage` as usual, but so much later (by the machine's own time); a mail is kept before that.
    pub const fn delay(stage: Stage, delay: Duration) -> Self {
        Self { stage, act: Act::Delay(delay) }
    }
}

/// One mail as it was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// The simulated now.
    pub at: Timestamp,
    /// The envelope's sender; empty for a bounce.
    pub from: String,
    /// The envelope's recipients that were accepted.
    pub to: Vec<String>,
    /// Headers and body, dots unstuffed, lines ended by CRLF.
    pub raw: Vec<u8>,
    /// Whether the client logged in.
    pub authenticated: bool,
    /// Whether it came over TLS.
    pub encrypted: bool,
    /// Whether the client announced addresses beyond ASCII (RFC 6531).
    pub smtputf8: bool,
}

impl Mail {
    /// The raw text; what is not UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.raw).into_owned()
    }

    /// A header's value, unfolded but not decoded.
    pub fn header(&self, name: &str) -> Option<String> {
        let text = self.text();
        let mut lines = text.split("\r\n").take_while(|line| !line.is_empty()).peekable();
        while let Some(line) = lines.next() {
            let Some((found, value)) = line.split_once(':') else { continue };
            if !found.eq_ignore_ascii_case(name) {
                continue;
            }
            let mut value = value.trim().to_owned();
            while let Some(more) = lines.next_if(|line| line.starts_with([' ', '\t'])) {
                value.push(' ');
                value.push_str(more.trim());
            }
            return Some(value);
        }
        None
    }

    /// The subject as a reader sees it: base64 words (RFC 2047) decoded, the spaces between two of them dropped.
    pub fn subject(&self) -> String {
        let mut subject = String::new();
        let mut after_encoded = false;
        for word in self.header("Subject").unwrap_or_default().split(' ') {
            let encoded = word.strip_prefix("=?utf-8?b?").and_then(|word| word.strip_suffix("?="));
            let decoded = encoded
                .and_then(|word| STANDARD.decode(word).ok())
                .and_then(|word| String::from_utf8(word).ok());
            let joined = after_encoded && decoded.is_some();
            if !subject.is_empty() && !joined {
                subject.push(' ');
            }
            after_encoded = decoded.is_some();
            subject.push_str(&decoded.unwrap_or_else(|| word.to_owned()));
        }
        subject
    }
}

/// What the server, its conversations and its handles share.
struct State {
    now: VirtualNow,
    setup: Setup,
    /// What a connection meets: at most one trouble for each stage.
    script: Mutex<Script<Vec<Trouble>>>,
    /// Recipients that are refused, with their code.
    refused: Mutex<HashMap<String, u16>>,
    mails: Ledger<Mail>,
    connections: Ledger<Timestamp>,
}

async fn serve(gate: Gate, state: Arc<State>) {
    let mut talks = JoinSet::new();
    loop {
        tokio::select! {
            wire = gate.connection() => {
                talks.spawn(talk(wire, Arc::clone(&state)));
            }
            Some(_) = talks.join_next() => {}
        }
    }
}

/// One client; how its connection ended matters to nobody here.
async fn talk(wire: Wire, state: Arc<State>) {
    let now = state.now.now();
    let troubles = lock(&state.script).take(now).unwrap_or_default();
    state.connections.append(now);
    let mut session = Session::new(&state, troubles);
    let _: io::Result<()> = async {
        match &state.setup.security {
            Security::None => session.converse(Lines::new(wire)).await.map(drop),
            Security::StartTls(tls) => match session.converse(Lines::new(wire)).await? {
                Ended::Closed => Ok(()),
                Ended::Upgrade(wire) => encrypted(&mut session, wire, tls).await,
            },
            Security::Implicit(tls) => encrypted(&mut session, wire, tls).await,
        }
    }
    .await;
}

async fn encrypted(session: &mut Session<'_>, wire: Wire, tls: &Arc<ServerConfig>) -> io::Result<()> {
    let stream = TlsAcceptor::from(Arc::clone(tls)).accept(wire).await?;
    session.secure();
    session.converse(Lines::new(stream)).await.map(drop)
}

/// A mail server on a free port of 127.0.0.1. Clones are handles on the same one; with the last of them it ends.
#[derive(Clone)]
pub struct Mailbox {
    state: Arc<State>,
    port: Arc<Port>,
}

impl Mailbox {
    /// Opens it; it takes every mail that `setup` allows until told otherwise.
    pub async fn open(now: &VirtualNow, setup: Setup) -> io::Result<Self> {
        let state = Arc::new(State {
            now: now.clone(),
            setup,
            script: Mutex::default(),
            refused: Mutex::default(),
            mails: Ledger::new(),
            connections: Ledger::new(),
        });
        let port = Port::open(|gate| serve(gate, Arc::clone(&state))).await?;
        Ok(Self { state, port: Arc::new(port) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// Moves the simulated now.
    pub fn set_now(&self, now: Timestamp) {
        self.state.now.set(now);
    }

    /// Every connection from now on meets this trouble; `None` ends it.
    pub fn set(&self, trouble: Option<Trouble>) {
        lock(&self.state.script).set(self.state.now.now(), trouble.map(|trouble| vec![trouble]));
    }

    /// Every connection from now on meets all of these; of two at one stage, the first.
    pub fn set_all(&self, troubles: Vec<Trouble>) {
        lock(&self.state.script).set(self.state.now.now(), Some(troubles));
    }

    /// Every connection from the moment `from` on meets this trouble.
    pub fn script(&self, from: Timestamp, trouble: Option<Trouble>) {
        lock(&self.state.script).plan(from, trouble.map(|trouble| vec![trouble]));
    }

    /// The next connection meets this trouble, then as before.
    pub fn next(&self, trouble: Trouble) {
        lock(&self.state.script).once(vec![trouble]);
    }

    /// Refuses one recipient with `code`, or takes it again.
    pub fn refuse_recipient(&self, address: &str, code: Option<u16>) {
        let mut refused = lock(&self.state.refused);
        match code {
            Some(code) => refused.insert(address.to_owned(), code),
            None => refused.remove(address),
        };
    }

    /// Every mail since the start or since [`Self::forget`].
    pub fn mails(&self) -> Vec<Mail> {
        self.state.mails.all()
    }

    /// How many ever came in.
    pub fn count(&self) -> usize {
        self.state.mails.total()
    }

    /// How many connections were ever accepted.
    pub fn connection_count(&self) -> usize {
        self.state.connections.total()
    }

    /// Drops the mails; the counts stay.
    pub fn forget(&self) {
        self.state.mails.forget();
        self.state.connections.forget();
    }

    /// Returns once `count` mails ever came in.
    pub async fn wait_for(&self, count: usize) {
        self.state.mails.reach(count).await;
    }

    /// Returns once `count` connections were ever accepted.
    pub async fn wait_for_connections(&self, count: usize) {
        self.state.connections.reach(count).await;
    }

    /// Refuses connections from now on and cuts those that are open, until [`Self::come_back`].
    pub fn go_down(&self) {
        self.port.go_down();
    }

    /// Listens again on the same port.
    pub fn come_back(&self) -> io::Result<()> {
        self.port.come_back()
    }

    /// Ends it for good.
    pub async fn stop(&self) {
        self.port.stop().await;
    }
}

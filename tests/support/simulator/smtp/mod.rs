//! A mail server on loopback that records the mails: real SMTP (RFC 5321) with login, TLS, and failures on demand.
//!
//! Guarantees: it is as strict as real servers, so that a client that works here is correct. It accepts no sender before STARTTLS
//! and login if these are required; lines must end in CRLF within 1,000 octets; a mail has a size cap. Passwords are not recorded.

pub(crate) mod auth;
pub(crate) mod command;
mod fault;
mod lines;
mod mail;
mod session;
mod setup;
mod state;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use self::lines::Lines;
use self::session::{Ended, Session};
use self::state::State;
use super::lock::lock;
use super::port::Port;
use super::request_log::RequestLog;
use minimax_watch::simulator::VirtualNow;

pub(crate) use self::fault::{InjectedFault, SmtpStage};
pub(crate) use self::mail::Mail;
pub(crate) use self::setup::{Login, SmtpSecurity, SmtpSetup};

/// Serves one connection. How it ends does not matter: the client sees it.
async fn serve(stream: TcpStream, state: Arc<State>) {
    let now = state.now.now();
    let faults = lock(&state.script).next().unwrap_or_default();
    state.connections.append(now);
    let _: io::Result<()> = async {
        let tls = match &state.setup.security {
            SmtpSecurity::Implicit(tls) => return serve_encrypted(stream, tls, &state, faults).await,
            SmtpSecurity::StartTls(tls) => Some(tls),
            SmtpSecurity::None => None,
        };
        let ended = Session::new(&state, faults.clone(), false).run(Lines::new(stream)).await?;
        match (ended, tls) {
            // The session state of before TLS is discarded (RFC 3207, 4.2).
            (Ended::Upgrade(stream), Some(tls)) => serve_encrypted(stream, tls, &state, faults).await,
            _ => Ok(()),
        }
    }
    .await;
}

async fn serve_encrypted(
    stream: TcpStream,
    tls: &Arc<ServerConfig>,
    state: &State,
    faults: Vec<InjectedFault>,
) -> io::Result<()> {
    let stream = TlsAcceptor::from(Arc::clone(tls)).accept(stream).await?;
    Session::new(state, faults, true).run(Lines::new(stream)).await.map(drop)
}

/// A mail server on a free port of 127.0.0.1. Clones are handles to the same server, which ends with the last of them.
#[derive(Clone)]
pub(crate) struct SmtpServer {
    state: Arc<State>,
    port: Arc<Port>,
}

impl SmtpServer {
    /// Opens it; it accepts every mail that `setup` allows until a fault is injected.
    pub(crate) async fn open(now: &VirtualNow, setup: SmtpSetup) -> io::Result<Self> {
        let state = Arc::new(State {
            now: now.clone(),
            setup,
            script: Mutex::default(),
            refused: Mutex::default(),
            mails: RequestLog::default(),
            connections: RequestLog::default(),
        });
        let shared = Arc::clone(&state);
        let port = Port::open(move |stream| serve(stream, Arc::clone(&shared))).await?;
        Ok(Self { state, port: Arc::new(port) })
    }

    /// The address on which it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// Injects this fault into each connection; `None` ends that.
    pub(crate) fn set(&self, fault: Option<InjectedFault>) {
        self.set_all(Vec::from_iter(fault));
    }

    /// Injects these faults into each connection; of two at one stage, the first.
    pub(crate) fn set_all(&self, faults: Vec<InjectedFault>) {
        lock(&self.state.script).set(Some(faults));
    }

    /// Injects this fault into the next connection only.
    pub(crate) fn next(&self, fault: InjectedFault) {
        lock(&self.state.script).once(vec![fault]);
    }

    /// Refuses one recipient with `code`, or accepts it again.
    pub(crate) fn refuse_recipient(&self, address: &str, code: Option<u16>) {
        let mut refused = lock(&self.state.refused);
        match code {
            Some(code) => refused.insert(address.to_owned(), code),
            None => refused.remove(address),
        };
    }

    /// The mails since the start or since [`Self::forget`].
    pub(crate) fn mails(&self) -> Vec<Mail> {
        self.state.mails.all()
    }

    /// How many were ever received.
    pub(crate) fn count(&self) -> usize {
        self.state.mails.total()
    }

    /// How many connections were ever accepted.
    pub(crate) fn connection_count(&self) -> usize {
        self.state.connections.total()
    }

    /// Clears the recorded mails; the counts stay.
    pub(crate) fn forget(&self) {
        self.state.mails.clear();
        self.state.connections.clear();
    }

    /// Returns once `count` mails were ever received.
    pub(crate) async fn wait_for(&self, count: usize) {
        self.state.mails.wait_for(count).await;
    }

    /// Returns once `count` connections were ever accepted.
    pub(crate) async fn wait_for_connections(&self, count: usize) {
        self.state.connections.wait_for(count).await;
    }

    /// Refuses connections and ends those that are open, until [`Self::come_back`].
    pub(crate) fn go_down(&self) {
        self.port.go_down();
    }

    /// Listens again on the same port.
    pub(crate) fn come_back(&self) -> io::Result<()> {
        self.port.come_back()
    }
}

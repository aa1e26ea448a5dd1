//! The thread of the listener: its runtime, its socket, and its connections.
//!
//! Guarantees: an address that is in use is an error in the log once, and tried again until it is free. At most [`MAX_CONNECTIONS`] are
//! open; further ones wait to be accepted. Ends soon after the configuration's sender is gone.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use super::connection;
use super::gate::Gate;
use super::problem::Problem;
use super::site::Site;
use crate::config::Config;
use crate::store::Store;

/// Connections that are open at once.
const MAX_CONNECTIONS: usize = 256;

/// An address that cannot be listened on is tried again after this.
const RETRY_DELAY: Duration = Duration::from_secs(15);

/// Before that is reported: the listener of an earlier configuration may not have closed its socket yet, on the same port.
const FIRST_RETRIES: usize = 10;
const FIRST_RETRY_DELAY: Duration = Duration::from_millis(100);

/// And a connection that cannot be accepted.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(200);

/// How long open connections may go on after a stop.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

/// Threads for blocking work, such as reading the state of files.
const MAX_BLOCKING_THREADS: usize = 2;

/// Serves after `delay` until the sender of `config` is gone.
pub(super) fn run(
    listen: SocketAddr,
    (mut config, delay): (watch::Receiver<Arc<Config>>, Duration),
    store: &Store,
    problem: &Problem,
) {
    let runtime =
        Builder::new_current_thread().enable_all().max_blocking_threads(MAX_BLOCKING_THREADS).build();
    match runtime {
        Ok(runtime) => runtime.block_on(async {
            tokio::select! {
                () = until_stopped(&mut config) => {}
                () = tokio::time::sleep(delay) => {
                    serve(listen, config.clone(), store.independent_readers(), problem).await;
                }
            }
        }),
        Err(error) => {
            tracing::error!("cannot start the HTTP listener, watching goes on without it: {error}");
            problem.set(Some(format!("cannot start: {error}")));
        }
    }
}

async fn serve(
    listen: SocketAddr,
    mut config: watch::Receiver<Arc<Config>>,
    store: Store,
    problem: &Problem,
) {
    let site = match Site::new(config.clone(), store.clone()) {
        Ok(site) => site,
        Err(error) => {
            tracing::error!(
                "cannot prepare the pages of the HTTP listener, watching goes on without it: {error}"
            );
            problem.set(Some(format!("cannot prepare its pages: {error}")));
            return;
        }
    };
    if let Some(listener) = bind(listen, &mut config, problem).await {
        let gate = Arc::new(Gate::new(site));
        tokio::select! {
            () = accept_until_stopped(listener, &mut config, Arc::clone(&gate)) => {}
            never = gate.forget_answers() => match never {},
        }
    }
    store.close().await;
}

/// Answers on every connection until the sender of `config` is gone, and then for a moment on those that are open.
pub(super) async fn accept_until_stopped(
    listener: TcpListener,
    config: &mut watch::Receiver<Arc<Config>>,
    gate: Arc<Gate>,
) {
    let (stop, stopping) = watch::channel(false);
    let mut connections = JoinSet::new();
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        while connections.try_join_next().is_some() {}
        let accepted = tokio::select! {
            () = until_stopped(config) => break,
            accepted = accept(&listener, &slots) => accepted,
        };
        let Some((stream, peer, slot)) = accepted else { continue };
        let (gate, stopping) = (Arc::clone(&gate), stopping.clone());
        connections.spawn(async move {
            connection::serve(stream, peer.ip(), gate, stopping).await;
            drop(slot);
        });
    }
    drop(listener);
    stop.send_replace(true);
    let drained =
        tokio::time::timeout(DRAIN_TIMEOUT, async { while connections.join_next().await.is_some() {} });
    if drained.await.is_err() {
        connections.shutdown().await;
    }
}

/// The socket, as soon as the address can be listened on; none when the listener is stopped before.
async fn bind(
    listen: SocketAddr,
    config: &mut watch::Receiver<Arc<Config>>,
    problem: &Problem,
) -> Option<TcpListener> {
    let mut failures = 0;
    loop {
        match TcpListener::bind(listen).await {
            Ok(listener) => {
                let address = listener.local_addr().unwrap_or(listen);
                problem.set(None);
                tracing::info!("listening on http://{address}");
                return Some(listener);
            }
            Err(error) if failures != FIRST_RETRIES => {
                tracing::debug!("cannot listen on {listen}: {error}");
            }
            Err(error) => {
                let next = next_step(&error);
                tracing::error!(
                    "cannot listen on {listen}: {error}; watching goes on, and it is tried again every {} s: {next}",
                    RETRY_DELAY.as_secs()
                );
                problem.set(Some(format!("cannot listen on {listen}: {error}")));
            }
        }
        let delay = if failures < FIRST_RETRIES { FIRST_RETRY_DELAY } else { RETRY_DELAY };
        failures += 1;
        tokio::select! {
            () = until_stopped(config) => return None,
            () = tokio::time::sleep(delay) => {}
        }
    }
}

fn next_step(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => "stop the program that uses the port, or choose another in [http].listen",
        io::ErrorKind::AddrNotAvailable => "give an address of this machine in [http].listen",
        io::ErrorKind::PermissionDenied => "choose a port from 1024 on in [http].listen",
        _ => "see [http].listen",
    }
}

/// The next connection; none after a fault that passes.
async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => Some((stream, peer, slot)),
        Err(error) => {
            tracing::debug!("cannot accept a connection: {error}");
            tokio::time::sleep(ACCEPT_RETRY_DELAY).await;
            None
        }
    }
}

async fn until_stopped(config: &mut watch::Receiver<Arc<Config>>) {
    while config.changed().await.is_ok() {}
}

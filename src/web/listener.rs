//! The service's side of the listener: starts, changes and stops its thread.
//!
//! Guarantees: no call but [`Listener::stop`] waits, and that one for a bounded time; a listener that cannot start, or panics, is logged,
//! and watching goes on. After a panic it starts again.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::sync::{oneshot, watch};

use super::problem::Problem;
use super::restarts::serve_again_after_panics;
use super::server;
use crate::config::Config;
use crate::store::Store;

/// How long a stop waits for the thread.
const STOP_TIMEOUT: Duration = Duration::from_secs(4);

/// A thread of this niceness gets a small part of a processor that another one wants.
const NICENESS: i32 = 15;

/// The listener of the service; none runs unless `[http]` is configured.
#[derive(Debug, Default)]
pub struct Listener(Option<Running>);

#[derive(Debug)]
struct Running {
    listen: SocketAddr,
    /// The configuration in force; dropping it stops the thread.
    config: watch::Sender<Arc<Config>>,
    problem: Problem,
    /// Ends with the thread.
    ended: oneshot::Receiver<()>,
}

impl Listener {
    /// Brings the listener in line with `config`: starts it, gives it the new configuration, moves it to another address, or stops it.
    pub fn apply(&mut self, config: &Arc<Config>, store: &Store) {
        let Some(http) = &config.http else {
            if self.0.take().is_some() {
                tracing::info!("the HTTP listener stops: [http] left the configuration");
            }
            return;
        };
        let unchanged = self.0.as_ref().filter(|running| running.listen == http.listen);
        if unchanged.is_some_and(|running| running.config.send(Arc::clone(config)).is_ok()) {
            return;
        }
        // Stops the one before, if any.
        self.0 = None;
        self.0 = start(http.listen, config, store);
    }

    /// Why it does not listen, if it should.
    pub fn problem(&self) -> Option<String> {
        self.0.as_ref()?.problem.reason()
    }

    /// Stops it and waits until its connections are closed.
    pub async fn stop(self) {
        let Some(Running { config, ended, .. }) = self.0 else { return };
        drop(config);
        if tokio::time::timeout(STOP_TIMEOUT, ended).await.is_err() {
            tracing::debug!("the HTTP listener did not stop in time");
        }
    }

    /// Leaves it as it is until the process ends: closing its connections would write to a store that is lost.
    pub fn abandon(self) {
        std::mem::forget(self);
    }
}

fn start(listen: SocketAddr, config: &Arc<Config>, store: &Store) -> Option<Running> {
    let (sender, receiver) = watch::channel(Arc::clone(config));
    let (end, ended) = oneshot::channel();
    let problem = Problem::default();
    let (store, shared) = (store.clone(), problem.clone());
    let spawned = thread::Builder::new().name("http".to_owned()).spawn(move || {
        // Of this thread and those that it starts: the checks go first. Without it they share the processor, as before.
        let _ = rustix::process::nice(NICENESS);
        serve_again_after_panics(&shared, |delay| {
            server::run(listen, (receiver.clone(), delay), &store, &shared);
        });
        drop(end);
    });
    match spawned {
        Ok(_) => Some(Running { listen, config: sender, problem, ended }),
        Err(error) => {
            tracing::error!(
                "cannot start the thread of the HTTP listener, watching goes on without it: {error}"
            );
            None
        }
    }
}

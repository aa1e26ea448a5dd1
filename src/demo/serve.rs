//! The page of the demo's month, at a loopback address until the process is asked to end.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};

use crate::config::{Config, Http};
use crate::engine::Engine;
use crate::output;
use crate::web::Listener;

/// The address with a port that is free now.
pub(super) fn find_port(listen: SocketAddr) -> anyhow::Result<SocketAddr> {
    let socket = TcpListener::bind(listen).with_context(|| {
        format!(
            "cannot listen on {listen}; name another address, such as `--serve 127.0.0.1:0` for any free port"
        )
    })?;
    Ok(socket.local_addr()?)
}

/// Serves what the store of `engine` holds until SIGINT or SIGTERM.
pub(super) async fn serve(engine: &Engine, listen: SocketAddr) -> anyhow::Result<()> {
    let (mut interrupted, mut terminated) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let config = Arc::new(Config { http: Some(Http { listen, token: None }), ..(*engine.config).clone() });
    let mut listener = Listener::default();
    listener.apply(&config, &engine.store);
    output::print(&format!("\nThe page is at http://{listen}/ until Ctrl-C.\n"))?;
    tokio::select! {
        _ = interrupted.recv() => {}
        _ = terminated.recv() => {}
    }
    listener.stop().await;
    Ok(())
}

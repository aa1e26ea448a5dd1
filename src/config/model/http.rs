//! The listener and the heartbeat.

use std::net::SocketAddr;
use std::time::Duration;

use super::secret::Secret;

/// The HTTP listener (`[http]`).
#[derive(Clone, Debug)]
pub struct Http {
    /// Where it listens. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// What clients must send; none only on loopback.
    pub token: Option<Secret>,
}

/// Where each run is reported (`[heartbeat]`).
#[derive(Clone, Debug)]
pub struct Heartbeat {
    /// The address; it is a secret.
    pub url: Secret,
    /// The time limit for one request.
    pub timeout: Duration,
    /// Whether the address may be http anywhere.
    pub allow_http: bool,
}

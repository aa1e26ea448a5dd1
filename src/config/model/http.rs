//! The listener and the heartbeat.

use std::net::SocketAddr;

use super::secret::Secret;

/// The HTTP listener (`[http]`).
#[derive(Clone, Debug)]
pub struct Http {
    /// Where it listens. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// What clients must send; none only on loopback.
    pub token: Option<Secret>,
}

//! What requests consist of: the paths that are known, and the limits.

use std::net::IpAddr;

pub(super) const PAGE: &str = "/";
/// What the paths of the pages of accounts begin with.
pub(super) const ACCOUNTS: &str = "/accounts/";
pub(super) const METRICS: &str = "/metrics";
pub(super) const STYLE: &str = "/style.css";
pub(super) const ICON: &str = "/icon.svg";
pub(super) const LOGIN: &str = "/login";
pub(super) const HEALTHZ: &str = "/healthz";
pub(super) const READYZ: &str = "/readyz";

/// Bytes of a body. Only the log-in form sends one.
pub(super) const MAX_BODY: usize = 4 * 1024;

/// The address of the client.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) IpAddr);

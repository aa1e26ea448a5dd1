//! The HTTP listener (docs/http.md): health, log-in, and what the store holds, as JSON and as a page.
//!
//! Needs: `[http]` in the configuration, and the open store of the service.
//! Guarantees: it runs on a thread and a runtime of its own with its own connections, which write nothing, so that its death, overload or
//! slowness delays no check and no alert. Connections, headers, bodies and times are bounded. With a token, everything but the health
//! checks, the style sheet, the icon and the log-in needs it; without one, only a `Host` of this machine is served.
//! Leaves the answers to `report`, which the commands share.

mod access;
mod answer_cache;
mod api;
mod connection;
mod gate;
mod guesses;
mod health;
mod health_cache;
mod listener;
mod load;
mod login;
mod metrics;
mod pages;
mod problem;
mod query;
mod request;
mod response;
mod restarts;
mod routes;
mod server;
mod session;
mod site;
mod vendor_reads;

pub use listener::Listener;

#[cfg(test)]
mod tests;

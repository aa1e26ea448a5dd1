//! `[http]`: where the listener listens, and the token that clients need.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use secrecy::ExposeSecret as _;

use super::super::context::Context;
use super::super::model::Http;
use super::super::schema::{self, TableSchema};
use super::super::secrets::{self, Form};
use super::super::table::Table;

const HOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const PORT: u16 = 9464;

/// A shorter token can be guessed.
const MIN_TOKEN: usize = 16;

/// Reads `[http]`; none when it is absent, or after a problem.
pub(super) fn read(table: Option<Table<'_>>, context: &Context<'_>) -> Option<Http> {
    let mut table = table?;
    let listen = match table.text("listen") {
        Some(field) => field.parse(address),
        None => Some(SocketAddr::new(HOST, PORT)),
    };
    let is_open = listen.is_some_and(|listen| !is_loopback(listen));
    if is_open && !table.has("token") && !secrets::is_given(&table, "token") {
        table.problem("listen", "is not on loopback, where others can connect: give token_file or token_env");
    }
    let token = context.secret(&mut table, "token", Form::Key);
    if token.as_ref().is_some_and(|token| token.value.expose_secret().len() < MIN_TOKEN) {
        table.problem(
            "token",
            format!(
                "has fewer than {MIN_TOKEN} characters and can be guessed: take a random one, as of `openssl rand -hex 16`"
            ),
        );
    }
    table.finish();
    Some(Http { listen: listen?, token })
}

/// The keys that [`read`] reads.
pub(super) fn schema() -> TableSchema {
    let address = schema::matching("^(localhost|[0-9.]+|\\[[^\\]]+\\]):[0-9]+$");
    TableSchema::new("What the service answers over HTTP. Without this section nothing listens.")
        .key(
            "listen",
            "An address and a port. Other than loopback needs token_file or token_env.",
            address.default(SocketAddr::new(HOST, PORT).to_string()),
        )
        .secret("token", "the token of clients, of at least 16 characters")
}

/// Whether only this machine can connect to `listen`.
fn is_loopback(listen: SocketAddr) -> bool {
    listen.ip().to_canonical().is_loopback()
}

/// An address and a port. A name could come to mean another address.
fn address(typed: &str) -> Result<SocketAddr, String> {
    let example =
        "write an address and a port, such as \"127.0.0.1:9464\", \"[::1]:9464\" or \"0.0.0.0:9464\"";
    if let Some(port) = typed.strip_prefix("localhost:") {
        return port.parse().map(|port| SocketAddr::new(HOST, port)).map_err(|_| example.to_owned());
    }
    typed.parse().map_err(|_| format!("is not an address to listen on: {example}"))
}

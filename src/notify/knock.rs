//! A greeting of a webhook: the connection that a delivery would go over, and nothing on it.
//!
//! Guarantees: name, proxy, trust and TLS are those of a delivery, since the same clients connect; no request follows.

use secrecy::ExposeSecret;
use url::Url;

use super::greet::{Greeting, Hurdle, Obstacle};
use super::webhook::{Clients, ConnectError};
use crate::config::Webhook;

/// Connects as for a delivery, TLS handshake included, and hangs up before any request.
pub(super) async fn greet(webhook: &Webhook) -> Greeting {
    let Ok(url) = Url::parse(webhook.url.value.expose_secret()) else {
        let words = "the webhook's address is not a URL".to_owned();
        return Greeting { address: "?".to_owned(), result: Err(Obstacle { at: Hurdle::Setup, words }) };
    };
    let address =
        format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default());
    let result = match Clients::default().connect(&url, webhook.timeout).await {
        Ok(_) => Ok(match url.scheme() {
            "https" => "connected, certificate trusted".to_owned(),
            _ => "connected, unencrypted".to_owned(),
        }),
        Err(error) => Err(obstacle(&error)),
    };
    Greeting { address, result }
}

fn obstacle(error: &ConnectError) -> Obstacle {
    let words = error.to_string();
    if matches!(error, ConnectError::Setup(_)) {
        return Obstacle { at: Hurdle::Setup, words };
    }
    let reason = words.strip_prefix("cannot connect: ").unwrap_or(&words);
    let (at, words) = match (error.is_dns(), error.is_caused_by::<rustls::Error>()) {
        (true, _) => (Hurdle::Name, format!("DNS: {reason}")),
        (false, true) => (Hurdle::Tls, format!("TLS: {reason}")),
        (false, false) => (Hurdle::Connection, words),
    };
    Obstacle { at, words }
}

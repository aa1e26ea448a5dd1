//! A greeting of a webhook: the connection that a delivery would go over, and nothing on it.
//!
//! Promises: name, proxy, trust and TLS are those of a delivery, since it is the same client; its connector is stopped
//! once the connection stands, so that no request can follow.

use std::time::Duration;

use secrecy::ExposeSecret;
use tower::util::AndThenLayer;
use url::Url;

use super::greet::{Greeting, Hurdle, Obstacle, is_caused_by};
use super::webhook::{Clients, fault};
use crate::config::{Webhook, is_near};

/// Connects as for a delivery, TLS handshake included, and hangs up before any request.
pub(super) async fn greet(webhook: &Webhook) -> Greeting {
    let Ok(url) = Url::parse(webhook.url.value.expose_secret()) else {
        let words = "the webhook's address is not a URL".to_owned();
        return Greeting { address: "?".to_owned(), result: Err(Obstacle { at: Hurdle::Setup, words }) };
    };
    let address =
        format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default());
    Greeting { address, result: knock(&url, webhook.timeout).await }
}

/// The connection stands and nothing more is wanted; an error only for the client that set out to send a request.
#[derive(Debug, thiserror::Error)]
#[error("the connection stands")]
struct Stands;

async fn knock(url: &Url, timeout: Duration) -> Result<String, Obstacle> {
    let stop = AndThenLayer::new(|_connection| async { Err(Box::from(Stands)) });
    let mut builder = Clients::builder().connector_layer(stop);
    if is_near(url) {
        builder = builder.no_proxy();
    }
    let client = builder.build().map_err(|error| Obstacle { at: Hurdle::Setup, words: fault(&error) })?;
    // What of an address is secret does not even come near the client.
    let mut door = url.clone();
    door.set_path("");
    door.set_query(None);
    door.set_fragment(None);
    let _ = door.set_username("").and_then(|()| door.set_password(None));
    match client.get(door).timeout(timeout).send().await {
        // Cannot be: no connection is ever given to the client.
        Ok(_) => Ok("an answer".to_owned()),
        Err(error) if is_caused_by::<Stands>(&error) => Ok(match url.scheme() {
            "https" => "connected, certificate trusted".to_owned(),
            _ => "connected (no TLS on loopback)".to_owned(),
        }),
        Err(error) => {
            let is_tls = is_caused_by::<rustls::Error>(&error);
            let words = fault(&error);
            let reason = words.strip_prefix("cannot connect: ").unwrap_or(&words);
            let (at, words) = match (error.is_dns(), is_tls) {
                (true, _) => (Hurdle::Name, format!("DNS: {reason}")),
                (false, true) => (Hurdle::Tls, format!("TLS: {reason}")),
                (false, false) => (Hurdle::Connection, words),
            };
            Err(Obstacle { at, words })
        }
    }
}

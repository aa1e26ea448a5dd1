//! A probe of a webhook: connects as for a delivery, TLS handshake included, and closes the connection before any request.

use super::connection::{Clients, ConnectError, parse_url};
use crate::config::{Origin, Webhook};
use crate::notify::probe::{NO_CA_CERTIFICATES, ProbeError, ProbeResult, certificate_hint, dns_hint};
use crate::notify::stream::find_cause;

pub(in crate::notify) async fn probe(webhook: &Webhook) -> ProbeResult {
    let setting = match &webhook.url.origin {
        Origin::Inline => "the receiver's url".to_owned(),
        origin => format!("the URL in {origin}"),
    };
    let (address, result) = match parse_url(webhook) {
        Ok(url) => {
            let host = url.host_str().unwrap_or_default();
            let address = format!("{host}:{}", url.port_or_known_default().unwrap_or_default());
            let result = match Clients::default().connect(&url, webhook.timeout).await {
                Ok(_) if url.scheme() == "https" => Ok("connected, certificate trusted".to_owned()),
                Ok(_) => Ok("connected, unencrypted".to_owned()),
                Err(error) => Err(classify(&error, &setting, host, &address)),
            };
            (address, result)
        }
        Err(message) => ("?".to_owned(), Err(ProbeError { message, hint: format!("Correct {setting}.") })),
    };
    let action = format!("connection to {address}; no request (URL from {})", webhook.url.origin);
    ProbeResult { address, action, result }
}

fn classify(error: &ConnectError, setting: &str, host: &str, address: &str) -> ProbeError {
    let message = error.to_string();
    let reason = message.strip_prefix("cannot connect: ").unwrap_or(&message);
    let (message, hint) = match error {
        ConnectError::Setup(_) => (message, NO_CA_CERTIFICATES.to_owned()),
        ConnectError::Network(cause) if cause.is_dns() => (format!("DNS: {reason}"), dns_hint(setting, host)),
        _ if find_cause::<rustls::Error>(error).is_some() => {
            (format!("TLS: {reason}"), certificate_hint(setting))
        }
        _ => {
            let hint = format!(
                "Check {setting}, that the receiver runs, and that no firewall or proxy blocks this machine from {address}."
            );
            (message, hint)
        }
    };
    ProbeError { message, hint }
}

//! A probe of an HTTP receiver: connects as for a delivery, TLS handshake included, and closes the connection before any request.

use super::connection::{Clients, ConnectError};
use super::target::Target;
use crate::config::{Origin, Secret};
use crate::notify::attempt::Attempt;
use crate::notify::probe::{NO_CA_CERTIFICATES, ProbeError, ProbeResult, certificate_hint, dns_hint};
use crate::notify::stream::find_cause;

/// Probes `target`, whose address or its secret part (`what`: "URL", "token") was given as `secret`.
pub(in crate::notify) async fn probe(
    target: Result<Target, Attempt>,
    what: &str,
    secret: &Secret,
) -> ProbeResult {
    let setting = match &secret.origin {
        Origin::Inline => "the receiver's url".to_owned(),
        _ if what != "URL" => "the receiver's api_url".to_owned(),
        origin => format!("the URL in {origin}"),
    };
    let Ok(Target { url, timeout, .. }) = target else {
        let message = "the receiver's address is not a URL".to_owned();
        let result = Err(ProbeError { message, hint: format!("Correct {setting}.") });
        return ProbeResult { address: "?".to_owned(), action: format!("look at {setting}"), result };
    };
    let host = url.host_str().unwrap_or_default();
    let address = format!("{host}:{}", url.port_or_known_default().unwrap_or_default());
    let result = match Clients::default().connect(&url, timeout).await {
        Ok(_) if url.scheme() == "https" => Ok("connected, certificate trusted".to_owned()),
        Ok(_) => Ok("connected, unencrypted".to_owned()),
        Err(error) => Err(classify(&error, &setting, host, &address)),
    };
    let action = format!("connection to {address}; no request ({what} from {})", secret.origin);
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

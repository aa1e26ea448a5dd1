//! The sign of life after a run: one GET, of the address itself or of `…/fail`, as Healthchecks and compatible services understand it.

use reqwest::header::HeaderMap;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::attempt::Attempt;
use super::http::{Clients, Method, Request, Target};
use crate::config::Heartbeat;

/// Bytes that are read of an answer, which only its status decides.
const MAX_ANSWER: usize = 4 * 1024;

/// Asks for the address; does nothing for a failed run when there is none for that.
///
/// # Errors
/// Why it was not accepted, for people; without the address.
pub(super) async fn send(clients: &Clients, heartbeat: &Heartbeat, is_success: bool) -> Result<(), String> {
    let Some(address) = address(&heartbeat.url.value, is_success) else { return Ok(()) };
    let request = Request { method: Method::Get { limit: MAX_ANSWER }, headers: HeaderMap::new(), body: &[] };
    let exchange = async {
        let target = Target::new(&address, heartbeat.timeout)?;
        let response = target.send(clients, &request).await?;
        Ok::<_, Attempt>((target.answered(&response), response.status.unwrap_or_default()))
    };
    match exchange.await {
        Ok((_, 200..300)) | Err(Attempt::Delivered) => Ok(()),
        Ok((answered, _)) => Err(answered),
        Err(Attempt::Deferred { error, .. } | Attempt::Refused { error, .. } | Attempt::Final { error }) => {
            Err(error)
        }
    }
}

/// The address for the result of a run. To one with a query, nothing can be appended that is known to mean a failure.
fn address(url: &SecretString, is_success: bool) -> Option<SecretString> {
    if is_success {
        return Some(url.clone());
    }
    let mut url = Url::parse(url.expose_secret()).ok().filter(|url| url.query().is_none())?;
    let path = format!("{}/fail", url.path().trim_end_matches('/'));
    url.set_path(&path);
    Some(SecretString::from(url.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fail_is_appended_to_the_path_and_to_nothing_else() {
        let of = |url: &str, is_success| {
            address(&SecretString::from(url), is_success).map(|url| url.expose_secret().to_owned())
        };
        for (url, failed) in [
            ("https://hc.example.com/uuid", Some("https://hc.example.com/uuid/fail")),
            ("https://hc.example.com/uuid/", Some("https://hc.example.com/uuid/fail")),
            ("https://hc.example.com", Some("https://hc.example.com/fail")),
            ("https://kuma.example.com/api/push/x?status=up&msg=OK", None),
        ] {
            assert_eq!(of(url, false).as_deref(), failed, "{url}");
            assert_eq!(of(url, true).as_deref(), Some(url));
        }
    }
}

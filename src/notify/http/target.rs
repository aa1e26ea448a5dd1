//! Where the requests of one receiver go, and how their answers are told without its secrets.

use std::error::Error;
use std::time::Duration;

use chrono::TimeDelta;
use percent_encoding::percent_decode_str;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::connection::{Clients, host};
use super::exchange::exchange;
use super::redact::{redact, words};
use super::request::{Request, bytes};
use super::response::{MAX_EXCERPT, Response};
use crate::domain::clock::Clock;
use crate::domain::text::{one_line, shortened};
use crate::domain::time::Timestamp;
use crate::notify::attempt::Attempt;

/// The media types that an error names; any other could contain a secret.
const MEDIA_TYPES: [&str; 5] =
    ["text/html", "text/plain", "application/json", "application/problem+json", "application/xml"];

/// An address, the time limit of a request to it, and what must not be quoted.
pub(in crate::notify) struct Target {
    pub(super) url: Url,
    pub(super) timeout: Duration,
    /// Longest first.
    secrets: Vec<String>,
}

impl Target {
    /// The target at `address`. The configuration was checked; should it be wrong all the same, an operator corrects it and no
    /// message is lost.
    pub(in crate::notify) fn new(address: &SecretString, timeout: Duration) -> Result<Self, Attempt> {
        let url = Url::parse(address.expose_secret())
            .map_err(|_| Attempt::deferred("the receiver's address is not a URL"))?;
        let queries = url.query_pairs().flat_map(|(name, value)| [name.into_owned(), value.into_owned()]);
        let segments = url.path_segments().into_iter().flatten().map(str::to_owned);
        let login = [url.username().to_owned(), url.password().unwrap_or_default().to_owned()];
        let parts = segments.chain(queries).chain(login).flat_map(|word| {
            let decoded = percent_decode_str(&word).decode_utf8_lossy().into_owned();
            [word, decoded]
        });
        let whole = [url.path().to_owned(), url.query().unwrap_or_default().to_owned()];
        let secrets = words(whole.into_iter().chain(parts));
        Ok(Self { url, timeout, secrets })
    }

    /// The target at `url`, an address that is no secret: answers are quoted with its path.
    pub(in crate::notify) const fn public(url: Url, timeout: Duration) -> Self {
        Self { url, timeout, secrets: Vec::new() }
    }

    /// Also hides `secrets`, such as the values of headers.
    #[must_use]
    pub(in crate::notify) fn hiding(mut self, secrets: impl IntoIterator<Item = String>) -> Self {
        self.secrets = words(self.secrets.into_iter().chain(secrets));
        self
    }

    /// Sends `request` once; without a status the attempt is deferred.
    pub(in crate::notify) async fn send(
        &self,
        clients: &Clients,
        request: &Request<'_>,
    ) -> Result<Response, Attempt> {
        // The text of an error can come from the receiver, for example from its certificate.
        let failed = |error: &dyn Error| {
            Attempt::deferred(format!("{}: {}", host(&self.url), redact(&error.to_string(), &self.secrets)))
        };
        let connection = clients.connect(&self.url, self.timeout).await.map_err(|error| failed(&error))?;
        let bytes = bytes(&self.url, request, &connection)
            .ok_or_else(|| Attempt::deferred("the receiver's address is not a valid header"))?;
        let request = (request.method, bytes.as_slice());
        exchange(connection.stream, request, connection.deadline).await.map_err(|error| failed(&error))
    }

    /// `hooks.example.com answered 404 (text/html, 31 bytes)`. The body may contain the secret address, and so may the declared
    /// length.
    pub(in crate::notify) fn answered(&self, response: &Response) -> String {
        let status = response.status.unwrap_or_default();
        format!("{} answered {status}{}", host(&self.url), description(response))
    }

    /// [`Self::answered`], the service's own words about it, and what to do.
    pub(in crate::notify) fn error(&self, response: &Response, words: &str, advice: &str) -> String {
        let mut error = self.answered(response);
        let words = self.quote(words);
        for (gap, text) in [(": ", words.as_str()), (if words.is_empty() { ": " } else { "; " }, advice)] {
            if !text.is_empty() {
                error.push_str(gap);
                error.push_str(text);
            }
        }
        error
    }

    /// `text` on one line, shortened and without the secrets of this target. Many servers repeat the path that they did not find, and
    /// some the secret that they compared.
    pub(in crate::notify) fn quote(&self, text: &str) -> String {
        shortened(&redact(&one_line(text), &self.secrets), MAX_EXCERPT)
    }
}

/// Makes one attempt: sends `request` to `target`, and `classify` says what the response means.
pub(in crate::notify) async fn deliver(
    target: Result<Target, Attempt>,
    clients: &Clients,
    request: &Request<'_>,
    clock: &Clock,
    classify: impl FnOnce(&Response, &Target, Timestamp) -> Attempt,
) -> Attempt {
    let attempt = async {
        let target = target?;
        let response = target.send(clients, request).await?;
        Ok::<_, Attempt>(classify(&response, &target, clock.now()))
    };
    attempt.await.unwrap_or_else(|failed| failed)
}

/// The headers of a JSON body.
pub(in crate::notify) fn json_headers() -> HeaderMap {
    HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))])
}

/// 2xx is a delivery; 408, 425, 429 and 5xx are temporary; 410 is final; everything else, including 3xx, is a refusal.
pub(in crate::notify) fn attempt_by_status(
    status: u16,
    error: String,
    retry_after: Option<TimeDelta>,
) -> Attempt {
    match status {
        200..300 => Attempt::Delivered,
        410 => Attempt::Final { error },
        408 | 425 | 429 | 500..600 => Attempt::Deferred { error, retry_after },
        _ => Attempt::Refused { error, retry_after },
    }
}

/// The media type and the received length.
fn description(response: &Response) -> String {
    let named =
        response.content_type.as_deref().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let media_type = MEDIA_TYPES.iter().find(|known| known.eq_ignore_ascii_case(named));
    let length = match (response.body().len(), response.is_complete()) {
        (0, _) => None,
        (length, true) => Some(format!("{length} bytes")),
        (length, false) => Some(format!("at least {length} bytes")),
    };
    let parts: Vec<String> = media_type.map(ToString::to_string).into_iter().chain(length).collect();
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
}

//! One POST to a webhook, signed as Standard Webhooks asks.
//!
//! Promises: redirects are not followed, since a secret address would travel; what is said about a failure names the
//! host only, the answer's status, media type and length. A sender for a terminal also quotes at most [`EXCERPT`] printable
//! characters of the answer, the address's own words blotted out; other encodings of them are not recognised.

use std::error::Error as _;
use std::sync::{Arc, OnceLock};

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, ClientBuilder, Response, StatusCode, redirect};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::Attempt;
use crate::config::{Secret, Webhook, is_near};
use crate::domain::clock::Clock;
use crate::domain::message::MessageId;
use crate::domain::retry_after;
use crate::domain::text::{one_line, shortened};
use crate::domain::time::Timestamp;

/// Characters quoted from an answer.
pub(super) const EXCERPT: usize = 120;

/// Headers read of an answer: more than fit into the bytes that are read of a head at all are no use.
const MAX_HEADERS: usize = 8192;

/// The media types that are named; any other one may be made of what must not be quoted.
const MEDIA_TYPES: [&str; 5] =
    ["text/html", "text/plain", "application/json", "application/problem+json", "application/xml"];

/// Bytes read of an answer that is quoted.
const READ: usize = 4096;

/// What is sent at one attempt.
pub(super) struct Delivery<'a> {
    pub(super) id: &'a MessageId,
    pub(super) body: &'a [u8],
    pub(super) clock: &'a Clock,
}

/// Two clients: a proxy of the environment is for others, never for loopback and private addresses. Each is made when it is first needed: the certificates
/// that it trusts take time to read, and memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Clients {
    proxied: Arc<OnceLock<Client>>,
    direct: Arc<OnceLock<Client>>,
    /// Whether an error quotes the answer: for a person at a terminal, never for the log or the store.
    pub(super) quotes_answers: bool,
}

impl Clients {
    /// What both have in common.
    pub(super) fn builder() -> ClientBuilder {
        // An error says that a provider is installed already, and then it is this one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Client::builder()
            .user_agent(concat!("minimax-watch/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            // A connection that waited since the last message may be closed by the receiver unseen: each attempt has its own.
            .pool_max_idle_per_host(0)
            // The status decides, and stands in the first line of HTTP/1; what follows it must not hide it.
            .http1_only()
            .http1_ignore_invalid_headers_in_responses(true)
            .http1_allow_spaces_after_header_name_in_responses(true)
            .http1_allow_obsolete_multiline_headers_in_responses(true)
            .http1_max_headers(MAX_HEADERS)
    }

    fn for_url(&self, url: &Url) -> Result<&Client, reqwest::Error> {
        let is_near = is_near(url);
        let cell = if is_near { &self.direct } else { &self.proxied };
        if let Some(client) = cell.get() {
            return Ok(client);
        }
        let builder = Self::builder();
        let client = if is_near { builder.no_proxy() } else { builder }.build()?;
        Ok(cell.get_or_init(|| client))
    }
}

/// Tries once.
pub(super) async fn send(clients: &Clients, webhook: &Webhook, delivery: &Delivery<'_>) -> Attempt {
    // The configuration checked both; should they be wrong all the same, a person will mend them and nothing is lost.
    let Ok(url) = Url::parse(webhook.url.value.expose_secret()) else {
        return Attempt::deferred("the webhook's address is not a URL".to_owned());
    };
    let Some(headers) = headers(delivery, &webhook.signing) else {
        return Attempt::deferred("a signing secret of the webhook is not base64".to_owned());
    };
    let client = match clients.for_url(&url) {
        Ok(client) => client,
        Err(error) => return Attempt::deferred(format!("TLS cannot be set up: {}", fault(&error))),
    };
    let request = client
        .post(url.clone())
        .timeout(webhook.timeout)
        .headers(own_headers(&webhook.headers))
        .header(CONTENT_TYPE, "application/json")
        .headers(headers)
        .body(delivery.body.to_vec());
    match request.send().await {
        Ok(response) => {
            judge(
                response,
                &Hidden {
                    url: &url,
                    signing: &webhook.signing,
                    headers: &webhook.headers,
                    quotes: clients.quotes_answers,
                },
                delivery.clock.now(),
            )
            .await
        }
        Err(error) => Attempt::deferred(format!("{}: {}", host(&url), fault(&error))),
    }
}

/// The headers that the operator gave this receiver; the configuration checked that they can be written.
fn own_headers(typed: &[(String, Secret)]) -> HeaderMap {
    let header = |(name, secret): &(String, Secret)| {
        let mut value = HeaderValue::from_str(secret.value.expose_secret()).ok()?;
        value.set_sensitive(true);
        Some((HeaderName::from_bytes(name.as_bytes()).ok()?, value))
    };
    typed.iter().filter_map(header).collect()
}

/// The headers of Standard Webhooks; none if an id or a secret cannot be written.
fn headers(delivery: &Delivery<'_>, secrets: &[SecretString]) -> Option<HeaderMap> {
    let (id, moment) = (delivery.id.as_str(), delivery.clock.now().timestamp());
    let mut headers = HeaderMap::new();
    let mut insert = |name, value: &str| {
        let value = HeaderValue::from_str(value).ok()?;
        headers.insert(HeaderName::from_static(name), value);
        Some(())
    };
    insert(standardwebhooks::HEADER_WEBHOOK_ID, id)?;
    insert(standardwebhooks::HEADER_WEBHOOK_TIMESTAMP, &moment.to_string())?;
    if !secrets.is_empty() {
        let signatures: Option<Vec<_>> = secrets
            .iter()
            .map(|secret| {
                let signer = standardwebhooks::Webhook::new(secret.expose_secret()).ok()?;
                signer.sign(id, moment, delivery.body).ok()
            })
            .collect();
        insert(standardwebhooks::HEADER_WEBHOOK_SIGNATURE, &signatures?.join(" "))?;
    }
    Some(headers)
}

/// What an answer says before its body.
#[derive(Clone, Copy, Debug)]
pub(super) struct AnswerHead<'a> {
    pub(super) status: StatusCode,
    pub(super) retry_after: Option<&'a str>,
    pub(super) content_type: Option<&'a str>,
    pub(super) length: Option<u64>,
}

async fn judge(response: Response, hidden: &Hidden<'_>, now: Timestamp) -> Attempt {
    let headers = response.headers().clone();
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let head = AnswerHead {
        status: response.status(),
        retry_after: header(RETRY_AFTER),
        content_type: header(CONTENT_TYPE),
        length: response.content_length(),
    };
    let is_quoted = hidden.quotes && !head.status.is_success();
    let body = if is_quoted { beginning(response).await } else { Vec::new() };
    attempt(&head, &body, hidden, now)
}

/// 2xx is a delivery; 408, 425, 429 and 5xx are temporary; 410 is final; every other answer, 3xx included, is a refusal. `body` is
/// what is quoted of it.
pub(super) fn attempt(head: &AnswerHead<'_>, body: &[u8], hidden: &Hidden<'_>, now: Timestamp) -> Attempt {
    let status = head.status;
    if status.is_success() {
        return Attempt::Delivered;
    }
    let retry_after = head.retry_after.and_then(|value| retry_after::wait(value, now));
    let (host, described) = (host(hidden.url), described(head));
    let error = match excerpt(body, hidden).as_str() {
        "" => format!("{host} answered {}{described}", status.as_u16()),
        words => format!("{host} answered {}{described}: {words}", status.as_u16()),
    };
    let later =
        matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS);
    if status == StatusCode::GONE {
        Attempt::Final { error }
    } else if later || status.is_server_error() {
        Attempt::Deferred { error, retry_after }
    } else {
        Attempt::Refused { error, retry_after }
    }
}

/// The media type and the length of an answer, as far as its headers say: its own words may hold the secret address.
fn described(head: &AnswerHead<'_>) -> String {
    let essence = head.content_type.and_then(|named| named.split(';').next()).unwrap_or_default().trim();
    let kind = MEDIA_TYPES.iter().find(|known| known.eq_ignore_ascii_case(essence));
    let length = head.length.map(|length| format!("{length} bytes"));
    let parts: Vec<String> = kind.map(|kind| (*kind).to_owned()).into_iter().chain(length).collect();
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
}

/// The first bytes of the answer; of one that breaks off, as far as it came.
async fn beginning(mut response: Response) -> Vec<u8> {
    let mut read = Vec::new();
    while read.len() < READ {
        match response.chunk().await {
            Ok(Some(chunk)) => read.extend_from_slice(&chunk),
            Ok(None) | Err(_) => break,
        }
    }
    read
}

/// The beginning of an answer made printable.
fn excerpt(body: &[u8], hidden: &Hidden<'_>) -> String {
    let body = body.get(..READ).unwrap_or(body);
    shortened(&hidden.blotted(&one_line(&String::from_utf8_lossy(body))), EXCERPT)
}

/// What must not be quoted.
pub(super) struct Hidden<'a> {
    pub(super) url: &'a Url,
    pub(super) signing: &'a [SecretString],
    pub(super) headers: &'a [(String, Secret)],
    pub(super) quotes: bool,
}

impl Hidden<'_> {
    /// Servers like to repeat the path they did not find, and some the secret they compared with; whatever of the address
    /// stands behind the host is taken out, and so are the secrets.
    fn blotted(&self, text: &str) -> String {
        let url = self.url;
        let queries = url.query_pairs().flat_map(|(name, value)| [name.into_owned(), value.into_owned()]);
        let segments = url.path_segments().into_iter().flatten().map(str::to_owned);
        let whole = [url.path().to_owned(), url.query().unwrap_or_default().to_owned()];
        let login = [url.username().to_owned(), url.password().unwrap_or_default().to_owned()];
        let keys = self.signing.iter().map(|secret| {
            let secret = secret.expose_secret();
            // Some encoders leave the padding out.
            secret.strip_prefix("whsec_").unwrap_or(secret).trim_end_matches('=').to_owned()
        });
        let headers = self.headers.iter().flat_map(|(_, secret)| {
            let value = secret.value.expose_secret();
            std::iter::once(value).chain(value.split_whitespace()).map(str::to_owned)
        });
        let mut words: Vec<String> = whole
            .into_iter()
            .chain(headers)
            .chain(keys)
            .chain(segments.chain(queries).chain(login).flat_map(|word| {
                let decoded = percent_encoding::percent_decode_str(&word).decode_utf8_lossy().into_owned();
                [word, decoded]
            }))
            .filter(|word| word.chars().count() >= 4)
            .collect();
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        words.iter().fold(text.to_owned(), |text, word| text.replace(word.as_str(), "…"))
    }
}

/// The host, and the port when it is not the usual one.
fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or("webhook");
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The innermost cause: outer ones only say that a request failed, and may hold the address.
pub(super) fn fault(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut cause = error.source();
    while let Some(inner) = cause.and_then(std::error::Error::source) {
        cause = Some(inner);
    }
    let words = cause.map_or_else(|| "the request failed".to_owned(), ToString::to_string);
    let stage = if error.is_connect() { "cannot connect: " } else { "" };
    shortened(&format!("{stage}{}", one_line(&words)), 2 * EXCERPT)
}

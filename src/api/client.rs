//! The HTTP client: sends one request and returns the meaning of its response.
//!
//! Needs a base URL that is https, or http on loopback. Guarantees: the token is sent to that host only (redirects are not
//! followed, nothing travels unencrypted beyond loopback); a body takes no more memory than its cap, counted after
//! decompression; no request outlasts its time-out. A request whose connection breaks before the response, as a kept one does when
//! the vendor closes it, is repeated once on a new connection within the same time-out. Leaves the meaning to `classify` and
//! `list`, and concurrency to the engine.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER,
};
use reqwest::redirect;
use tokio::time::Instant;
use url::Url;

use crate::config::{self, is_loopback};
use crate::domain::account::AccountId;
use crate::domain::checksum::LastAnswer;
use crate::domain::clock::Clock;
use crate::domain::observation::Outcome;
use crate::domain::retry_after::http_date;
use crate::domain::time::Timestamp;
use crate::trust;

use super::answer::{Answer, LastAnswers};
use super::classify::{ResponseReader, malformed};
use super::failure::{describe_setup, is_lost_connection, read_failure};
use super::list::{ListReader, Listing};
use super::normalise;
use super::redact::Redactor;
use super::response::{ReadFailure, Response, larger_than};
use super::token::ApiToken;

/// Encoded in a path segment: everything except letters, digits and the rest of `pchar` (RFC 3986, 3.3). The vendor says of
/// ids in other calls that encoding `@` and `:` breaks the lookup.
const SEGMENT: &AsciiSet = &{
    let unencoded = b"-._~!$&'()*+,;=:@";
    let (mut set, mut at) = (NON_ALPHANUMERIC.remove(b'-'), 0);
    while at < unencoded.len() {
        set = set.remove(unencoded[at]);
        at += 1;
    }
    set
};
/// Cap of the body of a response other than 200.
const MAX_REFUSAL: usize = 64 << 10;
/// How long an unused connection is kept. A run reuses it at once; between two runs it would cost memory, and its end would wake
/// the service.
const IDLE_TIMEOUT: Duration = Duration::from_secs(5);
const USER_AGENT: &str = concat!("minimax-watch/", env!("CARGO_PKG_VERSION"));

/// Why a client cannot be created.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The token would be sent unencrypted.
    #[error("the API's base URL is neither https nor http on loopback")]
    Insecure,
    /// Our paths cannot be appended, or its credentials would compete with the token.
    #[error("the API's base URL has a user name, a password, a path, a query or a fragment")]
    NotAnOrigin,
    /// TLS cannot be set up, for example because the machine has no CA certificates.
    #[error("cannot set up the HTTP client: {0}")]
    Setup(String),
}

/// A client of useapi.net. Clones are cheap and share their connections, which are kept alive.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    /// Keeps no connections; created when the first one is needed.
    unpooled: Arc<OnceLock<Option<reqwest::Client>>>,
    api: Arc<config::Api>,
    /// The latest plausible `Date`, until it is taken.
    date: Arc<Mutex<Option<ApiDate>>>,
    list_url: Url,
}

/// The `Date` of a response.
#[derive(Clone, Copy, Debug)]
pub struct ApiDate {
    /// What it says.
    pub sent_at: Timestamp,
    received: Instant,
}

impl ApiDate {
    /// What the API's clock shows now, which is `now` by this machine's clock: a time that cannot be represented counts as `now`.
    pub fn at(&self, now: Timestamp) -> Timestamp {
        let since = TimeDelta::from_std(self.received.elapsed()).ok();
        since.and_then(|since| self.sent_at.checked_add_signed(since)).unwrap_or(now)
    }
}

impl Client {
    /// Creates a client for the API that `api` names.
    ///
    /// # Errors
    /// The base URL would expose the token, or TLS cannot be set up: https needs the system's CA certificates, http on loopback
    /// needs none.
    pub fn new(api: &config::Api) -> Result<Self, ClientError> {
        let url = &api.base_url;
        let is_https = url.scheme() == "https";
        if !(is_https || url.scheme() == "http" && is_loopback(url)) {
            return Err(ClientError::Insecure);
        }
        if url.as_str().trim_end_matches('/') != url.origin().ascii_serialization() {
            return Err(ClientError::NotAnOrigin);
        }
        // rustls wants one provider per process. If another part installed it first, it is the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = build(builder(api), api).map_err(|error| ClientError::Setup(describe_setup(&error)))?;
        let mut list_url = url.clone();
        list_url.set_path("/v1/minimax/accounts");
        let api = Arc::new(api.clone());
        Ok(Self { http, unpooled: Arc::default(), api, date: Arc::default(), list_url })
    }

    /// The API's address of `path`, which begins with a slash.
    pub(super) fn url(&self, path: &str) -> Url {
        let mut url = self.api.base_url.clone();
        url.set_path(path);
        url
    }

    /// Takes the latest plausible `Date` of a response, whatever its status; `None` if there was none since the last call.
    pub fn take_date(&self) -> Option<ApiDate> {
        self.date.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Checks one account, whose `last` healthy answer is not read again. `clock` is read when the response arrives: the vendor's `Retry-After` counts from then.
    ///
    /// A token that cannot be sent in a header is not sent and counts as `unauthorized`. The ids ``, `.` and `..` cannot be
    /// written as a path segment of any URL (WHATWG URL, 4.4: `%2e` means the same). They are `malformed`, and no request is sent.
    pub async fn account(
        &self,
        token: &ApiToken,
        id: &AccountId,
        last: Option<LastAnswer>,
        clock: &Clock,
    ) -> Answer {
        if matches!(id.as_str(), "" | "." | "..") {
            return malformed("this id cannot be part of a URL: the account cannot be checked by itself")
                .into();
        }
        let mut url = self.list_url.clone();
        let segment = utf8_percent_encode(id.as_str(), SEGMENT);
        url.set_path(&format!("{}/{segment}", self.list_url.path()));
        let response = self.send(&url, token).await;
        let now = clock.now();
        let read = match response {
            Ok(mut response) => Ok(self.read(&mut response).await),
            Err(failure) => Err(failure),
        };
        let reader = ResponseReader { redactor: Redactor::new(token.expose_secret()), now };
        read.map_or_else(|failure| reader.failure(&failure).into(), |response| reader.answer(&response, last))
    }

    /// Checks all accounts of `token` by one request, of which the `known` answers are not read again. `keep` selects what to hold of
    /// each until the list ends.
    pub async fn accounts<T>(
        &self,
        token: &ApiToken,
        known: &LastAnswers,
        clock: &Clock,
        keep: impl FnMut(Answer) -> T,
    ) -> Listing<T> {
        let response = self.send(&self.list_url, token).await;
        let reader = ResponseReader { redactor: Redactor::new(token.expose_secret()), now: clock.now() };
        match response {
            Ok(mut response) => {
                let mut list = ListReader::new(reader, head(&response), self.api.max_body, known, keep);
                let end = self.read_body(&mut response, |chunk| list.feed(chunk)).await;
                list.finish(end)
            }
            Err(failure) => reader.failure(&failure).into(),
        }
    }

    /// Sends the request. If a connection breaks before the response, as a kept one does when the server has just closed it, the
    /// request is sent once more over a new connection, within the same time-out.
    pub(super) async fn send(&self, url: &Url, token: &ApiToken) -> Result<reqwest::Response, ReadFailure> {
        let Some(authorization) = token.header() else {
            let reason = "the API token contains invalid characters; no request was sent";
            return Err(ReadFailure { outcome: Outcome::Unauthorized, reason: reason.to_owned() });
        };
        let request =
            |http: &reqwest::Client| http.get(url.clone()).header(AUTHORIZATION, authorization.clone());
        let started = Instant::now();
        let mut response = request(&self.http).send().await;
        if response.as_ref().is_err_and(is_lost_connection)
            && let Some(unpooled) = self.unpooled()
            && let Some(left) = self.api.timeout.checked_sub(started.elapsed())
            && let Ok(second) = request(unpooled).timeout(left).send().await
        {
            response = Ok(second);
        }
        if let Some(date) = response.as_ref().ok().and_then(date) {
            *self.date.lock().unwrap_or_else(PoisonError::into_inner) =
                Some(ApiDate { sent_at: date, received: Instant::now() });
        }
        response.map_err(|error| read_failure(&error, self.api.timeout))
    }

    fn unpooled(&self) -> Option<&reqwest::Client> {
        self.unpooled
            .get_or_init(|| build(builder(&self.api).pool_max_idle_per_host(0), &self.api).ok())
            .as_ref()
    }

    /// The whole response about one account, with a body up to its cap after decompression.
    pub(super) async fn read(&self, response: &mut reqwest::Response) -> Response {
        self.read_capped(response, self.api.max_body).await
    }

    /// The whole response, with a body of up to `max_body` bytes after decompression.
    async fn read_capped(&self, response: &mut reqwest::Response, max_body: usize) -> Response {
        let head = head(response);
        let cap = if head.status == 200 { max_body } else { max_body.min(MAX_REFUSAL) };
        let mut bytes = Vec::new();
        let end = self.read_body(response, |chunk| {
            if chunk.len() > cap - bytes.len() {
                return Err(ReadFailure { outcome: Outcome::Malformed, reason: larger_than(cap) });
            }
            bytes.extend_from_slice(chunk);
            Ok(())
        });
        let end = end.await;
        Response { body: end.map(|()| bytes), ..head }
    }

    /// Passes the body to `feed`, piece by piece.
    async fn read_body(
        &self,
        response: &mut reqwest::Response,
        mut feed: impl FnMut(&[u8]) -> Result<(), ReadFailure>,
    ) -> Result<(), ReadFailure> {
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) => feed(&chunk)?,
                Ok(None) => return Ok(()),
                Err(error) => return Err(read_failure(&error, self.api.timeout)),
            }
        }
    }
}

fn builder(api: &config::Api) -> reqwest::ClientBuilder {
    let is_https = api.base_url.scheme() == "https";
    let mut builder = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .default_headers(HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json"))]))
        .redirect(redirect::Policy::none())
        .referer(false)
        .timeout(api.timeout)
        .pool_idle_timeout(IDLE_TIMEOUT)
        // A proxy's invalid header does not make the check inconclusive.
        .http1_ignore_invalid_headers_in_responses(true)
        .http1_allow_spaces_after_header_name_in_responses(true)
        .http1_allow_obsolete_multiline_headers_in_responses(true)
        .https_only(is_https);
    if is_loopback(&api.base_url) {
        builder = builder.no_proxy();
    }
    builder
}

fn build(builder: reqwest::ClientBuilder, api: &config::Api) -> reqwest::Result<reqwest::Client> {
    if api.base_url.scheme() == "https" {
        trust::build(builder)
    } else {
        // Certificates are not used, and loading the system's fails on a machine that has none.
        builder.tls_certs_only([]).build()
    }
}

/// The server's `Date`, if it is plausible.
fn date(response: &reqwest::Response) -> Option<Timestamp> {
    let date = http_date(response.headers().get(DATE)?.to_str().ok()?)?;
    normalise::plausible(date.timestamp())
}

/// The response without its body.
fn head(response: &reqwest::Response) -> Response {
    let header = |name: HeaderName| Some(response.headers().get(name)?.to_str().ok()?.to_owned());
    Response {
        status: response.status().as_u16(),
        retry_after: header(RETRY_AFTER),
        content_type: header(CONTENT_TYPE),
        body: Ok(Vec::new()),
    }
}

mod account_features;
mod job_statistics;
#[cfg(test)]
mod tests;

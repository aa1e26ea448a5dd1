//! Asks the vendor, and brings back what it said.
//!
//! Needs: a base URL that is https, or http on loopback. Promises: the token goes to that host and to no other (no
//! redirects, no plain text beyond loopback); a body is never held beyond its cap, counted after unpacking; no
//! request outlives its time-out. Leaves the meaning of answers to `classify`, and how many at once to the engine.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER,
};
use reqwest::{Response, redirect};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;
use url::Url;

use crate::config::{self, is_loopback};
use crate::domain::account::AccountId;
use crate::domain::clock::Clock;
use crate::domain::observation::{Observation, Outcome};
use crate::domain::retry_after::http_date;
use crate::domain::time::Timestamp;

use super::answer::{Answer, Body};
use super::classify::{Reading, Unread, malformed};
use super::failure;
use super::listing::Listing;
use super::normalise;
use super::redact::Redactor;

/// What a path segment holds percent-encoded: all but RFC 3986's `pchar`. The vendor says of ids in other calls that encoding `@`
/// and `:` breaks its lookup.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    // unreserved
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    // sub-delims
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    // and these two
    .remove(b':')
    .remove(b'@');
/// Of an answer other than 200 no more than this is of interest.
const LARGEST_REFUSAL: usize = 64 << 10;
/// For how long a connection is kept that nothing is asked on: within a run there is always more to ask, and between two runs a
/// connection costs memory and wakes the service when it ends.
const IDLE: Duration = Duration::from_secs(5);
const USER_AGENT: &str = concat!("minimax-watch/", env!("CARGO_PKG_VERSION"));

/// Why no client can be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The token would travel readable.
    #[error("the API's base URL is neither https nor http on loopback")]
    Insecure,
    /// A path of ours cannot be put behind it, or credentials in it would compete with the token.
    #[error("the API's base URL has a user name, a password, a path, a query or a fragment")]
    Overloaded,
    /// TLS cannot be set up, for example because the machine has no CA certificates.
    #[error("cannot set up the HTTP client: {0}")]
    Setup(String),
}

/// Asks the vendor; cheap to clone, connections are shared and kept alive.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    /// Without kept connections; made when the first one is needed.
    fresh: Arc<OnceLock<Option<reqwest::Client>>>,
    api: Arc<config::Api>,
    /// The `Date` of the latest answer, until somebody takes it.
    date: Arc<Mutex<Option<Timestamp>>>,
    /// Of the list of accounts.
    base: Url,
    timeout: Duration,
    max_body: usize,
}

impl Client {
    /// Makes a client for the API that `api` names.
    ///
    /// # Errors
    /// When the base URL would give the token away, or TLS cannot be set up: https needs the system's CA
    /// certificates, http on loopback needs none.
    pub fn new(api: &config::Api) -> Result<Self, ClientError> {
        let url = &api.base_url;
        let secure = url.scheme() == "https";
        if !(secure || url.scheme() == "http" && is_loopback(url)) {
            return Err(ClientError::Insecure);
        }
        let credentials = !url.username().is_empty() || url.password().is_some();
        let has_path = !url.path().trim_matches('/').is_empty();
        if credentials || has_path || url.query().is_some() || url.fragment().is_some() {
            return Err(ClientError::Overloaded);
        }
        install_crypto_provider();
        let http = builder(api).build().map_err(|error| ClientError::Setup(failure::in_setup(&error)))?;
        let mut base = url.clone();
        base.set_path("/v1/minimax/accounts");
        Ok(Self {
            http,
            fresh: Arc::default(),
            api: Arc::new(api.clone()),
            date: Arc::default(),
            base,
            timeout: api.timeout,
            max_body: api.max_body,
        })
    }

    /// The plausible `Date` of the latest answer since this was last asked for, whatever its status.
    pub fn take_date(&self) -> Option<Timestamp> {
        self.date.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Looks at one account.
    ///
    /// A token that cannot be sent in a header counts as refused (`unauthorized`) and is not sent. The ids ``, `.` and
    /// `..` cannot be written as a path segment of any URL (WHATWG URL, 4.4: `%2e` means the same); they are
    /// `malformed`, and nothing is asked rather than something else.
    /// What the vendor asks for is measured by `clock` from when its answer came.
    pub async fn account(&self, token: &SecretString, id: &AccountId, clock: &Clock) -> Observation {
        let segment = utf8_percent_encode(id.as_str(), SEGMENT).to_string();
        if matches!(segment.as_str(), "" | "." | "..") {
            return malformed("this id cannot be part of a URL: the account cannot be asked for by itself");
        }
        let response = self.ask(&format!("/{segment}"), token).await;
        let reading = Reading { redactor: Redactor::new(token.expose_secret()), now: clock.now() };
        match response {
            Ok(response) => reading.account(&self.answer(response).await),
            Err(unread) => reading.unread(&unread),
        }
    }

    /// Looks at every account that the token opens; `keep` says what is kept of each, which is held until the list ends.
    pub async fn accounts<T>(
        &self,
        token: &SecretString,
        clock: &Clock,
        keep: impl FnMut(Observation) -> T,
    ) -> Listing<T> {
        let response = self.ask("", token).await;
        let reading = Reading { redactor: Redactor::new(token.expose_secret()), now: clock.now() };
        let mut response = match response {
            Ok(response) => response,
            Err(unread) => return reading.unread(&unread).into(),
        };
        let mut gathering = reading.listing(head(&response), self.max_body, keep);
        let cut = loop {
            match response.chunk().await {
                Ok(Some(chunk)) if gathering.take(&chunk).is_continue() => {}
                Ok(_) => break None,
                Err(error) => break Some(self.cut(&error)),
            }
        };
        gathering.done(cut)
    }

    /// Asks. A connection that ends under the request, as a kept one does when the server just closed it, is no answer: it is asked once
    /// more over a new one, within the same time.
    async fn ask(&self, path: &str, token: &SecretString) -> Result<Response, Unread> {
        let Some(authorization) = authorization(token) else {
            let why = "the API token holds characters that no token has; nothing was asked";
            return Err(Unread { outcome: Outcome::Unauthorized, why: why.to_owned() });
        };
        let mut url = self.base.clone();
        if !path.is_empty() {
            url.set_path(&[url.path(), path].concat());
        }
        let began = Instant::now();
        let request =
            |http: &reqwest::Client, url: Url| http.get(url).header(AUTHORIZATION, authorization.clone());
        let mut answer = request(&self.http, url.clone()).send().await;
        if answer.as_ref().is_err_and(failure::is_lost_connection)
            && let Some(fresh) = self.fresh()
            && let Some(left) = self.timeout.checked_sub(began.elapsed())
            && let Ok(again) = request(fresh, url).timeout(left).send().await
        {
            answer = Ok(again);
        }
        if let Ok(response) = &answer
            && let Some(date) = date(response)
        {
            *self.date.lock().unwrap_or_else(PoisonError::into_inner) = Some(date);
        }
        answer.map_err(|error| Unread {
            outcome: Outcome::Unavailable,
            why: failure::in_words(&error, self.timeout),
        })
    }

    fn fresh(&self) -> Option<&reqwest::Client> {
        self.fresh.get_or_init(|| builder(&self.api).pool_max_idle_per_host(0).build().ok()).as_ref()
    }

    async fn answer(&self, response: Response) -> Answer {
        let head = head(&response);
        let cap = if head.status == 200 { self.max_body } else { self.max_body.min(LARGEST_REFUSAL) };
        Answer { body: self.body(response, cap).await, ..head }
    }

    /// Reads no more than `cap` bytes, counted as they come out of the unpacking.
    async fn body(&self, mut response: Response, cap: usize) -> Body {
        let mut bytes = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if chunk.len() > cap - bytes.len() => return Body::TooLarge(cap),
                Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                Ok(None) => return Body::Whole(bytes),
                Err(error) => return self.cut(&error),
            }
        }
    }

    /// What a body is that did not come whole.
    fn cut(&self, error: &reqwest::Error) -> Body {
        if failure::is_undecodable(error) {
            Body::Undecodable
        } else {
            Body::Cut(failure::in_words(error, self.timeout))
        }
    }
}

fn builder(api: &config::Api) -> reqwest::ClientBuilder {
    let secure = api.base_url.scheme() == "https";
    let mut builder = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .default_headers(HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json"))]))
        .redirect(redirect::Policy::none())
        .referer(false)
        .timeout(api.timeout)
        .pool_idle_timeout(IDLE)
        // A proxy's odd header is no reason to have no verdict.
        .http1_ignore_invalid_headers_in_responses(true)
        .http1_allow_spaces_after_header_name_in_responses(true)
        .http1_allow_obsolete_multiline_headers_in_responses(true)
        .https_only(secure);
    if is_loopback(&api.base_url) {
        builder = builder.no_proxy();
    }
    if !secure {
        // Never used, but looking for the system's certificates would fail on a machine without any.
        builder = builder.tls_certs_only([]);
    }
    builder
}

/// When the server says that it answered, if that can be true.
fn date(response: &Response) -> Option<Timestamp> {
    let date = http_date(response.headers().get(DATE)?.to_str().ok()?)?;
    normalise::plausible(date.timestamp())
}

/// An answer before its body.
fn head(response: &Response) -> Answer {
    let header = |name: HeaderName| Some(response.headers().get(name)?.to_str().ok()?.to_owned());
    Answer {
        status: response.status().as_u16(),
        retry_after: header(RETRY_AFTER),
        content_type: header(CONTENT_TYPE),
        body: Body::Whole(Vec::new()),
    }
}

/// The header for `token`, hidden from logs; none when the token is empty or not of visible ASCII throughout.
fn authorization(token: &SecretString) -> Option<HeaderValue> {
    let token = token.expose_secret();
    let sendable = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    let mut value = HeaderValue::try_from(format!("Bearer {token}")).ok().filter(|_| sendable)?;
    value.set_sensitive(true);
    Some(value)
}

/// rustls wants one provider per process; whoever came first has the same one.
fn install_crypto_provider() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

#[cfg(test)]
mod tests;

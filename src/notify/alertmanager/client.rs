//! Requests to one Alertmanager, and what its answers mean.

use std::collections::BTreeSet;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use secrecy::ExposeSecret;
use serde::Deserialize;
use url::Url;

use super::render::body;
use crate::config::{Alertmanager, HttpLogin, Origin, Secret};
use crate::domain::series::{ALERTNAME, ALERTNAME_VALUE, Labels, Push};
use crate::notify::attempt::Attempt;
use crate::notify::http::{self, Clients, Method, Request, Response, Target};
use crate::notify::probe::ProbeResult;

/// Bytes of the series that fire at a server: some thousands of them.
const MAX_ACTIVE: usize = 4 * 1024 * 1024;

/// The path of alerts below the base address.
const ALERTS: &str = "/api/v2/alerts";

/// One series in the answer of a server; other members do not matter.
#[derive(Deserialize)]
struct ActiveAlert {
    labels: Labels,
}

/// Pushes series to `server`; the error says why it did not accept them.
pub(in crate::notify) async fn push(
    clients: &Clients,
    alertmanager: &Alertmanager,
    server: &Url,
    pushes: &[Push],
) -> Result<(), String> {
    let body = body(pushes).map_err(|error| format!("the series cannot be written as JSON: {error}"))?;
    post(clients, alertmanager, server, &body).await
}

/// The labels of our series that fire at `server`, those that it silences or inhibits included.
pub(in crate::notify) async fn active(
    clients: &Clients,
    alertmanager: &Alertmanager,
    server: &Url,
) -> Result<BTreeSet<Labels>, String> {
    let mut url = with_path(server, ALERTS);
    url.query_pairs_mut().append_pair("filter", &format!("{ALERTNAME}=\"{ALERTNAME_VALUE}\""));
    let target = target(alertmanager, url);
    let headers = login(alertmanager)?;
    let request = Request { method: Method::Get { limit: MAX_ACTIVE }, headers, body: &[] };
    let response = sent(target.send(clients, &request).await)?;
    accepted(&target, &response)?;
    parse_active(&response.body()).ok_or_else(|| {
        let room = MAX_ACTIVE / 1024 / 1024;
        format!(
            "{}: this is not a whole list of alerts, of which {room} MiB are read",
            target.answered(&response)
        )
    })
}

/// The labels of each series in the body of an answer; none if that is not a whole list.
pub(super) fn parse_active(body: &[u8]) -> Option<BTreeSet<Labels>> {
    // As text: what is skipped of bytes may be no UTF-8.
    let alerts: Vec<ActiveAlert> = serde_json::from_str(std::str::from_utf8(body).ok()?).ok()?;
    Some(alerts.into_iter().map(|alert| alert.labels).collect())
}

/// Posts `body` to every server at the same time; delivered when each accepted it.
pub(in crate::notify) async fn send(clients: &Clients, alertmanager: &Alertmanager, body: &[u8]) -> Attempt {
    let posts = alertmanager.urls.iter().map(|server| post(clients, alertmanager, server, body));
    let results = futures_util::future::join_all(posts).await;
    let errors: Vec<String> = results.into_iter().filter_map(Result::err).collect();
    if errors.is_empty() { Attempt::Delivered } else { Attempt::deferred(errors.join("; ")) }
}

/// Connects to every server as for a push, and sends nothing: the first that fails, else the last.
pub(in crate::notify) async fn probe(alertmanager: &Alertmanager) -> ProbeResult {
    let secret = |url: &Url| Secret { value: url.as_str().into(), origin: Origin::Inline };
    let probe = async |server: &Url| {
        http::probe(Ok(target(alertmanager, server.clone())), "address", &secret(server)).await
    };
    let results: Vec<ProbeResult> = futures_util::future::join_all(alertmanager.urls.iter().map(probe)).await;
    let addresses: Vec<&str> = results.iter().map(|result| result.address.as_str()).collect();
    let address = addresses.join(", ");
    let action = format!("connection to {address}; no request (urls in the file)");
    let result = results.into_iter().map(|result| result.result).reduce(Result::and);
    ProbeResult { address, action, result: result.unwrap_or_else(|| Ok("no server".to_owned())) }
}

async fn post(
    clients: &Clients,
    alertmanager: &Alertmanager,
    server: &Url,
    body: &[u8],
) -> Result<(), String> {
    let target = target(alertmanager, with_path(server, ALERTS));
    let mut headers = login(alertmanager)?;
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let request = Request::post(headers, body);
    accepted(&target, &sent(target.send(clients, &request).await)?)
}

fn sent(sent: Result<Response, Attempt>) -> Result<Response, String> {
    sent.map_err(|attempt| match attempt {
        Attempt::Deferred { error, .. } | Attempt::Refused { error, .. } | Attempt::Final { error } => error,
        Attempt::Delivered => String::new(),
    })
}

/// The error quotes the beginning of the answer, without the login.
fn accepted(target: &Target, response: &Response) -> Result<(), String> {
    let status = response.status.unwrap_or_default();
    if (200..300).contains(&status) {
        return Ok(());
    }
    let mut error = target.answered(response);
    let excerpt = target.quote(&String::from_utf8_lossy(&response.body()));
    match status {
        401 | 403 => error.push_str(": check username and password, or the token"),
        404 => error.push_str(": the base address is wrong, or this is no Alertmanager with API v2"),
        _ if !excerpt.is_empty() => error = format!("{error}: {excerpt}"),
        _ => {}
    }
    Err(error)
}

/// `path` below the base address `server`.
fn with_path(server: &Url, path: &str) -> Url {
    let mut url = server.clone();
    url.set_path(&format!("{}{path}", server.path().trim_end_matches('/')));
    url
}

/// The address, with the login hidden.
fn target(alertmanager: &Alertmanager, url: Url) -> Target {
    let secrets = match &alertmanager.login {
        Some(HttpLogin::Basic(login)) => vec![login.password.value.expose_secret().to_owned()],
        Some(HttpLogin::Bearer(token)) => vec![token.value.expose_secret().to_owned()],
        None => Vec::new(),
    };
    let encoded = login(alertmanager).ok().and_then(|headers| {
        let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
        Some(value.split_whitespace().last()?.to_owned())
    });
    Target::public(url, alertmanager.timeout).hiding(secrets.into_iter().chain(encoded))
}

fn login(alertmanager: &Alertmanager) -> Result<HeaderMap, String> {
    let login = match &alertmanager.login {
        None => return Ok(HeaderMap::new()),
        Some(HttpLogin::Basic(login)) => {
            http::basic(format!("{}:{}", login.username, login.password.value.expose_secret()).as_bytes())
        }
        Some(HttpLogin::Bearer(token)) => http::bearer(token),
    };
    let login = login.ok_or("the login is not a valid header")?;
    Ok(HeaderMap::from_iter([(AUTHORIZATION, login)]))
}

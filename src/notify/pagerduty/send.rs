//! Sends the events of one message, and classifies each answer.

use std::time::{Duration, Instant};

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use super::event::Events;
use crate::config::PagerDuty;
use crate::domain::clock::Clock;
use crate::domain::time::Timestamp;
use crate::notify::attempt::{Attempt, SendOutcome};
use crate::notify::http::{self, Clients, Request, Response, Target, attempt_by_status, json_headers};
use crate::notify::probe::ProbeResult;

/// How long one attempt goes on to send events: what was accepted by then is stored, and the rest follows.
const MAX_ATTEMPT: Duration = Duration::from_mins(1);

/// Tries once to send the events that `render` wrote and `accepted` does not name. A refused event does not hold back the others; a
/// temporary failure ends the attempt.
pub(in crate::notify) async fn send(
    clients: &Clients,
    pagerduty: &PagerDuty,
    body: &[u8],
    accepted: &[String],
    clock: &Clock,
) -> SendOutcome {
    let Ok(Events { events }) = serde_json::from_slice(body) else {
        return Attempt::Final { error: "the stored events cannot be read".to_owned() }.into();
    };
    let begin = Instant::now();
    let mut outcome = SendOutcome { attempt: Attempt::Delivered, accepted: Vec::new() };
    for event in events.into_iter().filter(|event| !accepted.contains(&event.key)) {
        if begin.elapsed() >= MAX_ATTEMPT {
            outcome.attempt = Attempt::deferred("it takes the events slowly; the rest follows");
            break;
        }
        let attempt = send_one(clients, pagerduty, event.is_change, event.members, clock).await;
        match attempt {
            Attempt::Delivered => outcome.accepted.push(event.key),
            Attempt::Refused { .. } | Attempt::Final { .. } => outcome.attempt = attempt,
            Attempt::Deferred { .. } => {
                outcome.attempt = attempt;
                break;
            }
        }
    }
    outcome
}

async fn send_one(
    clients: &Clients,
    pagerduty: &PagerDuty,
    is_change: bool,
    members: Value,
    clock: &Clock,
) -> Attempt {
    let target = target(pagerduty, if is_change { "/v2/change/enqueue" } else { "/v2/enqueue" });
    let mut members = members;
    if let Value::Object(members) = &mut members {
        members.insert("routing_key".to_owned(), json!(pagerduty.routing_key.value.expose_secret()));
    }
    let body = members.to_string();
    let request = Request::post(json_headers(), body.as_bytes());
    http::deliver(target, clients, &request, clock, classify).await
}

pub(in crate::notify) async fn probe(pagerduty: &PagerDuty) -> ProbeResult {
    http::probe(target(pagerduty, "/"), "key", &pagerduty.routing_key).await
}

fn target(pagerduty: &PagerDuty, path: &str) -> Result<Target, Attempt> {
    let (api, key) = (pagerduty.api.url.value.expose_secret(), pagerduty.routing_key.value.expose_secret());
    Ok(Target::new(&SecretString::from(format!("{api}{path}")), pagerduty.api.timeout)?
        .hiding([key.to_owned()]))
}

/// The members that matter of an answer.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer {
    message: String,
    errors: Vec<String>,
}

fn classify(response: &Response, target: &Target, now: Timestamp) -> Attempt {
    let status = response.status.unwrap_or_default();
    if (200..300).contains(&status) && response.is_other_than_json() {
        let advice = "this is not an answer of PagerDuty: check api_url and the proxy";
        return Attempt::deferred(target.error(response, "", advice));
    }
    let answer: Answer = serde_json::from_slice(&response.body()).unwrap_or_default();
    let words = std::iter::once(answer.message).chain(answer.errors).collect::<Vec<_>>().join(", ");
    let advice = match status {
        400 if words.contains("routing_key") || words.contains("Invalid routing key") => {
            "the integration key is not valid: copy it again from the service's Events API v2 integration"
        }
        404 => "this is not the Events API: check api_url",
        429 => "too many events for this integration at the moment",
        _ => "",
    };
    attempt_by_status(status, target.error(response, &words, advice), response.pause(now))
}

//! `telegram`: a message by a bot, with entities instead of markup, so that no text needs escaping.
//!
//! Guarantees: at most 4,096 UTF-16 units, as the Bot API allows; no link preview; the token, which is part of the address, is quoted
//! nowhere. The chat is not part of the stored body: waiting messages go to the chat that is configured when they are sent.
//! Source: <https://core.telegram.org/bots/api#sendmessage>, and "Making requests" there for errors.

mod answer;
mod render;

pub(super) use self::render::render;

use chrono::DateTime;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::attempt::Attempt;
use super::http::{self, Clients, Request, Target, json_headers};
use super::probe::{ProbeError, ProbeResult};
use crate::config::Telegram;
use crate::domain::clock::Clock;

/// Tries once to send the message that [`render()`] wrote.
pub(super) async fn send(clients: &Clients, telegram: &Telegram, body: &[u8], clock: &Clock) -> Attempt {
    let Ok(Value::Object(mut message)) = serde_json::from_slice(body) else {
        return Attempt::Final { error: "the stored message is not a JSON object".to_owned() };
    };
    message.insert("chat_id".to_owned(), chat(telegram));
    if let Some(thread) = telegram.thread_id {
        message.insert("message_thread_id".to_owned(), json!(thread));
    }
    let body = Value::Object(message).to_string();
    let request = Request::post(json_headers(), body.as_bytes());
    http::deliver(target(telegram, "sendMessage"), clients, &request, clock, answer::classify).await
}

/// Connects, then asks whether the token and the chat are known. Sends no message.
pub(super) async fn probe(telegram: &Telegram) -> ProbeResult {
    let mut probed = http::probe(target(telegram, "getMe"), "token", &telegram.token).await;
    let Ok(connected) = &probed.result else { return probed };
    let known = format!("{connected}; token and chat are known");
    probed.action = format!("getMe and getChat at {} (token from {})", probed.address, telegram.token.origin);
    probed.result = match ask(telegram, "getMe", json!({})).await {
        Ok(()) => ask(telegram, "getChat", json!({"chat_id": chat(telegram)})).await.map(|()| known),
        Err(error) => Err(error),
    };
    probed
}

/// Makes one request that changes nothing.
async fn ask(telegram: &Telegram, method: &str, body: Value) -> Result<(), ProbeError> {
    let failed = |attempt: Attempt| {
        let message = match attempt {
            Attempt::Delivered => String::new(),
            Attempt::Deferred { error, .. } | Attempt::Refused { error, .. } | Attempt::Final { error } => {
                error
            }
        };
        ProbeError { message, hint: "Check api_url and the proxy, and try again.".to_owned() }
    };
    let target = target(telegram, method).map_err(failed)?;
    let body = body.to_string();
    let request = Request::post(json_headers(), body.as_bytes());
    let response = target.send(&Clients::default(), &request).await.map_err(failed)?;
    match answer::fault(&response, DateTime::UNIX_EPOCH) {
        None => Ok(()),
        Some(fault) => {
            let message = format!("{method}: {}", target.error(&response, &fault.words, ""));
            let mut hint = fault.advice;
            if hint.is_empty() {
                "try again later; the error is explained at https://core.telegram.org/bots/api"
                    .clone_into(&mut hint);
            }
            let mut letters = hint.chars();
            let hint =
                letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect::<String>()
                    + ".";
            Err(ProbeError { message, hint })
        }
    }
}

/// The chat, as a number where it is one.
fn chat(telegram: &Telegram) -> Value {
    telegram.chat_id.parse::<i64>().map_or_else(|_| json!(telegram.chat_id), |number| json!(number))
}

fn target(telegram: &Telegram, method: &str) -> Result<Target, Attempt> {
    let (api, token) = (telegram.api.url.value.expose_secret(), telegram.token.value.expose_secret());
    let address = SecretString::from(format!("{api}/bot{token}/{method}"));
    let key = token.split_once(':').map_or(token, |(_, key)| key);
    Ok(Target::new(&address, telegram.api.timeout)?.hiding([token.to_owned(), key.to_owned()]))
}

//! What an answer of the Bot API means, and what to do about it.

use chrono::TimeDelta;
use serde_json::Value;

use crate::domain::time::Timestamp;
use crate::notify::attempt::Attempt;
use crate::notify::http::{Response, Target, attempt_by_status};

/// The members that matter of an answer, each as far as it has the documented type.
struct Answer {
    ok: bool,
    error_code: u16,
    description: String,
    retry_after: Option<u32>,
    migrate_to_chat_id: Option<i64>,
}

impl Answer {
    fn new(answer: &Value) -> Self {
        let parameters = &answer["parameters"];
        let number = |value: &Value| value.as_u64();
        Self {
            ok: answer["ok"] == true,
            error_code: number(&answer["error_code"])
                .and_then(|code| code.try_into().ok())
                .unwrap_or_default(),
            description: answer["description"].as_str().unwrap_or_default().to_owned(),
            retry_after: number(&parameters["retry_after"]).and_then(|seconds| seconds.try_into().ok()),
            migrate_to_chat_id: parameters["migrate_to_chat_id"].as_i64(),
        }
    }
}

/// What is wrong with an answer.
pub(super) struct Fault {
    /// By the answer's own code where it has one.
    pub(super) status: u16,
    /// Telegram's description, as it was sent.
    pub(super) words: String,
    /// What to do; empty where there is nothing to say.
    pub(super) advice: String,
    pub(super) pause: Option<TimeDelta>,
}

/// Why a request was not done; none when it was. An answer of 2xx that breaks off counts as done.
pub(super) fn fault(response: &Response, now: Timestamp) -> Option<Fault> {
    let status = response.status.unwrap_or_default();
    let answer = response.json();
    let is_success = (200..300).contains(&status);
    if is_success && response.is_other_than_json() {
        let advice = "this is not an answer of Telegram: check api_url and the proxy".to_owned();
        return Some(Fault { status: 503, words: String::new(), advice, pause: None });
    }
    let is_cut_off = answer.is_none();
    let answer = Answer::new(&answer.unwrap_or_default());
    if is_success && (is_cut_off || answer.ok) {
        return None;
    }
    let status = if is_success { answer.error_code } else { status };
    let pause = answer.retry_after.map(|seconds| TimeDelta::seconds(seconds.into()));
    let pause = pause.filter(|pause| *pause > TimeDelta::zero()).or_else(|| response.pause(now));
    let advice = advice(status, &answer);
    // Without a code of its own, an answer of 2xx that is not `ok` is no delivery.
    let status = if (200..300).contains(&status) { 0 } else { status };
    Some(Fault { status, words: answer.description, advice, pause })
}

/// How an attempt ended with this answer.
pub(super) fn classify(response: &Response, target: &Target, now: Timestamp) -> Attempt {
    match fault(response, now) {
        None => Attempt::Delivered,
        Some(Fault { status, words, advice, pause }) => {
            attempt_by_status(status, target.error(response, &words, &advice), pause)
        }
    }
}

fn advice(status: u16, answer: &Answer) -> String {
    if let Some(id) = answer.migrate_to_chat_id {
        return format!("the group became a supergroup: set chat_id = \"{id}\"");
    }
    let says = |words: &str| answer.description.to_ascii_lowercase().contains(words);
    let advice = match status {
        401 => "the token is not valid, or was revoked: @BotFather shows the present one",
        403 if says("blocked") => {
            "this person blocked the bot: unblock it and press Start, or set another chat_id"
        }
        403 if says("kicked") => "the bot was removed from this group: add it again, or set another chat_id",
        403 if says("initiate") => "a bot cannot write first: open a chat with it and press Start",
        403 => "the bot may not write here: add it to the chat and let it send messages",
        404 => "there is no such bot: check token_file and api_url",
        400 if says("chat not found") => {
            "check chat_id; a person has to press Start first, and a group has to add the bot"
        }
        400 if says("thread not found") => "check thread_id: the topic does not exist in this chat",
        400 if says("topic_closed") => "the topic is closed: open it again, or set another thread_id",
        _ => "",
    };
    advice.to_owned()
}

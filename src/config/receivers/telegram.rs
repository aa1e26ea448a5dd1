//! `type = "telegram"`: the bot, and the chat or topic that it writes to.

use super::super::context::Context;
use super::super::model::Telegram;
use super::super::page::Page;
use super::super::schema::{self, TableSchema};
use super::super::secrets::Form;
use super::super::table::Table;
use super::endpoint;
use secrecy::ExposeSecret as _;

const API: &str = "https://api.telegram.org";

/// The fewest characters after the number of a bot's token.
const MIN_KEY: usize = 20;

/// Reads the keys of this type.
pub(super) fn read(mut table: Table<'_>, context: &Context<'_>) -> Option<Telegram> {
    let token = context.required_secret(&mut table, "token", Form::Key);
    if let Some(token) = &token
        && !is_bot_token(token.value.expose_secret())
    {
        table.problem(
            "token",
            format!(
                "{} does not hold a bot's token, which is a number, a colon and letters: @BotFather gives it",
                token.origin
            ),
        );
    }
    if !table.has("chat_id") {
        table
            .place
            .problem("chat_id is missing: give the number of the chat, or the @name of a public channel");
    }
    let chat_id = table.text_or_number("chat_id").and_then(|field| field.parse(chat_id));
    let thread_id = table.number("thread_id", None, |number| {
        if number > 0 { Ok(Some(number)) } else { Err(format!("{number} is not the number of a topic")) }
    });
    let api = endpoint::read_api(&mut table, API);
    table.finish();
    Some(Telegram { token: token?, chat_id: chat_id?, thread_id, api: api? })
}

/// The keys that [`read`] reads.
pub(super) fn schema() -> TableSchema {
    let chat = schema::matching("^(@[A-Za-z0-9_]{4,}|[+-]?[0-9]+)$").with("type", vec!["integer", "string"]);
    let table = TableSchema::new("A bot of Telegram.")
        .required_secret("token", "the bot's token from @BotFather")
        .required("chat_id", "The number of the chat, or the @name of a public channel.", chat)
        .key("thread_id", "The number of a topic, in groups that have topics.", schema::number(1..=i64::MAX));
    endpoint::api_schema(table, API)
}

/// Shows the keys of this type.
pub(super) fn show(telegram: &Telegram, page: &mut Page) {
    page.origin("token", '_', &telegram.token.origin);
    page.text("chat_id", &telegram.chat_id);
    if let Some(thread) = telegram.thread_id {
        page.line(&format!("thread_id = {thread}"));
    }
    endpoint::show_api(&telegram.api, page);
}

fn is_bot_token(token: &str) -> bool {
    let is_key = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    token.split_once(':').is_some_and(|(number, key)| {
        !number.is_empty()
            && number.chars().all(|c| c.is_ascii_digit())
            && key.len() >= MIN_KEY
            && key.chars().all(is_key)
    })
}

/// A number, or the name of a public group or channel with its `@`.
fn chat_id(typed: &str) -> Result<String, String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let name = typed.strip_prefix('@').is_some_and(|name| name.len() >= 4 && name.chars().all(is_name));
    if name || typed.parse::<i64>().is_ok_and(|number| number != 0) {
        return Ok(typed.to_owned());
    }
    // A token in the wrong place is not echoed.
    let shown = if typed.contains(':') { String::new() } else { format!("\"{typed}\" ") };
    Err(format!(
        "{shown}is neither the number of a chat, such as -1001234567890, nor a name such as @my_channel; a person has to be given by \
         number"
    ))
}

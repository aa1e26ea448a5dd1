//! Whom to notify: receivers that the environment gives, else one that is asked for.
//!
//! An answer becomes the variable that would give it, so that it is read and judged like one.

use std::fmt::Write as _;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::dialogue::Dialogue;

/// One question about a receiver, and the variable that would answer it.
struct Question {
    variable: &'static str,
    text: &'static str,
    is_secret: bool,
    is_optional: bool,
}

impl Question {
    const fn secret(variable: &'static str, text: &'static str) -> Self {
        Self { variable, text, is_secret: true, is_optional: false }
    }

    const fn optional_secret(variable: &'static str, text: &'static str) -> Self {
        Self { variable, text, is_secret: true, is_optional: true }
    }

    const fn plain(variable: &'static str, text: &'static str) -> Self {
        Self { variable, text, is_secret: false, is_optional: false }
    }
}

/// A type of receiver in the menu.
struct Entry {
    label: &'static str,
    /// Where the answers are found.
    advice: &'static str,
    questions: &'static [Question],
}

const SMTP_URL: &str = "MINIMAX_WATCH_SMTP_URL";

const MENU: [Entry; 6] = [
    Entry {
        label: "Telegram",
        advice: "@BotFather makes a bot and gives its token. Then write to the bot, or add it to the group; docs/receivers.md says how to \
                 find the number of the chat.",
        questions: &[
            Question::secret("MINIMAX_WATCH_TELEGRAM_TOKEN", "The bot's token"),
            Question::plain(
                "MINIMAX_WATCH_TELEGRAM_CHAT_ID",
                "Number of the chat, or @name of a public channel",
            ),
        ],
    },
    Entry {
        label: "ntfy",
        advice: "Whoever knows a topic at ntfy.sh can read it: choose a name that nobody guesses.",
        questions: &[
            Question::secret("MINIMAX_WATCH_NTFY_URL", "Server and topic, such as https://ntfy.sh/my-topic"),
            Question::optional_secret(
                "MINIMAX_WATCH_NTFY_TOKEN",
                "Access token of a protected topic; Enter for none",
            ),
        ],
    },
    Entry {
        label: "Discord",
        advice: "The channel's settings show the address under Integrations, Webhooks.",
        questions: &[Question::secret("MINIMAX_WATCH_DISCORD_URL", "Address of the webhook")],
    },
    Entry {
        label: "Slack",
        advice: "The app's settings show the address under Incoming Webhooks.",
        questions: &[Question::secret("MINIMAX_WATCH_SLACK_URL", "Address of the webhook")],
    },
    Entry {
        label: "webhook (n8n and others)",
        advice: "The messages are JSON, signed as Standard Webhooks if there is a secret.",
        questions: &[
            Question::secret("MINIMAX_WATCH_WEBHOOK_URL", "Address"),
            Question::optional_secret(
                "MINIMAX_WATCH_WEBHOOK_SECRET",
                "Signing secret, whsec_…; Enter for none",
            ),
        ],
    },
    Entry {
        label: "e-mail",
        advice: "The mail goes through a mail server of yours or of your provider.",
        questions: &[
            Question::plain(
                SMTP_URL,
                "Mail server, such as smtp.example.com:587 (STARTTLS) or smtps://smtp.example.com (TLS)",
            ),
            Question::plain("MINIMAX_WATCH_MAIL_FROM", "Sender, such as watch@example.com"),
            Question::plain("MINIMAX_WATCH_MAIL_TO", "Recipients, separated by commas"),
        ],
    },
];

/// Variables and their values.
pub(super) type Answers = Vec<(&'static str, String)>;

/// Asks for a receiver; no answers mean that nobody is notified.
pub(super) async fn ask(dialogue: &mut Dialogue) -> anyhow::Result<Answers> {
    let nobody = MENU.len() + 1;
    let mut menu = "\nWho is notified?\n".to_owned();
    for (index, entry) in MENU.iter().enumerate() {
        let _ = writeln!(menu, "  {}  {}", index + 1, entry.label);
    }
    let _ = writeln!(menu, "  {nobody}  nobody: only `status` and the exit status of `check` report alerts");
    dialogue.show(&menu);
    loop {
        let answer = dialogue.ask_until_answered(&format!("Number from 1 to {nobody}")).await?;
        match answer.parse::<usize>() {
            Ok(number) if number == nobody => return Ok(Answers::new()),
            Ok(number) if number > 0 && number < nobody => {
                if let Some(entry) = MENU.get(number - 1) {
                    return ask_entry(entry, dialogue).await;
                }
            }
            _ => {}
        }
    }
}

async fn ask_entry(entry: &Entry, dialogue: &mut Dialogue) -> anyhow::Result<Answers> {
    dialogue.say(entry.advice);
    let mut answers = Answers::new();
    for question in entry.questions {
        let answer = loop {
            let answer = if question.is_secret {
                dialogue.ask_hidden(question.text).await?
            } else {
                dialogue.ask(question.text, None).await?
            };
            if !answer.is_empty() || question.is_optional {
                break answer;
            }
        };
        let answer =
            if question.variable == SMTP_URL { with_login(&answer, dialogue).await? } else { answer };
        if !answer.is_empty() {
            answers.push((question.variable, answer));
        }
    }
    Ok(answers)
}

/// The address of a mail server with the login that is asked for.
async fn with_login(server: &str, dialogue: &mut Dialogue) -> anyhow::Result<String> {
    let (scheme, server) = match server.split_once("://") {
        Some((scheme, rest)) => (scheme, rest),
        None if server.ends_with(":465") => ("smtps", server),
        None => ("smtp", server),
    };
    let user = dialogue.ask("User name; Enter for no login", None).await?;
    if user.is_empty() {
        return Ok(format!("{scheme}://{server}"));
    }
    let password = dialogue.ask_hidden("Password").await?;
    let [user, password] = [&user, &password].map(|text| utf8_percent_encode(text, NON_ALPHANUMERIC));
    Ok(format!("{scheme}://{user}:{password}@{server}"))
}

/// A problem with the answers, in words that do not speak of variables.
pub(super) fn about_answers(reason: &str, answers: &Answers) -> String {
    answers.iter().fold(reason.to_owned(), |reason, (variable, _)| {
        let name = format!("environment variable {variable}");
        reason.replace(&format!("the {name}"), "the answer").replace(&name, "the answer")
    })
}

/// What to do when nothing gives a receiver.
pub(super) fn missing() -> String {
    let mut ways: Vec<String> = Vec::new();
    for entry in &MENU {
        let needed = entry.questions.iter().filter(|question| !question.is_optional);
        ways.push(needed.map(|question| question.variable).collect::<Vec<_>>().join(" and "));
    }
    format!(
        "nobody to notify: set {} (each also with _FILE, the path of a file), or give --no-receiver",
        ways.join("; or ")
    )
}

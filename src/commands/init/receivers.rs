//! The receivers: those that the environment gives, else one that the user chooses.
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
        advice: "Everyone who knows a topic at ntfy.sh can read it: choose a name that is hard to guess.",
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
            Question::plain(SMTP_URL, "Mail server: smtp.example.com:587, or smtps://… for TLS at once"),
            Question::plain("MINIMAX_WATCH_MAIL_FROM", "Sender, such as watch@example.com"),
            Question::plain("MINIMAX_WATCH_MAIL_TO", "Recipients, separated by commas"),
        ],
    },
];

/// Variables and their values.
pub(super) type Answers = Vec<(&'static str, String)>;

/// The variables that the menu asks for.
pub(super) fn variables() -> impl Iterator<Item = &'static str> {
    MENU.iter().flat_map(|entry| entry.questions).map(|question| question.variable)
}

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
pub(super) fn about_answers(reason: &str, answers: &[(&str, String)]) -> String {
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

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// The answers to the questions when these lines are typed, and what was shown.
    async fn typed(lines: &'static str) -> (anyhow::Result<Answers>, String) {
        let shown = Arc::new(Mutex::new(String::new()));
        let screen = Arc::clone(&shown);
        let mut dialogue =
            Dialogue::new(lines.as_bytes(), move |text: &str| screen.lock().unwrap().push_str(text), false);
        let answers = ask(&mut dialogue).await;
        let shown = shown.lock().unwrap().clone();
        (answers, shown)
    }

    #[tokio::test]
    async fn answers_are_the_variables_that_give_the_receiver() {
        for (lines, expected) in [
            (
                "0\n8\ntelegram\n1\n\n 12:key \n-100\n",
                "MINIMAX_WATCH_TELEGRAM_TOKEN=12:key MINIMAX_WATCH_TELEGRAM_CHAT_ID=-100",
            ),
            ("2\nhttps://ntfy.sh/a\n\n", "MINIMAX_WATCH_NTFY_URL=https://ntfy.sh/a"),
            (
                "5\nhttps://h.example/a\nwhsec_a\n",
                "MINIMAX_WATCH_WEBHOOK_URL=https://h.example/a MINIMAX_WATCH_WEBHOOK_SECRET=whsec_a",
            ),
            (
                "6\nmail.example:465\nme@example\np%w:/\nw@example\no@example",
                "MINIMAX_WATCH_SMTP_URL=smtps://me%40example:p%25w%3A%2F@mail.example:465 MINIMAX_WATCH_MAIL_FROM=w@example \
                 MINIMAX_WATCH_MAIL_TO=o@example",
            ),
            (
                "6\nsmtp://mail.example\n\nw@example\no@example\n",
                "MINIMAX_WATCH_SMTP_URL=smtp://mail.example MINIMAX_WATCH_MAIL_FROM=w@example MINIMAX_WATCH_MAIL_TO=o@example",
            ),
            ("7\n", ""),
        ] {
            let answers = typed(lines).await.0.unwrap();
            let answers = answers.iter().map(|(variable, value)| format!("{variable}={value}"));
            assert_eq!(answers.collect::<Vec<_>>().join(" "), expected, "{lines}");
        }
    }

    #[tokio::test]
    async fn a_dialogue_without_an_end_fails_and_its_lines_fit_a_terminal() {
        for lines in ["", "1\n", "1\n12:key\n", "6\nmail.example\n", "9\n9\n"] {
            let (answers, shown) = typed(lines).await;
            assert_eq!(answers.unwrap_err().to_string(), "the input has ended; nothing was changed");
            // A question has no line end behind it here: nothing was typed.
            let widest = shown.split(['\n']).flat_map(|line| line.split_inclusive(": ")).map(str::len).max();
            assert!(widest < Some(80), "{shown}");
        }
    }

    #[test]
    fn everything_that_can_be_given_is_named_when_nothing_is() {
        let missing = missing();
        for variable in MENU.iter().flat_map(|entry| entry.questions).filter(|question| !question.is_optional)
        {
            assert!(missing.contains(variable.variable), "{missing}");
        }
        assert!(missing.contains("--no-receiver"));
    }
}

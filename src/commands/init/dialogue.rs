//! Questions to a person, and the answers.
//!
//! Guarantees: waiting for an answer blocks nothing else, so a signal can end it; a secret is not shown while it is typed. Leaves what is
//! asked, and what an answer means, to the caller.

use std::io::{self, BufRead, BufReader, IsTerminal as _, Read as _};

use anyhow::Context;

use super::hidden_input::HiddenInput;
use crate::output;

/// Bytes of one answer.
const MAX_ANSWER: u64 = 64 << 10;

/// One dialogue with a person.
pub(super) struct Dialogue {
    /// Nothing while an answer is awaited.
    input: Option<Box<dyn BufRead + Send>>,
    show: Box<dyn FnMut(&str)>,
    is_terminal: bool,
}

impl Dialogue {
    /// A dialogue whose answers are the lines of `input`; `is_terminal` says whether it can hide what is typed.
    pub(super) fn new(
        input: impl BufRead + Send + 'static,
        show: impl FnMut(&str) + 'static,
        is_terminal: bool,
    ) -> Self {
        Self { input: Some(Box::new(input)), show: Box::new(show), is_terminal }
    }

    /// A dialogue in the terminal of this process, if it has one to read from and one to show the questions.
    pub(super) fn in_terminal() -> Option<Self> {
        let is_terminal = io::stdin().is_terminal() && io::stderr().is_terminal();
        is_terminal.then(|| Self::new(BufReader::new(io::stdin()), output::question, true))
    }

    /// Shows a text.
    pub(super) fn say(&mut self, text: &str) {
        (self.show)(&output::paragraph(text));
    }

    /// Shows what is wrong, apart from what was typed.
    pub(super) fn say_problem(&mut self, text: &str) {
        (self.show)("\n");
        self.say(text);
    }

    /// Shows a text as it is.
    pub(super) fn show(&mut self, text: &str) {
        (self.show)(text);
    }

    /// The answer to a question; an empty one counts as `default`.
    pub(super) async fn ask(&mut self, question: &str, default: Option<&str>) -> anyhow::Result<String> {
        let shown = default.map(|default| format!(" [{default}]")).unwrap_or_default();
        let answer = self.read_line(&format!("{question}{shown}: ")).await?;
        Ok(if answer.is_empty() { default.unwrap_or_default().to_owned() } else { answer })
    }

    /// The answer to a question that must be answered.
    pub(super) async fn ask_until_answered(&mut self, question: &str) -> anyhow::Result<String> {
        loop {
            let answer = self.ask(question, None).await?;
            if !answer.is_empty() {
                return Ok(answer);
            }
        }
    }

    /// As [`Self::ask`], for a secret.
    pub(super) async fn ask_hidden(&mut self, question: &str) -> anyhow::Result<String> {
        let hidden = self.is_terminal.then(HiddenInput::begin).transpose();
        let _hidden = hidden.context(
            "cannot hide what you type: give the secret in a variable (`minimax-watch init --help`)",
        )?;
        self.read_line(&format!("{question} (not shown): ")).await
    }

    async fn read_line(&mut self, question: &str) -> anyhow::Result<String> {
        loop {
            match String::from_utf8(self.read_bytes(question).await?) {
                Ok(line) => return Ok(line.trim().to_owned()),
                Err(_) => self.say_problem("The answer is not UTF-8."),
            }
        }
    }

    async fn read_bytes(&mut self, question: &str) -> anyhow::Result<Vec<u8>> {
        (self.show)(question);
        let mut input = self.input.take().context("the dialogue has ended")?;
        // Reading blocks until a line is typed.
        let reading = tokio::task::spawn_blocking(move || {
            let mut line = Vec::new();
            let read = input.by_ref().take(MAX_ANSWER).read_until(b'\n', &mut line);
            (input, read.map(|_| line))
        });
        let (input, line) = reading.await.context("cannot read the answer")?;
        self.input = Some(input);
        let line = line.context("cannot read the answer")?;
        anyhow::ensure!(!line.is_empty(), "the input has ended; nothing was changed");
        Ok(line)
    }
}

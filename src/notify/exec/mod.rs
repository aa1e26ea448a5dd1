//! `exec`: a program of the operator's gets the standard JSON on its standard input.
//!
//! Guarantees: no shell; a clean environment, with the variables of docs/receivers.md; a process group of its own, which is ended when the
//! time is up (TERM, and KILL after five seconds); at most 64 KiB of output are kept. Exit status 0 is a delivery, anything else is
//! temporary. The message is in no argument, which everybody on the machine can read. The output may hold secrets: it is quoted only for a
//! person at a terminal.

mod process;
#[cfg(test)]
mod tests;

use std::path::Path;

use super::attempt::Attempt;
use super::message::ChatText;
use super::probe::{ProbeError, ProbeResult};
use crate::config::{Exec, Receiver};
use crate::domain::message::{Message, MessageId};
use crate::domain::text::{one_line, shortened};
use process::{Ended, run};

/// Characters of output that an error quotes.
const MAX_QUOTED: usize = 120;

/// Bytes of text in a variable: the system limits one to 128 KiB.
const MAX_TEXT: usize = 16 * 1024;

/// Runs the program once with `body`, the standard JSON of a message.
pub(super) async fn send(
    exec: &Exec,
    receiver: &Receiver,
    id: &MessageId,
    body: &[u8],
    is_quoted: bool,
) -> Attempt {
    let Ok(message) = serde_json::from_slice::<Message>(body) else {
        return Attempt::Final { error: "the stored message cannot be read".to_owned() };
    };
    let variables = match variables(&message, receiver, id) {
        Ok(variables) => variables,
        Err(error) => return Attempt::Final { error: format!("the message cannot be rendered: {error}") },
    };
    let name = Path::new(&exec.program).file_name().unwrap_or_default().to_string_lossy();
    let name = one_line(&name);
    let error = match run(exec, &variables, body).await {
        Ok(Ended { status, .. }) if status.success() => return Attempt::Delivered,
        Ok(Ended { status, output }) => {
            let error = format!("{name} ended with {status}");
            let last = output.lines().map(one_line).rfind(|line| !line.is_empty()).filter(|_| is_quoted);
            last.map_or_else(|| error.clone(), |line| format!("{error}: {}", shortened(&line, MAX_QUOTED)))
        }
        Err(error) => format!("{name} {error}"),
    };
    Attempt::deferred(error)
}

/// What a short program needs without parsing JSON.
fn variables(
    message: &Message,
    receiver: &Receiver,
    id: &MessageId,
) -> Result<Vec<(&'static str, String)>, super::RenderError> {
    let chat = ChatText::new(message, receiver)?;
    let bytes = |line: &super::message::Line| line.iter().map(|span| span.text.len()).sum::<usize>() + 1;
    let kind = serde_json::to_value(message.kind)?;
    Ok(vec![
        ("MINIMAX_WATCH_MESSAGE_ID", id.as_str().to_owned()),
        ("MINIMAX_WATCH_TYPE", kind.as_str().unwrap_or_default().to_owned()),
        ("MINIMAX_WATCH_SEVERITY", message.data.severity.as_str().to_owned()),
        ("MINIMAX_WATCH_RECEIVER", message.data.receiver.as_str().replace('\0', "")),
        ("MINIMAX_WATCH_TITLE", chat.title.clone()),
        ("MINIMAX_WATCH_TEXT", ChatText::plain(&chat.lines_within(MAX_TEXT, bytes))),
    ])
}

/// Whether the program is there; it is not run.
pub(super) fn probe(exec: &Exec) -> ProbeResult {
    let found = nix::unistd::access(Path::new(&exec.program), nix::unistd::AccessFlags::X_OK);
    let result =
        found.map(|()| "the program is there and may be run".to_owned()).map_err(|error| ProbeError {
            message: format!("{} cannot be run: {}", exec.program, error.desc()),
            hint: "Install it, correct the path, or make it executable for the user of the service."
                .to_owned(),
        });
    let action = "look at the program, without running it".to_owned();
    ProbeResult { address: exec.program.clone(), action, result }
}

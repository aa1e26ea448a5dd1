//! What `init` wrote, for people, and the next step.

use std::fmt::Write as _;

use super::target::Target;
use crate::config::{self, Environment};
use crate::domain::text;
use crate::output;
use crate::report::InitReport;

pub(super) fn render(report: &InitReport, target: &Target, environment: &Environment) -> String {
    let mut text = "Written, readable by you only:\n".to_owned();
    for file in std::iter::once(&report.file).chain(&report.secret_files) {
        let _ = writeln!(text, "  {}", text::printable(file));
    }
    let _ = write!(text, "\n{}", output::paragraph(&watched(report)));
    text.push_str(&output::paragraph(&notified(report)));
    let unneeded = variables(environment);
    if !unneeded.is_empty() {
        let verb = if unneeded.len() == 1 { "is" } else { "are" };
        let unneeded = text::names(unneeded);
        text.push_str(&output::paragraph(&format!(
            "{unneeded} {verb} no longer needed in the environment: the files say it."
        )));
    }
    let program = if target.is_named {
        format!("minimax-watch --config {}", for_shell(&report.file))
    } else {
        "minimax-watch".to_owned()
    };
    let _ = write!(
        text,
        "\nNext:\n  {program} check   # one run: checks the accounts, and sends what is due\n  {program} run     # the service; docs/service.md: systemd, cron, containers\n"
    );
    text
}

fn watched(report: &InitReport) -> String {
    let names = text::first_few(report.accounts.iter().map(|account| text::name(&account.name)), 10);
    match (names.is_empty(), report.discover) {
        (true, _) => "Watched: every account that the API lists.".to_owned(),
        (false, true) => format!("Watched: {names}, and every other account that the API lists."),
        (false, false) => format!("Watched: {names}."),
    }
}

fn notified(report: &InitReport) -> String {
    if report.receivers.is_empty() {
        return "Notified: nobody. Only `status` and the exit status of `check` report alerts.".to_owned();
    }
    let names = text::names(report.receivers.iter().map(|receiver| receiver.name.as_str()));
    let is_tested = report.receivers.iter().all(|receiver| receiver.tested.is_some());
    let test = if is_tested {
        "It took a test message"
    } else {
        "No test message was sent: `minimax-watch notify test` sends one"
    };
    let test = if is_tested && report.receivers.len() > 1 { "Each took a test message" } else { test };
    format!("Notified: {names}. {test}.")
}

/// The variables whose values are in the files now.
fn variables(environment: &Environment) -> Vec<&str> {
    let names = environment.iter().filter(|(_, value)| !value.is_empty()).map(|(name, _)| name);
    let is_value = |name: &&str| {
        let is_receiver = name.starts_with("MINIMAX_WATCH_") && !name.starts_with("MINIMAX_WATCH__");
        is_receiver && *name != config::FILE_VARIABLE || name.starts_with("USEAPI_TOKEN")
    };
    names.filter(is_value).collect()
}

/// `text` as one word of a shell.
fn for_shell(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./+:@%".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

//! What `init` wrote, for people, and the next step.

use std::fmt::Write as _;
use std::path::Path;

use super::receivers;
use super::secret_files::SECRET_FOLDER;
use super::target::Target;
use super::token;
use crate::config::Environment;
use crate::domain::text;
use crate::output;
use crate::report::InitReport;

pub(super) fn render(report: &InitReport, target: &Target, environment: &Environment) -> String {
    let is_in_folder =
        |file: &String| Path::new(file).parent().is_some_and(|folder| folder.ends_with(SECRET_FOLDER));
    let what = if report.secret_files.iter().any(is_in_folder) { "Written, the secrets" } else { "Written," };
    let mut text = format!("{what} readable by you only:\n");
    for file in std::iter::once(&report.file).chain(&report.secret_files) {
        let _ = writeln!(text, "  {}", text::printable(file));
    }
    let _ = write!(text, "\n{}", output::paragraph(&watched(report)));
    text.push_str(&output::paragraph(&notified(report, environment)));
    let unneeded = variables(environment, report);
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
        "\nNext:\n  {program} check   # one run: checks the accounts, and sends what is due\n  {program} run     # the service; docs/service.md: systemd and cron, docs/install.md: containers\n"
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

fn notified(report: &InitReport, environment: &Environment) -> String {
    if report.receivers.is_empty() {
        let set = environment.iter().filter(|(_, value)| !value.is_empty()).map(|(name, _)| name);
        let others: Vec<&str> = set.filter(gives_receiver).collect();
        if !others.is_empty() {
            let others = text::names(others);
            return format!("Notified by the file: nobody. The environment still adds receivers: {others}.");
        }
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

/// Whether the variable is one of those that give a receiver.
fn gives_receiver(name: &&str) -> bool {
    let name = name.strip_suffix("_FILE").unwrap_or(name);
    receivers::variables().any(|one| one == name)
}

/// The variables whose values are in the files now.
fn variables<'e>(environment: &'e Environment, report: &InitReport) -> Vec<&'e str> {
    let names = environment.iter().filter(|(_, value)| !value.is_empty()).map(|(name, _)| name);
    let is_written = |name: &&str| {
        let is_receiver = !report.receivers.is_empty() && gives_receiver(name);
        let name = name.strip_suffix("_FILE").unwrap_or(name);
        is_receiver || [token::VARIABLE, "MINIMAX_WATCH_HEARTBEAT_URL"].contains(&name)
    };
    names.filter(is_written).collect()
}

/// `text` as one word of a shell.
fn for_shell(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./+:@%".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn only_variables_whose_values_are_in_the_files_are_called_unneeded() {
        let environment: Environment = [
            ("USEAPI_TOKEN", "user:1-a"),
            ("MINIMAX_WATCH_NTFY_URL_FILE", "ntfy"),
            ("MINIMAX_WATCH_SLACK_URL", ""),
            ("MINIMAX_WATCH_PORT", "tcp://10.0.0.1:80"),
            ("MINIMAX_WATCH_CONFIG", "a.toml"),
            ("MINIMAX_WATCH__API__BASE_URL", "http://127.0.0.1:8"),
        ]
        .into_iter()
        .collect();
        let mut report = InitReport {
            generated_at: DateTime::UNIX_EPOCH,
            file: "a.toml".to_owned(),
            secret_files: Vec::new(),
            accounts: Vec::new(),
            discover: true,
            receivers: Vec::new(),
            warnings: Vec::new(),
        };
        assert_eq!(variables(&environment, &report), ["USEAPI_TOKEN"]);
        report.receivers.push(crate::report::InitReceiver {
            name: crate::domain::account::ReceiverName::new("ntfy"),
            kind: "ntfy",
            tested: None,
        });
        assert_eq!(variables(&environment, &report), ["MINIMAX_WATCH_NTFY_URL_FILE", "USEAPI_TOKEN"]);
    }

    #[test]
    fn a_path_is_one_word_of_a_shell() {
        for (path, word) in
            [("new/a.toml", "new/a.toml"), ("a b", "'a b'"), ("it's", r"'it'\''s'"), ("$x", "'$x'")]
        {
            assert_eq!(for_shell(path), word);
        }
    }
}

//! Every command's manners: whatever stands around it, it ends with a sensible status and a word, and never panics.
//!
//! The commands are those that `--help` lists, so that a new one is covered by itself; what they are given are the
//! examples of their own help.

use std::process::Command;

use crate::stage::PROGRAM;

fn help(words: &[String]) -> String {
    let output = Command::new(PROGRAM).args(words).arg("--help").output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{words:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The words of every command, those of commands within commands included; the first is the program's own, without any.
pub(crate) fn commands() -> Vec<Vec<String>> {
    let (mut found, mut left) = (Vec::new(), vec![Vec::new()]);
    while let Some(words) = left.pop() {
        let text = help(&words);
        let listed = text.split("\nCommands:\n").nth(1).unwrap_or_default();
        let entries = listed.lines().take_while(|line| !line.is_empty());
        let names = entries.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
        for name in names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help") {
            left.push([words.as_slice(), &[name.to_owned()]].concat());
        }
        found.push(words);
    }
    found
}

//! `completions` and `man`: the shells accept the completions, and man renders the pages.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::cli_conventions::commands;
use crate::setup::{PROGRAM, Setup};

fn output(arguments: &[&str]) -> String {
    let output = Command::new(PROGRAM).args(arguments).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Whether `program` accepts `file` without any message; `None` where it is not installed.
fn is_accepted_by(program: &str, arguments: &[&str], file: &Path) -> Option<bool> {
    let output = Command::new(program).args(arguments).arg(file).env("LC_ALL", "C.UTF-8").output().ok()?;
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(words, "", "{program} {}", file.display());
    Some(output.status.success())
}

#[tokio::test(flavor = "multi_thread")]
async fn completions_are_valid_for_their_shell_and_name_every_command() {
    let setup = Setup::open().await;
    for (shell, program, arguments) in
        [("bash", "bash", &["-n"][..]), ("zsh", "zsh", &["-n"]), ("fish", "fish", &["--no-execute"])]
    {
        let script = output(&["completions", shell]);
        let file = setup.path(shell);
        fs::write(&file, &script).unwrap();
        let accepted = is_accepted_by(program, arguments, &file);
        assert!(accepted.is_none_or(|accepted| accepted), "{shell}");
        assert!(accepted.is_some() || shell != "bash", "bash is everywhere");
        for name in commands().iter().flatten() {
            assert!(script.contains(name.as_str()), "{shell} does not know `{name}`");
        }
        assert!(script.contains("--dry-run") || script.contains("dry-run"), "{shell} knows options");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bash_completes_subcommands() {
    let script = "eval \"$(\"$1\" completions bash)\"; COMP_WORDS=(minimax-watch silence ''); COMP_CWORD=2; \
                  COMPREPLY=(); _minimax__watch minimax-watch '' silence; echo \"${COMPREPLY[@]}\"";
    let output = Command::new("bash").args(["-c", script, "bash", PROGRAM]).output().unwrap();
    let words = String::from_utf8(output.stdout).unwrap();
    for word in ["add", "list", "end"] {
        assert!(words.split_whitespace().any(|known| known == word), "{words}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_has_a_man_page_that_renders_without_warnings() {
    let setup = Setup::open().await;
    let written = setup.run(&["man", "--folder", "share/man1"]);
    assert_eq!((written.status, written.err.as_str()), (Some(0), ""));
    let folder = setup.path("share/man1");
    let expected: BTreeSet<String> = commands()
        .iter()
        .map(|words| format!("{}.1", [&["minimax-watch".to_owned()], words.as_slice()].concat().join("-")))
        .collect();
    let names = fs::read_dir(&folder).unwrap().map(|page| page.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.collect::<BTreeSet<_>>(), expected);
    assert!(written.out.ends_with(&format!(": {} man pages\n", expected.len())), "{}", written.out);
    for name in &expected {
        let page = folder.join(name);
        let roff = fs::read_to_string(&page).unwrap();
        let bare = name.trim_end_matches(".1").replace('-', "\\-");
        assert!(roff.starts_with(".ie") && roff.contains(&bare), "{name}:\n{roff}");
        assert!(roff.contains("Example") || roff.contains("Begin with"), "{name} has no example");
        is_accepted_by("groff", &["-man", "-Tutf8", "-Kutf8", "-ww", "-z"], &page);
    }
    assert_eq!(output(&["man"]), fs::read_to_string(folder.join("minimax-watch.1")).unwrap());
    assert_eq!(setup.run(&["man", "--folder", "share/man1"]).status, Some(0), "a package can be built again");
    let failed = setup.run(&["man", "--folder", "token"]);
    assert_eq!((failed.status, failed.out.as_str()), (Some(3), ""));
    assert!(failed.err.contains("cannot write token: "), "{}", failed.err);
}

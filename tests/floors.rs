//! The floors hold: imports point down only, rooms of one floor never import each other, and some crates stay in
//! their rooms (ARCHITECTURE.md, "Floors").

#![expect(clippy::unwrap_used, reason = "a source tree that cannot be read is a failed test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Which of the crate's own rooms a room may name besides itself.
const FLOORS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("config", &["domain"]),
    ("store", &["domain", "config"]),
    ("api", &["domain", "config"]),
    ("notify", &["domain", "config"]),
    ("simulator", &["domain", "config"]),
    ("engine", &["domain", "config", "store", "api", "notify"]),
];

/// The shell may name everything.
const SHELL: &[&str] = &[
    "main",
    "lib",
    "cli",
    "clock",
    "telemetry",
    "os_limits",
    "report",
    "setup",
    "output",
    "demo",
    "commands",
    "daemon",
    "web",
];

/// Crates, and the rooms that may name them. A crate not listed may be used everywhere.
const CRATES: &[(&str, &[&str])] = &[
    ("sqlx", &["store"]),
    ("reqwest", &["api", "notify"]),
    ("lettre", &["config", "notify"]),
    ("axum", &["simulator", "web"]),
    ("minijinja", &["notify"]),
    ("clap", &["cli", "main"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("anyhow", &["commands", "daemon", "demo", "output", "setup"]),
    ("indicatif", &["output"]),
    ("comfy_table", &["output"]),
];

/// What rules may not touch: the outside world.
const NOT_IN_DOMAIN: &[&str] = &[
    "tokio",
    "tracing",
    "config",
    "secrecy",
    "std::env",
    "std::fs",
    "std::net",
    "std::process",
    "std::io",
    "SystemTime",
    "Instant",
];

struct Source {
    room: String,
    path: PathBuf,
    code: String,
}

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

/// Every source file of the crate, tests beside the code left out: they may use any room to prove theirs.
fn code() -> Vec<Source> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    sources(&src, &mut paths);
    let is_test = |path: &PathBuf| {
        path.components().any(|part| part.as_os_str() == "tests")
            || path
                .file_stem()
                .is_some_and(|stem| stem == "tests" || stem.to_string_lossy().ends_with("_tests"))
    };
    paths
        .into_iter()
        .filter(|path| !is_test(path))
        .map(|path| {
            let inner = path.strip_prefix(&src).unwrap();
            let room = inner
                .components()
                .next()
                .unwrap()
                .as_os_str()
                .to_string_lossy()
                .trim_end_matches(".rs")
                .to_owned();
            let text = fs::read_to_string(&path).unwrap();
            let text = text.split("#[cfg(test)]").next().unwrap();
            let code = text
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .collect::<Vec<_>>()
                .join("\n");
            Source { room, path, code }
        })
        .collect()
}

/// The names that follow `prefix` in `code`, those of `prefix::{a, b::{c}}` included.
fn named(code: &str, prefix: &str) -> BTreeSet<String> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let first = |text: &str| text.trim_start().chars().take_while(|c| is_word(*c)).collect::<String>();
    let mut names = BTreeSet::new();
    for (at, _) in code.match_indices(prefix) {
        if code[..at].chars().next_back().is_some_and(is_word) {
            continue;
        }
        match code[at + prefix.len()..].strip_prefix('{') {
            Some(group) => names.extend(members(group).iter().map(|member| first(member))),
            None => {
                names.insert(first(&code[at + prefix.len()..]));
            }
        }
    }
    names.remove("");
    names
}

/// The members of a group of imports, from behind its opening brace.
fn members(group: &str) -> Vec<String> {
    let mut depth = 0;
    let mut members = vec![String::new()];
    for c in group.chars() {
        match c {
            '}' if depth == 0 => break,
            ',' if depth == 0 => members.push(String::new()),
            _ => {
                depth += i32::from(c == '{') - i32::from(c == '}');
                members.last_mut().unwrap().push(c);
            }
        }
    }
    members
}

#[test]
fn imports_point_down_only() {
    let rooms: BTreeSet<&str> = FLOORS.iter().map(|(room, _)| *room).chain(SHELL.iter().copied()).collect();
    let mut wrong = Vec::new();
    for Source { room, path, code } in code() {
        assert!(rooms.contains(room.as_str()), "{}: the room `{room}` has no floor yet", path.display());
        let Some((_, allowed)) = FLOORS.iter().find(|(name, _)| *name == room) else { continue };
        for name in named(&code, "crate::") {
            if rooms.contains(name.as_str()) && name != room && !allowed.contains(&name.as_str()) {
                wrong.push(format!("{}: `{room}` names `{name}`", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn crates_stay_in_their_rooms() {
    let mut wrong = Vec::new();
    for Source { room, path, code } in code() {
        for (name, rooms) in CRATES {
            let used = code.contains(&format!("{name}::")) && !named(&code, &format!("{name}::")).is_empty();
            let own = code.contains(&format!("crate::{name}::"));
            if used && !own && !rooms.contains(&room.as_str()) {
                wrong.push(format!("{}: `{name}` is not for `{room}`", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn rules_touch_nothing_outside() {
    let mut wrong = Vec::new();
    for Source { room, path, code } in code() {
        for name in NOT_IN_DOMAIN {
            if room == "domain" && code.contains(&format!("{name}::")) {
                wrong.push(format!("{}: `{name}` in a rule", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_reader_of_imports_sees_groups_and_paths() {
    let code =
        "use crate::{store::Store, api, domain::{a, b}};\nlet x = crate::notify::Sender;\nuse mycrate::web;";
    let expected = ["api", "domain", "notify", "store"].map(String::from);
    assert_eq!(named(code, "crate::"), BTreeSet::from(expected));
}

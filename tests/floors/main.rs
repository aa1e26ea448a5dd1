//! The structure of the source holds: imports point down the floors, rooms of one floor never import each other, some
//! crates stay in their rooms (ARCHITECTURE.md, "Floors"), and no files import from each other in a circle.

#![expect(clippy::unwrap_used, reason = "a source tree that cannot be read is a failed test")]

mod circles;
mod imports;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use imports::{File, imports};

/// The rooms that a room may import besides itself.
const FLOORS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("trust", &[]),
    ("config", &["domain"]),
    ("store", &["domain", "config"]),
    ("api", &["domain", "config", "trust"]),
    ("notify", &["domain", "config", "trust"]),
    ("simulator", &["domain", "config"]),
    ("engine", &["domain", "config", "store", "api", "notify"]),
];

/// The shell may import everything.
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

/// Crates, and the only rooms that may use them. A crate that is not listed may be used everywhere.
const CRATES: &[(&str, &[&str])] = &[
    ("sqlx", &["store"]),
    ("reqwest", &["api", "notify", "trust"]),
    ("lettre", &["config", "notify"]),
    ("axum", &["simulator", "web"]),
    ("minijinja", &["commands", "notify", "web"]),
    ("clap", &["cli", "main"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("anyhow", &["commands", "daemon", "demo", "output", "setup"]),
    ("indicatif", &["output"]),
    ("comfy_table", &["output"]),
];

/// What the rules in `domain` may not touch: the outside world.
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

fn rust_files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

/// Every source file by its path in `src`. Files of tests are left out: they may use any room.
fn production_files() -> Vec<File> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    rust_files(&src, &mut paths);
    let is_test = |path: &Path| {
        path.components().any(|part| part.as_os_str() == "tests")
            || path
                .file_stem()
                .is_some_and(|stem| stem == "tests" || stem.to_string_lossy().ends_with("_tests"))
    };
    let inner = paths.iter().map(|path| path.strip_prefix(&src).unwrap());
    let mut files: Vec<File> = inner
        .filter(|path| !is_test(path))
        .map(|path| File::parse(path.to_str().unwrap(), &fs::read_to_string(src.join(path)).unwrap()))
        .collect();
    files.sort_by(|one, other| one.path.cmp(&other.path));
    files
}

fn assert_none(wrong: &BTreeSet<String>) {
    assert!(wrong.is_empty(), "{}", wrong.iter().cloned().collect::<Vec<_>>().join("\n"));
}

#[test]
fn imports_point_down_only() {
    let rooms: BTreeSet<&str> = FLOORS.iter().map(|(room, _)| *room).chain(SHELL.iter().copied()).collect();
    let files = production_files();
    let edges = imports(&files);
    let mut wrong = BTreeSet::new();
    for (file, imports) in files.iter().zip(&edges) {
        let room = file.room();
        assert!(rooms.contains(room), "{}: add the room `{room}` to a floor", file.path);
        let Some((_, allowed)) = FLOORS.iter().find(|(name, _)| *name == room) else { continue };
        // Both by the path as it is written and by the file in which it ends.
        let paths = file.paths();
        let written = paths.iter().filter(|path| path[0] == "crate").filter_map(|path| path.get(1));
        let resolved = imports.keys().map(|target| files[*target].room());
        for name in written.map(String::as_str).chain(resolved) {
            if rooms.contains(name) && name != room && !allowed.contains(&name) {
                wrong.insert(format!("{}: `{room}` imports `{name}`", file.path));
            }
        }
    }
    assert_none(&wrong);
}

#[test]
fn crates_stay_in_their_rooms() {
    let mut wrong = BTreeSet::new();
    for file in production_files() {
        for path in file.paths() {
            for (name, rooms) in CRATES {
                if path[0] == *name && !rooms.contains(&file.room()) {
                    wrong.insert(format!("{}: `{}` may not use `{name}`", file.path, file.room()));
                }
            }
        }
    }
    assert_none(&wrong);
}

#[test]
fn domain_does_not_touch_the_outside_world() {
    let mut wrong = BTreeSet::new();
    for file in production_files().iter().filter(|file| file.room() == "domain") {
        for path in file.paths() {
            let path = format!("::{}::", path.join("::"));
            for name in NOT_IN_DOMAIN.iter().filter(|name| path.contains(&format!("::{name}::"))) {
                wrong.insert(format!("{}: `{name}` in a rule", file.path));
            }
        }
    }
    assert_none(&wrong);
}

#[test]
fn paths_are_read_from_groups_and_from_code_but_not_from_texts() {
    let text = "use crate::{store::Store, api, domain::{a, b as c}};\nuse std::io as files;\n\
                fn f() -> crate::notify::Sender { other::f(\"crate::web::x\", 'c', r#\"crate::y\"#) } // crate::z";
    let paths: BTreeSet<String> =
        File::parse("config/file.rs", text).paths().iter().map(|path| path.join("::")).collect();
    let expected = [
        "crate::api",
        "crate::domain::a",
        "crate::domain::b",
        "crate::notify::Sender",
        "crate::store::Store",
        "other::f",
        "std::io",
    ];
    assert_eq!(paths, expected.map(String::from).into());
}

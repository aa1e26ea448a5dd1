//! The generated files in `packaging` are up to date, and the systemd units agree with each other and with their documentation.
//!
//! After a change of a command, an option or the documented configuration, `cargo test --locked --test packaging -- --ignored`
//! writes `packaging` again.

#![expect(clippy::unwrap_used, reason = "a file that cannot be read is a failed test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const UNITS: [&str; 3] = ["minimax-watch.service", "minimax-watch@.service", "minimax-watch-check.service"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

fn program(arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(env!("CARGO_BIN_EXE_minimax-watch")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    output.stdout
}

/// Where the package has the schema of the configuration.
const SCHEMA: &str = "/usr/share/minimax-watch/minimax-watch.schema.json";

/// The documented configuration for a service: the schema and secrets in their folders, and a store path that a shell finds too.
fn configuration() -> String {
    let documented = read("config/minimax-watch.toml");
    let store = "#path = \"minimax-watch.db\"";
    assert!(documented.contains(store) && documented.contains("token_file = \"useapi-token\""));
    let (folder, file) = SCHEMA.rsplit_once('/').unwrap();
    let asset = format!("[\"config/{file}\", \"{}/\", ", folder.trim_start_matches('/'));
    assert!(read("Cargo.toml").contains(&asset), "{asset}");
    let schema = format!("#:schema ./{file}\n");
    assert!(documented.starts_with(&schema) && root().join("config").join(file).is_file());
    documented
        .replace(&schema, &format!("#:schema {SCHEMA}\n"))
        .replace("_file = \"", "_file = \"secrets/")
        .replace("{ file = \"", "{ file = \"secrets/")
        .replace(store, "# Set explicitly, so that commands in a shell find the service's store. minimax-watch@NAME has a store of its own.\npath = \"/var/lib/minimax-watch/minimax-watch.db\"")
}

/// The content of every generated file, by its path.
fn generated_files() -> BTreeMap<PathBuf, Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    program(&["man", "--folder", folder.path().to_str().unwrap()]);
    let pages = fs::read_dir(folder.path()).unwrap().map(|page| page.unwrap().path());
    let mut generated_files: BTreeMap<PathBuf, Vec<u8>> = pages
        .map(|page| (Path::new("packaging/man").join(page.file_name().unwrap()), fs::read(&page).unwrap()))
        .collect();
    for (shell, file) in
        [("bash", "minimax-watch.bash"), ("zsh", "_minimax-watch"), ("fish", "minimax-watch.fish")]
    {
        generated_files
            .insert(Path::new("packaging/completions").join(file), program(&["completions", shell]));
    }
    generated_files.insert("packaging/minimax-watch.toml".into(), configuration().into_bytes());
    generated_files
}

#[test]
fn generated_files_are_up_to_date() {
    let generated_files = generated_files();
    for (path, content) in &generated_files {
        let written = fs::read(root().join(path)).unwrap_or_default();
        assert!(written == *content, "{} is out of date (see the head of this test)", path.display());
    }
    for folder in ["packaging/man", "packaging/completions"] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let path = Path::new(folder).join(entry.unwrap().file_name());
            assert!(generated_files.contains_key(&path), "{} is not a generated file", path.display());
        }
    }
}

#[test]
#[ignore = "writes packaging"]
fn write() {
    for folder in ["packaging/man", "packaging/completions"] {
        fs::remove_dir_all(root().join(folder)).unwrap();
        fs::create_dir_all(root().join(folder)).unwrap();
    }
    for (path, content) in generated_files() {
        fs::write(root().join(path), content).unwrap();
    }
}

#[test]
fn packaged_configuration_is_valid() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("secrets")).unwrap();
    let secret = folder.path().join("secrets/useapi-token");
    fs::write(&secret, "user:1234-abcdefgh\n").unwrap();
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(&secret, private).unwrap();
    let path = folder.path().join("minimax-watch.toml");
    fs::write(&path, read("packaging/minimax-watch.toml")).unwrap();
    let shown = program(&["--config", path.to_str().unwrap(), "config", "show"]);
    let shown = String::from_utf8(shown).unwrap();
    assert!(shown.contains("path = \"/var/lib/minimax-watch/minimax-watch.db\""), "{shown}");
}

#[test]
fn every_unit_has_the_same_hardening() {
    let hardening = |unit: &str| {
        let text = read(&format!("systemd/{unit}"));
        let (_, lines) = text.split_once("# Hardening:").unwrap();
        lines.split("\n[").next().unwrap().trim().to_owned()
    };
    let whole = hardening(UNITS[0]);
    assert!(whole.contains("\nDynamicUser=yes\n") && whole.contains("\nSystemCallFilter="), "{whole}");
    for unit in UNITS {
        assert_eq!(hardening(unit), whole, "{unit}");
    }
}

#[test]
fn every_hardening_directive_is_documented() {
    let documented = read("docs/hardening.md");
    for unit in UNITS {
        let unit = read(&format!("systemd/{unit}"));
        for line in unit.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase())) {
            let key = line.split('=').next().unwrap();
            let general = ["Description", "Documentation", "ExecStart", "Type", "WantedBy"];
            assert!(general.contains(&key) || documented.contains(&format!("`{key}=")), "{key}");
        }
    }
}

#[test]
fn instance_unit_differs_from_the_service_only_in_its_paths() {
    let directives = |unit: &str| {
        let text = read(&format!("systemd/{unit}"));
        let own = ["#", "Description=", "User="];
        let lines =
            text.lines().filter(|line| !line.is_empty() && !own.iter().any(|own| line.starts_with(own)));
        lines.map(str::to_owned).collect::<Vec<_>>().join("\n")
    };
    let instance = directives("minimax-watch@.service");
    let plain =
        instance.replace("minimax-watch/%i", "minimax-watch").replace("minimax-watch@%i", "minimax-watch");
    assert_eq!(plain, directives("minimax-watch.service"));
}

#[test]
fn package_has_this_version_and_every_unit() {
    let changelog = read("packaging/debian/changelog");
    let version = format!("minimax-watch ({}-1)", env!("CARGO_PKG_VERSION"));
    assert!(changelog.starts_with(&version), "{}", changelog.lines().next().unwrap());
    let manifest = read("Cargo.toml");
    for unit in fs::read_dir(root().join("systemd")).unwrap() {
        let unit = unit.unwrap().file_name().into_string().unwrap();
        // cargo-deb finds the service's own units by their name.
        let is_packaged =
            UNITS[..2].contains(&unit.as_str()) || manifest.contains(&format!("[\"systemd/{unit}\", "));
        assert!(is_packaged, "{unit}");
    }
}

#[test]
fn compose_passes_the_variables_of_every_receiver_on() {
    let compose = read("compose.yaml");
    let (_, variables) = compose.split_once("    environment:\n").unwrap();
    let (variables, _) = variables.split_once("    volumes:\n").unwrap();
    let passed: Vec<&str> = variables
        .lines()
        .filter_map(|line| line.trim().strip_suffix(':'))
        .filter(|name| !name.contains(' '))
        .collect();
    let receivers = read("docs/receivers.md");
    let (_, section) = receivers.split_once("## By environment alone\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let documented: Vec<&str> =
        rows.flat_map(|row| row.split('`')).filter(|word| word.starts_with("MINIMAX_WATCH_")).collect();
    let expected: Vec<&str> = documented.into_iter().chain(["MINIMAX_WATCH_HEARTBEAT_URL"]).collect();
    assert_eq!(passed, expected);
}

/// `Containerfile` copies what `.dockerignore` lets through; no test builds with its compiler, since that comes from a registry.
#[test]
fn image_is_built_from_all_that_the_program_is_built_from() {
    let ignored = read(".dockerignore");
    let copied: BTreeSet<&str> = ignored.lines().filter_map(|line| line.strip_prefix('!')).collect();
    let manifest = read("Cargo.toml");
    let targets = manifest.lines().filter_map(|line| line.strip_prefix("path = \"")).map(first_folder);
    let sources = rust_sources(&root().join("src")).join("\n");
    let included =
        sources.split("include_str!(\"").skip(1).map(|path| first_folder(path.trim_start_matches("../")));
    let included = included.filter(|name| root().join(name).exists());
    let named = ["Cargo.toml", "Cargo.lock", "build.rs", "src", "packaging", "examples"];
    for name in named.into_iter().chain(targets).chain(included) {
        assert!(copied.contains(name), "{name} is missing in .dockerignore");
        assert!(root().join(name).exists(), "{name}");
    }
}

fn first_folder(path: &str) -> &str {
    path.split('/').next().unwrap()
}

/// The text of each Rust file in `folder`.
fn rust_sources(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| match path.extension() {
            _ if path.is_dir() => rust_sources(&path),
            Some(extension) if extension == "rs" => vec![fs::read_to_string(path).unwrap()],
            _ => Vec::new(),
        })
        .collect()
}

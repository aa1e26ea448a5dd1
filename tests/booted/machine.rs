//! A small Debian tree, booted in a container: its own systemd, journal and packages. It shares this machine's network, so that
//! the vendor and the receivers can run outside. Its changes are discarded when it ends.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// The packages of the tree besides the essential ones: what a server has anyway, and the package's dependencies.
const PACKAGES: &str = "systemd,dbus,man-db,ca-certificates,init-system-helpers,apt";

/// A limit for what a booted machine does at once when it is not busy.
const TIMEOUT: Duration = Duration::from_mins(3);

/// The result of a command inside.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: Option<i32>,
    /// Its stdout and stderr.
    pub(crate) text: String,
}

/// The booted tree; dropping it stops it.
pub(crate) struct Machine {
    container: Child,
    /// The pid of its first process, outside of the container.
    leader: u32,
}

impl Machine {
    /// Boots a tree of that Debian release in `folder`, and creates the tree if it does not exist.
    pub(crate) fn boot(folder: &Path, suite: &str) -> Result<Self, String> {
        let tree = tree(folder, suite)?;
        let container = Command::new("systemd-nspawn")
            .args([
                "--quiet",
                "--register=no",
                "--keep-unit",
                "--link-journal=no",
                "--volatile=overlay",
                "--boot",
            ])
            .arg("--machine=booted")
            .arg(format!("--directory={}", tree.display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(folder.join("nspawn.txt")).map_err(|error| error.to_string())?)
            .spawn()
            .map_err(|error| format!("systemd-nspawn: {error}"))?;
        let mut machine = Self { container, leader: 0 };
        machine.leader = eventually("a first process", || child_of(machine.container.id()))?;
        eventually("a booted system", || {
            let state = machine.run(&["systemctl", "is-system-running"]);
            // Another unit of the tree may fail in a container; that does not matter here.
            matches!(state.text.trim(), "running" | "degraded").then_some(())
        })?;
        Ok(machine)
    }

    /// The path outside of an absolute `path` inside.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root{path}", self.leader))
    }

    /// Writes a file inside.
    pub(crate) fn write(&self, path: &str, content: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Runs a command inside as root, in `/srv`.
    pub(crate) fn run(&self, command: &[&str]) -> Ended {
        let output = Command::new("nsenter")
            .args(["--target", &self.leader.to_string(), "--all", "--wdns=/srv", "--", "env", "-i"])
            .args([
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                "HOME=/srv",
                "LANG=C.UTF-8",
            ])
            .args(["DEBIAN_FRONTEND=noninteractive", "SYSTEMD_PAGER=cat", "SYSTEMD_COLORS=0", "TERM=dumb"])
            .args(command)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        Ended::of(&output)
    }

    /// Runs a line of shell inside.
    pub(crate) fn sh(&self, line: &str) -> Ended {
        self.run(&["sh", "-c", line])
    }

    /// Runs a command inside that must succeed; returns its output.
    pub(crate) fn must(&self, command: &[&str]) -> Result<String, String> {
        let ended = self.run(command);
        if ended.status == Some(0) {
            Ok(ended.text)
        } else {
            Err(format!("`{}` ended with {:?}:\n{}", command.join(" "), ended.status, ended.text))
        }
    }

    /// A property of a unit.
    pub(crate) fn property(&self, unit: &str, name: &str) -> String {
        self.run(&["systemctl", "show", unit, "--value", "--property", name]).text.trim().to_owned()
    }

    /// The journal of a unit, without times.
    pub(crate) fn journal(&self, unit: &str) -> String {
        self.run(&["journalctl", "--no-pager", "--output=cat", "--unit", unit]).text
    }

    /// The pid of a service, outside of the container.
    pub(crate) fn process_outside(&self, unit: &str) -> Option<String> {
        let group = self.property(unit, "ControlGroup");
        let inside = self.property(unit, "MainPID");
        fs::read_dir("/proc").ok()?.find_map(|entry| {
            let pid = entry.ok()?.file_name().into_string().ok()?;
            let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
            let last = status.lines().find_map(|line| line.strip_prefix("NSpid:"))?;
            let is_it = last.split_whitespace().next_back() == Some(&inside)
                && fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?.contains(&group);
            is_it.then_some(pid)
        })
    }
}

impl Ended {
    fn of(output: &Output) -> Self {
        let both = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
        Self { status: output.status.code(), text: String::from_utf8_lossy(&both).into_owned() }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // Killing the first process ends all others inside.
        if self.leader != 0 {
            let _ = Command::new("kill").args(["-KILL", &self.leader.to_string()]).status();
        }
        let _ = self.container.kill();
        let _ = self.container.wait();
    }
}

/// Waits until `probe` returns a value, for at most [`TIMEOUT`].
pub(crate) fn eventually<T>(what: &str, probe: impl Fn() -> Option<T>) -> Result<T, String> {
    let deadline = Instant::now() + TIMEOUT;
    loop {
        if let Some(found) = probe() {
            return Ok(found);
        }
        if Instant::now() > deadline {
            return Err(format!("timed out waiting for {what}"));
        }
        // The state of another machine can only be polled.
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn child_of(parent: u32) -> Option<u32> {
    let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).ok()?;
    children.split_whitespace().next()?.parse().ok()
}

/// Creates the tree unless it exists.
fn tree(folder: &Path, suite: &str) -> Result<PathBuf, String> {
    let (tree, whole) = (folder.join(suite), folder.join(format!("{suite}.whole")));
    // As an installed system has it, and as the static program needs it.
    let hosts = r#"--customize-hook=echo "127.0.0.1 localhost" > "$1/etc/hosts""#;
    let made_of = format!("{suite} {PACKAGES} {hosts}");
    if fs::read_to_string(&whole).is_ok_and(|made| made == made_of) {
        return Ok(tree);
    }
    fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    if tree.exists() {
        fs::remove_dir_all(&tree).map_err(|error| error.to_string())?;
    }
    let output = Command::new("mmdebstrap")
        .args(["--variant=minbase", &format!("--include={PACKAGES}"), hosts, suite])
        .arg(&tree)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("mmdebstrap: {error}"))?;
    if !output.status.success() {
        return Err(format!("mmdebstrap: {}", String::from_utf8_lossy(&output.stderr)));
    }
    fs::write(whole, made_of).map_err(|error| error.to_string())?;
    Ok(tree)
}

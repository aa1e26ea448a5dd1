//! One run of a program: its input, its output up to a limit, and its end.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout_at};

use crate::config::Exec;

/// Bytes of output that are kept; what follows is read and dropped.
const MAX_OUTPUT: usize = 64 * 1024;

/// How long a program has to end after TERM.
const GRACE: Duration = Duration::from_secs(5);

/// How long output is waited for after a program has ended: a process that it left behind may hold it open.
const LINGER: Duration = Duration::from_millis(200);

/// Where programs find others.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// How a program ended by itself.
pub(super) struct Ended {
    pub(super) status: ExitStatus,
    /// Its standard output, then its standard error.
    pub(super) output: String,
}

/// Why there is no exit status.
#[derive(Debug, thiserror::Error)]
pub(super) enum RunError {
    #[error("cannot be run: {0}")]
    Start(io::Error),
    #[error("did not end in time, and was ended")]
    TimedOut,
    #[error("cannot be waited for: {0}")]
    Wait(io::Error),
}

/// Runs the program with `input`. When the future is dropped, its process group is killed.
pub(super) async fn run(
    exec: &Exec,
    variables: &[(&'static str, String)],
    input: &[u8],
) -> Result<Ended, RunError> {
    let deadline = Instant::now() + exec.timeout;
    let mut child = Command::new(&exec.program)
        .args(&exec.arguments)
        .env_clear()
        .env("PATH", PATH)
        .env("LANG", "C.UTF-8")
        .envs(variables.iter().map(|(name, value)| (*name, value.as_str())))
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(RunError::Start)?;
    let mut group = Group { id: child.id(), is_running: true };
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let status = {
        // A program may end without reading its input, or read it late.
        let write = async {
            if let Some(mut stdin) = stdin {
                let _ = stdin.write_all(input).await;
            }
        };
        let talk = async { tokio::join!(write, read(stdout, &mut out), read(stderr, &mut err)) };
        tokio::pin!(talk);
        let wait = wait(&mut child, deadline);
        tokio::pin!(wait);
        let (status, has_talked) = tokio::select! {
            status = &mut wait => (status, false),
            _ = &mut talk => (wait.await, true),
        };
        if !has_talked {
            let _ = timeout_at(Instant::now() + LINGER, talk).await;
        }
        status
    };
    let Some(status) = status.map_err(RunError::Wait)? else {
        group.end(&mut child).await;
        return Err(RunError::TimedOut);
    };
    group.is_running = false;
    out.append(&mut err);
    Ok(Ended { status, output: String::from_utf8_lossy(&out).into_owned() })
}

/// The exit status; none when `deadline` has passed.
async fn wait(child: &mut Child, deadline: Instant) -> io::Result<Option<ExitStatus>> {
    timeout_at(deadline, child.wait()).await.ok().transpose()
}

/// Reads to the end, and keeps the beginning.
async fn read(stream: Option<impl AsyncRead + Unpin>, kept: &mut Vec<u8>) {
    let Some(mut stream) = stream else { return };
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = stream.read(&mut buffer).await {
        let room = MAX_OUTPUT.saturating_sub(kept.len());
        kept.extend(buffer.iter().take(length.min(room)));
    }
}

/// The process group of a program; killed when it is dropped before the program has ended.
struct Group {
    id: Option<u32>,
    is_running: bool,
}

impl Group {
    fn signal(&self, signal: Signal) {
        let id = self.id.and_then(|id| i32::try_from(id).ok());
        // 0 and 1 would mean other processes than the program's.
        if let Some(id) = id.filter(|id| *id > 1) {
            let _ = killpg(Pid::from_raw(id), signal);
        }
    }

    /// Asks the group to end, and kills what is left of it.
    async fn end(&mut self, child: &mut Child) {
        self.signal(Signal::SIGTERM);
        let _ = timeout_at(Instant::now() + GRACE, child.wait()).await;
        self.signal(Signal::SIGKILL);
        // Not for ever: a process that waits for a dead file system cannot be killed.
        let _ = timeout_at(Instant::now() + GRACE, child.wait()).await;
        self.is_running = false;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if self.is_running {
            self.signal(Signal::SIGKILL);
        }
    }
}

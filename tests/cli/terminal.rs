//! The program in a terminal of its own, typed into by a test. Dropping it kills the program.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use nix::pty::openpty;
use nix::sys::termios::{LocalFlags, tcgetattr};

use crate::child::TIMEOUT;

pub(crate) struct Terminal {
    child: Child,
    keyboard: File,
    screen: Receiver<String>,
    shown: String,
    /// How much of it `until` has passed.
    seen: usize,
}

impl Terminal {
    pub(crate) fn start(mut command: Command) -> Self {
        let pty = openpty(None, None).unwrap();
        let line = File::from(pty.slave);
        let end = || line.try_clone().unwrap();
        let child = command.stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
        let keyboard = File::from(pty.master);
        let mut output = keyboard.try_clone().unwrap();
        let (sender, screen) = channel();
        // It reads until the program and `command` have closed the line.
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count) = output.read(&mut bytes) {
                if count == 0 || sender.send(String::from_utf8_lossy(&bytes[..count]).into_owned()).is_err() {
                    return;
                }
            }
        });
        Self { child, keyboard, screen, shown: String::new(), seen: 0 }
    }

    /// Waits until `text` is shown.
    pub(crate) fn until(&mut self, text: &str) {
        let deadline = Instant::now() + TIMEOUT;
        loop {
            if let Some(at) = self.shown[self.seen..].find(text) {
                self.seen += at + text.len();
                return;
            }
            let more = self.screen.recv_timeout(deadline.saturating_duration_since(Instant::now()));
            assert!(more.is_ok(), "`{text}` is not shown:\n{}", self.shown);
            self.shown.extend(more);
        }
    }

    /// Waits for a question and types the answer.
    pub(crate) fn answer(&mut self, question: &str, answer: impl AsRef<[u8]>) {
        self.until(question);
        self.keyboard.write_all(&[answer.as_ref(), b"\n"].concat()).unwrap();
    }

    /// Whether the terminal shows what is typed.
    pub(crate) fn is_echoing(&self) -> bool {
        tcgetattr(&self.keyboard).unwrap().local_flags.contains(LocalFlags::ECHO)
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").arg("-c").arg(kill).status().unwrap().success());
    }

    /// Waits for the program to end: its exit status, and all that was shown.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        let deadline = Instant::now() + TIMEOUT;
        while let Ok(more) = self.screen.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            self.shown.push_str(&more);
        }
        assert!(Instant::now() < deadline, "the program does not end:\n{}", self.shown);
        (self.child.wait().unwrap().code(), std::mem::take(&mut self.shown))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Either fails if the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

//! Input that a terminal does not show while it is typed.
//!
//! Guarantees: the terminal shows input again when the value is dropped, so also when a signal ends the command.

use std::io;

use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};

/// While it lives, the terminal on stdin shows no input but line ends.
pub(super) struct HiddenInput(Termios);

impl HiddenInput {
    pub(super) fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut hidden = before.clone();
        hidden.local_flags.remove(LocalFlags::ECHO);
        hidden.local_flags.insert(LocalFlags::ECHONL);
        tcsetattr(io::stdin(), SetArg::TCSADRAIN, &hidden)?;
        Ok(Self(before))
    }
}

impl Drop for HiddenInput {
    fn drop(&mut self) {
        // A terminal that is gone shows nothing anyway.
        let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, &self.0);
    }
}

//! What starts this program, and therefore how an operator makes it read a new secret or configuration.

/// What starts this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Supervisor {
    /// A systemd unit.
    Systemd,
    /// A container runtime.
    Container,
    /// A person at a terminal.
    Terminal,
    /// Cron, or a program that was not recognised.
    Other,
}

impl Supervisor {
    /// How a new secret takes effect; commands are in backticks.
    pub const fn restart(self) -> &'static str {
        match self {
            Self::Systemd => {
                "Restart: `systemctl restart minimax-watch`. It checks at once; a reload does not pass new secrets to a service of systemd."
            }
            Self::Container => {
                "A new token in the file is used at the next check. For an environment variable, restart the container."
            }
            Self::Terminal => {
                "A new token in the file is used at the next check. For an environment variable, start `minimax-watch run` again with it."
            }
            Self::Other => {
                "A new token in the file is used at the next check. For an environment variable, restart `minimax-watch run` if that is what runs."
            }
        }
    }

    /// The end of a sentence that asks for a changed configuration: how it takes effect.
    pub const fn and_reload(self) -> &'static str {
        match self {
            Self::Systemd => "and reload: `systemctl reload minimax-watch`",
            Self::Container => "and restart the container.",
            Self::Terminal => {
                "and restart `minimax-watch run`; the next `minimax-watch check` reads it by itself."
            }
            Self::Other => {
                "(the next `minimax-watch check` reads it; restart `minimax-watch run` if that is what runs)."
            }
        }
    }

    /// The end of a sentence that asks for a corrected secret or configuration: how it takes effect.
    pub const fn and_restart(self) -> &'static str {
        match self {
            Self::Systemd => "and restart: `systemctl restart minimax-watch`",
            Self::Container | Self::Terminal | Self::Other => self.and_reload(),
        }
    }

    /// Where to find what was refused.
    pub const fn log(self) -> &'static str {
        match self {
            Self::Systemd => "See in the log what was refused, and why: `journalctl -u minimax-watch`",
            Self::Container => {
                "See in the container's log what was refused, and why; or ask: `minimax-watch deliveries`"
            }
            Self::Terminal | Self::Other => "See what was refused, and why: `minimax-watch deliveries`",
        }
    }
}

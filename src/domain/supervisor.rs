//! What starts this program, and so what a person does for it to read a new secret or configuration.

/// What starts this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Supervisor {
    /// A systemd unit.
    Systemd,
    /// A container's runtime.
    Container,
    /// A person at a terminal.
    Terminal,
    /// Cron, or something else that was not recognised.
    Other,
}

impl Supervisor {
    /// What makes a new secret count; commands stand between backticks.
    pub const fn restart(self) -> &'static str {
        match self {
            Self::Systemd => {
                "Restart: `systemctl restart minimax-watch`. It looks at once; a reload does not pass new secrets to a service of systemd."
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

    /// The end of a sentence that asks for a changed configuration: what makes it count.
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

    /// The end of a sentence that asks for a corrected secret or configuration: what makes it count.
    pub const fn and_restart(self) -> &'static str {
        match self {
            Self::Systemd => "and restart: `systemctl restart minimax-watch`",
            Self::Container | Self::Terminal | Self::Other => self.and_reload(),
        }
    }

    /// Where it is said what was refused.
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

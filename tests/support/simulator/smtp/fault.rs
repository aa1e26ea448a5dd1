//! Failures that a driver injects into the sessions of the mail server.

use std::time::Duration;

/// The stage of a session at which a fault is injected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SmtpStage {
    /// At the greeting.
    Connect,
    /// At EHLO or HELO.
    Hello,
    /// At STARTTLS.
    StartTls,
    /// At AUTH, after the client sent its name and password.
    Login,
    /// At MAIL.
    Sender,
    /// At each RCPT.
    Recipient,
    /// At DATA.
    Data,
    /// After the final dot. A refused mail is not recorded; one that hangs or drops here is.
    Content,
}

impl SmtpStage {
    /// The beginning of a reply that lets the client go on.
    pub(crate) const fn go_ahead(self) -> &'static [u8] {
        match self {
            Self::Connect | Self::StartTls => b"220",
            Self::Login => b"235",
            Self::Data => b"354",
            Self::Hello | Self::Sender | Self::Recipient | Self::Content => b"25",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Refuse(u16),
    Hang,
    Drop,
    Say(&'static [u8]),
    /// All bytes at once without a pause, else one byte per pause.
    Repeat(&'static [u8], Duration),
    Delay(Duration),
}

/// A failure of the mail server at one stage of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InjectedFault {
    pub(crate) stage: SmtpStage,
    pub(crate) act: Act,
}

impl InjectedFault {
    /// Replies `code` at `stage`: 421 at connect, 450, 550 or 552 at MAIL and RCPT, 535 at AUTH, 451 or 554 after the dot.
    pub(crate) const fn refuse(stage: SmtpStage, code: u16) -> Self {
        Self { stage, act: Act::Refuse(code) }
    }

    /// Sends nothing from `stage` on.
    pub(crate) const fn hang(stage: SmtpStage) -> Self {
        Self { stage, act: Act::Hang }
    }

    /// Closes the connection at `stage` without a reply.
    pub(crate) const fn drop(stage: SmtpStage) -> Self {
        Self { stage, act: Act::Drop }
    }

    /// Sends exactly `bytes` at `stage` instead of the usual reply. If they begin with a code that lets the client go on, the server
    /// goes on, too: a mail is recorded, TLS begins.
    pub(crate) const fn say(stage: SmtpStage, bytes: &'static [u8]) -> Self {
        Self { stage, act: Act::Say(bytes) }
    }

    /// Sends `bytes` at `stage` again and again, indefinitely.
    pub(crate) const fn flood(stage: SmtpStage, bytes: &'static [u8]) -> Self {
        Self { stage, act: Act::Repeat(bytes, Duration::ZERO) }
    }

    /// Whether it needs a server that offers STARTTLS.
    pub(crate) const fn needs_tls(self) -> bool {
        matches!(self.stage, SmtpStage::StartTls)
    }

    /// Whether it needs a server that requires a login.
    pub(crate) const fn needs_login(self) -> bool {
        matches!(self.stage, SmtpStage::Login)
    }

    /// Sends `bytes` at `stage` again and again, one byte per `pause` (real time).
    pub(crate) const fn drip(stage: SmtpStage, bytes: &'static [u8], pause: Duration) -> Self {
        Self { stage, act: Act::Repeat(bytes, pause) }
    }

    /// Replies at `stage` as usual, but later (real time); a mail is recorded before that.
    pub(crate) const fn delay(stage: SmtpStage, delay: Duration) -> Self {
        Self { stage, act: Act::Delay(delay) }
    }
}

//! One SMTP session: which command is allowed when, and how it is answered.

use std::future::pending;
use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};

use super::super::lock::lock;
use super::auth::{AuthStep, Exchange};
use super::command::Command;
use super::fault::{Act, InjectedFault, SmtpStage};
use super::lines::{Content, Lines, MAX_MAIL, Received};
use super::mail::Mail;
use super::setup::SmtpSecurity;
use super::state::State;

/// RFC 5321, 4.5.3.1.8: the minimum that a server must accept, and the maximum here.
const MAX_RECIPIENTS: usize = 100;

/// How a session ended.
pub(crate) enum Ended<S> {
    Closed,
    /// The client was asked to begin TLS on this connection.
    Upgrade(S),
}

/// A reply to the client, and what follows it.
struct Step {
    /// Before the reply; zero except for an injected fault.
    delay: Duration,
    /// With its CRLF.
    reply: Vec<u8>,
    next: Next,
}

enum Next {
    Command,
    AuthResponse(Exchange),
    Content,
    Tls,
    /// Sends the bytes again and again: all at once, or one per pause if there is one.
    Repeat(&'static [u8], Duration),
    Hang,
    Close,
}

impl Step {
    fn silent(next: Next) -> Self {
        Self { delay: Duration::ZERO, reply: Vec::new(), next }
    }

    fn new(reply: &str, next: Next) -> Self {
        Self { reply: format!("{reply}\r\n").into_bytes(), ..Self::silent(next) }
    }
}

fn reply(text: &str) -> Step {
    Step::new(text, Next::Command)
}

/// The state of one session.
pub(crate) struct Session<'a> {
    state: &'a State,
    faults: Vec<InjectedFault>,
    is_encrypted: bool,
    is_authenticated: bool,
    has_greeted: bool,
    sender: Option<Sender>,
    recipients: Vec<String>,
}

/// The arguments of MAIL.
#[derive(Default)]
struct Sender {
    address: String,
    smtputf8: bool,
}

impl<'a> Session<'a> {
    pub(crate) fn new(state: &'a State, faults: Vec<InjectedFault>, is_encrypted: bool) -> Self {
        Self {
            state,
            faults,
            is_encrypted,
            is_authenticated: false,
            has_greeted: false,
            sender: None,
            recipients: Vec::new(),
        }
    }

    /// Greets the client and answers its commands until either side ends the session.
    pub(crate) async fn run<S>(&mut self, mut lines: Lines<S>) -> io::Result<Ended<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        // After STARTTLS the server does not greet again.
        let mut step = if self.is_encrypted && self.offers_starttls() {
            Step::silent(Next::Command)
        } else {
            self.at(SmtpStage::Connect, |_| reply("220 localhost ESMTP"))
        };
        loop {
            if !step.delay.is_zero() {
                tokio::time::sleep(step.delay).await;
            }
            lines.send(&step.reply).await?;
            step = match step.next {
                Next::Command => match lines.command().await? {
                    Received::Line(line) => self.command(Command::parse(&line)),
                    Received::Overlong => reply("500 5.5.2 line too long"),
                    Received::End => return Ok(Ended::Closed),
                },
                Next::AuthResponse(exchange) => match lines.command().await? {
                    Received::Line(response) => self.auth_response(exchange, &response),
                    Received::Overlong => reply("500 5.5.6 line too long"),
                    Received::End => return Ok(Ended::Closed),
                },
                Next::Content => self.content(lines.content().await?),
                Next::Tls => return Ok(Ended::Upgrade(lines.into_inner())),
                Next::Repeat(bytes, pause) => loop {
                    let size = if pause.is_zero() { bytes.len() } else { 1 };
                    for piece in bytes.chunks(size) {
                        lines.send(piece).await?;
                        tokio::time::sleep(pause).await;
                    }
                },
                Next::Hang => return pending().await,
                Next::Close => return Ok(Ended::Closed),
            };
        }
    }

    fn offers_starttls(&self) -> bool {
        matches!(self.state.setup.security, SmtpSecurity::StartTls(_))
    }

    fn must_encrypt(&self) -> bool {
        !self.is_encrypted && self.offers_starttls()
    }

    fn command(&mut self, command: Command) -> Step {
        match command {
            Command::Hello { extended } => self.at(SmtpStage::Hello, |session| {
                session.reset();
                session.has_greeted = true;
                if extended { session.extensions() } else { reply("250 localhost") }
            }),
            Command::Mail { from, size, smtputf8 } => self.sender(from, size, smtputf8),
            Command::Recipient(to) => self.recipient(to),
            Command::Data if self.recipients.is_empty() => reply("503 5.5.1 no valid recipients"),
            Command::Data => self
                .at(SmtpStage::Data, |_| Step::new("354 end with a dot on a line by itself", Next::Content)),
            Command::Reset => {
                self.reset();
                reply("250 2.0.0 ok")
            }
            Command::Noop => reply("250 2.0.0 ok"),
            Command::Quit => Step::new("221 2.0.0 bye", Next::Close),
            Command::StartTls if self.must_encrypt() => {
                self.at(SmtpStage::StartTls, |_| Step::new("220 2.0.0 ready for TLS", Next::Tls))
            }
            Command::StartTls => reply("502 5.5.1 not offered"),
            Command::Auth { mechanism, initial } => self.auth(&mechanism, initial.as_deref()),
            Command::Malformed => reply("501 5.5.4 cannot read the arguments"),
            Command::Unknown => reply("500 5.5.2 unknown command"),
        }
    }

    fn reset(&mut self) {
        self.sender = None;
        self.recipients.clear();
    }

    fn extensions(&self) -> Step {
        let mut text = format!("250-localhost\r\n250-SIZE {MAX_MAIL}\r\n250-8BITMIME\r\n");
        if self.state.setup.smtputf8 {
            text.push_str("250-SMTPUTF8\r\n");
        }
        if self.must_encrypt() {
            text.push_str("250-STARTTLS\r\n");
        } else if self.state.setup.login.is_some() {
            text.push_str("250-AUTH PLAIN LOGIN\r\n");
        }
        reply(&(text + "250 ENHANCEDSTATUSCODES"))
    }

    fn sender(&mut self, address: String, size: Option<usize>, smtputf8: bool) -> Step {
        if !self.has_greeted || self.sender.is_some() {
            return reply("503 5.5.1 out of order");
        }
        if self.must_encrypt() {
            return reply("530 5.7.0 must issue STARTTLS first");
        }
        if self.state.setup.login.is_some() && !self.is_authenticated {
            return reply("530 5.7.0 authentication required");
        }
        if size.is_some_and(|size| size > MAX_MAIL) {
            return reply("552 5.3.4 too large");
        }
        if smtputf8 && !self.state.setup.smtputf8 {
            return reply("555 5.5.4 SMTPUTF8 is not offered");
        }
        if !address.is_ascii() && !smtputf8 {
            return reply("550 5.6.7 an address beyond ASCII needs SMTPUTF8");
        }
        self.at(SmtpStage::Sender, |session| {
            session.sender = Some(Sender { address, smtputf8 });
            reply("250 2.1.0 ok")
        })
    }

    fn recipient(&mut self, to: String) -> Step {
        let Some(sender) = &self.sender else { return reply("503 5.5.1 out of order") };
        if !to.is_ascii() && !sender.smtputf8 {
            return reply("553 5.6.7 an address beyond ASCII needs SMTPUTF8");
        }
        if self.recipients.len() >= MAX_RECIPIENTS {
            return reply("452 4.5.3 too many recipients");
        }
        if let Some(code) = lock(&self.state.refused).get(&to) {
            return refusal(*code);
        }
        self.at(SmtpStage::Recipient, |session| {
            session.recipients.push(to);
            reply("250 2.1.5 ok")
        })
    }

    fn auth(&mut self, mechanism: &str, initial: Option<&str>) -> Step {
        if self.must_encrypt() {
            return reply("538 5.7.11 encryption required");
        }
        if self.is_authenticated || !self.has_greeted || self.state.setup.login.is_none() {
            return reply("503 5.5.1 out of order");
        }
        match (Exchange::start(mechanism), initial) {
            (None, _) => reply("504 5.5.4 unknown mechanism"),
            (Some((exchange, challenge)), None) => auth_challenge(exchange, challenge),
            (Some((exchange, _)), Some(initial)) => self.auth_response(exchange, initial),
        }
    }

    fn auth_response(&mut self, exchange: Exchange, response: &str) -> Step {
        let Some(login) = &self.state.setup.login else { return reply("503 5.5.1 out of order") };
        if response == "*" {
            return reply("501 5.7.0 cancelled");
        }
        match exchange.respond(response, login) {
            AuthStep::Challenge(exchange, challenge) => auth_challenge(exchange, challenge),
            AuthStep::Invalid => reply("501 5.5.2 cannot read the response"),
            AuthStep::Refused => refusal(535),
            AuthStep::Accepted => self.at(SmtpStage::Login, |session| {
                session.is_authenticated = true;
                reply("235 2.7.0 logged in")
            }),
        }
    }

    /// Records the mail unless it is refused. Then the next one may begin.
    fn content(&mut self, content: Content) -> Step {
        let Sender { address: from, smtputf8 } = self.sender.take().unwrap_or_default();
        let to = std::mem::take(&mut self.recipients);
        let raw = match content {
            Content::Mail(raw) => raw,
            Content::TooLarge => return reply("552 5.3.4 too large"),
            Content::BadLines => return reply("554 5.6.0 lines must end in CRLF within 1000 octets"),
            Content::End => return Step::silent(Next::Close),
        };
        self.at(SmtpStage::Content, |session| {
            let (authenticated, encrypted) = (session.is_authenticated, session.is_encrypted);
            let at = session.state.now.now();
            session.state.mails.append(Mail { at, from, to, raw, authenticated, encrypted, smtputf8 });
            reply("250 2.0.0 kept")
        })
    }

    /// What happens at `stage`: `usual`, or the fault that is injected there.
    fn at(&mut self, stage: SmtpStage, usual: impl FnOnce(&mut Self) -> Step) -> Step {
        let Some(fault) = self.faults.iter().find(|fault| fault.stage == stage).copied() else {
            return usual(self);
        };
        match fault.act {
            Act::Refuse(code) if stage == SmtpStage::Connect => Step { next: Next::Close, ..refusal(code) },
            Act::Refuse(code) => refusal(code),
            Act::Repeat(bytes, pause) => Step::silent(Next::Repeat(bytes, pause)),
            Act::Delay(delay) => Step { delay, ..usual(self) },
            Act::Say(bytes) => {
                let lets_client_go_on = bytes.starts_with(stage.go_ahead());
                let next = if lets_client_go_on { usual(self).next } else { Next::Command };
                Step { reply: bytes.to_vec(), ..Step::silent(next) }
            }
            Act::Hang | Act::Drop => {
                // The mail was completely received, so it counts as taken.
                if stage == SmtpStage::Content {
                    usual(self);
                }
                Step::silent(if fault.act == Act::Hang { Next::Hang } else { Next::Close })
            }
        }
    }
}

fn auth_challenge(exchange: Exchange, challenge: &str) -> Step {
    Step::new(&format!("334 {challenge}"), Next::AuthResponse(exchange))
}

/// The usual text for a code; 421 announces the end of the connection (RFC 5321, 3.8).
fn refusal(code: u16) -> Step {
    let text = match code {
        421 => return Step::new("421 4.3.2 service not available", Next::Close),
        450 => "4.2.0 mailbox busy",
        451 => "4.3.0 local error",
        452 => "4.2.2 out of space",
        454 => "4.7.0 temporary authentication failure",
        535 => "5.7.8 authentication failed",
        550 => "5.1.1 no such mailbox",
        552 => "5.2.2 mailbox full",
        554 => "5.7.1 refused",
        _ => "refused",
    };
    reply(&format!("{code} {text}"))
}

//! One SMTP conversation: which command is allowed when, and what is answered.

use std::future::pending;
use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};

use super::auth::{Exchange, Verdict};
use super::command::Command;
use super::lines::{Content, Lines, MAX_MAIL, Received};
use super::{Act, Mail, Security, Stage, State, Trouble};
use crate::simulator::lock;

/// RFC 5321, 4.5.3.1.8: the least a server must take, and all that this one does.
const MAX_RECIPIENTS: usize = 100;

/// How a conversation ended.
pub(super) enum Ended<S> {
    Closed,
    /// The client was told to begin TLS on this connection.
    Upgrade(S),
}

/// What to do after a command.
enum Step {
    Say(String),
    SayAndClose(String),
    Ask(Exchange, &'static str),
    ReadContent,
    StartTls,
    Hang,
    Close,
    /// Bytes instead of a reply, and what the usual step does besides replying.
    Raw(&'static [u8], After),
    Flood(&'static [u8]),
    Drip(&'static [u8], Duration),
    Later(Duration, Box<Step>),
}

/// What follows raw bytes.
enum After {
    Command,
    Content,
    Tls,
}

fn say(reply: &str) -> Step {
    Step::Say(reply.to_owned())
}

/// What is known of one client.
pub(super) struct Session<'a> {
    state: &'a State,
    troubles: Vec<Trouble>,
    encrypted: bool,
    authenticated: bool,
    greeted: bool,
    from: Option<Sender>,
    to: Vec<String>,
}

/// What the client said at MAIL.
#[derive(Default)]
struct Sender {
    address: String,
    smtputf8: bool,
}

impl<'a> Session<'a> {
    pub(super) fn new(state: &'a State, troubles: Vec<Trouble>) -> Self {
        let (encrypted, authenticated, greeted) = (false, false, false);
        Self { state, troubles, encrypted, authenticated, greeted, from: None, to: Vec::new() }
    }

    /// TLS holds from here on; all that was said before is forgotten (RFC 3207, 4.2).
    pub(super) fn secure(&mut self) {
        let troubles = std::mem::take(&mut self.troubles);
        *self = Self { encrypted: true, ..Self::new(self.state, troubles) };
    }

    /// Talks until either side ends it.
    pub(super) async fn converse<S>(&mut self, mut lines: Lines<S>) -> io::Result<Ended<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        // After STARTTLS the server does not greet again.
        let mut step = if self.speaks_after_upgrade() {
            None
        } else {
            Some(self.at(Stage::Connect, |_| say("220 localhost ESMTP")))
        };
        loop {
            match step.take() {
                None => {}
                Some(Step::Say(reply)) => lines.say(&reply).await?,
                Some(Step::SayAndClose(reply)) => {
                    lines.say(&reply).await?;
                    return Ok(Ended::Closed);
                }
                Some(Step::Ask(exchange, challenge)) => {
                    lines.say(&format!("334 {challenge}")).await?;
                    step = Some(match lines.command().await? {
                        Received::Command(response) => self.responded(exchange, &response),
                        Received::Overlong => say("500 5.5.6 line too long"),
                        Received::End => Step::Close,
                    });
                    continue;
                }
                Some(Step::ReadContent) => {
                    lines.say("354 end with a dot on a line by itself").await?;
                    step = Some(self.content(lines.content().await?));
                    continue;
                }
                Some(Step::StartTls) => {
                    lines.say("220 2.0.0 ready for TLS").await?;
                    return Ok(Ended::Upgrade(lines.into_inner()));
                }
                Some(Step::Raw(bytes, after)) => {
                    lines.say_raw(bytes).await?;
                    match after {
                        After::Command => {}
                        After::Content => {
                            step = Some(self.content(lines.content().await?));
                            continue;
                        }
                        After::Tls => return Ok(Ended::Upgrade(lines.into_inner())),
                    }
                }
                Some(Step::Flood(bytes)) => loop {
                    lines.say_raw(bytes).await?;
                },
                Some(Step::Drip(bytes, pause)) => {
                    for byte in bytes.iter().cycle() {
                        lines.say_raw(&[*byte]).await?;
                        tokio::time::sleep(pause).await;
                    }
                }
                Some(Step::Later(delay, later)) => {
                    tokio::time::sleep(delay).await;
                    step = Some(*later);
                    continue;
                }
                Some(Step::Hang) => return pending().await,
                Some(Step::Close) => return Ok(Ended::Closed),
            }
            step = Some(match lines.command().await? {
                Received::Command(line) => self.command(Command::of(&line)),
                Received::Overlong => say("500 5.5.2 line too long"),
                Received::End => Step::Close,
            });
        }
    }

    fn speaks_after_upgrade(&self) -> bool {
        self.encrypted && matches!(self.state.setup.security, Security::StartTls(_))
    }

    fn must_encrypt(&self) -> bool {
        !self.encrypted && matches!(self.state.setup.security, Security::StartTls(_))
    }

    fn command(&mut self, command: Command) -> Step {
        match command {
            Command::Hello { extended } => self.at(Stage::Hello, |session| {
                session.reset();
                session.greeted = true;
                if extended { session.extensions() } else { say("250 localhost") }
            }),
            Command::Mail { from, size, smtputf8 } => self.sender(from, size, smtputf8),
            Command::Recipient(to) => self.recipient(to),
            Command::Data if self.to.is_empty() => say("503 5.5.1 no valid recipients"),
            Command::Data => self.at(Stage::Data, |_| Step::ReadContent),
            Command::Reset => {
                self.reset();
                say("250 2.0.0 ok")
            }
            Command::Noop => say("250 2.0.0 ok"),
            Command::Quit => Step::SayAndClose("221 2.0.0 bye".to_owned()),
            Command::StartTls if self.must_encrypt() => self.at(Stage::StartTls, |_| Step::StartTls),
            Command::StartTls => say("502 5.5.1 not offered"),
            Command::Auth { mechanism, initial } => self.login(&mechanism, initial.as_deref()),
            Command::Malformed => say("501 5.5.4 cannot read the arguments"),
            Command::Unknown => say("500 5.5.2 unknown command"),
        }
    }

    fn reset(&mut self) {
        self.from = None;
        self.to.clear();
    }

    fn extensions(&self) -> Step {
        let mut reply = format!("250-localhost\r\n250-SIZE {MAX_MAIL}\r\n250-8BITMIME\r\n");
        if self.state.setup.smtputf8 {
            reply.push_str("250-SMTPUTF8\r\n");
        }
        if self.must_encrypt() {
            reply.push_str("250-STARTTLS\r\n");
        } else if self.state.setup.login.is_some() {
            reply.push_str("250-AUTH PLAIN LOGIN\r\n");
        }
        reply.push_str("250 ENHANCEDSTATUSCODES");
        Step::Say(reply)
    }

    fn sender(&mut self, from: String, size: Option<usize>, smtputf8: bool) -> Step {
        if !self.greeted || self.from.is_some() {
            return say("503 5.5.1 out of order");
        }
        if self.must_encrypt() {
            return say("530 5.7.0 must issue STARTTLS first");
        }
        if self.state.setup.login.is_some() && !self.authenticated {
            return say("530 5.7.0 authentication required");
        }
        if size.is_some_and(|size| size > MAX_MAIL) {
            return say("552 5.3.4 too large");
        }
        if smtputf8 && !self.state.setup.smtputf8 {
            return say("555 5.5.4 SMTPUTF8 is not offered");
        }
        if !from.is_ascii() && !smtputf8 {
            return say("550 5.6.7 an address beyond ASCII needs SMTPUTF8");
        }
        self.at(Stage::Sender, |session| {
            session.from = Some(Sender { address: from, smtputf8 });
            say("250 2.1.0 ok")
        })
    }

    fn recipient(&mut self, to: String) -> Step {
        let Some(from) = &self.from else { return say("503 5.5.1 out of order") };
        if !to.is_ascii() && !from.smtputf8 {
            return say("553 5.6.7 an address beyond ASCII needs SMTPUTF8");
        }
        if self.to.len() >= MAX_RECIPIENTS {
            return say("452 4.5.3 too many recipients");
        }
        if let Some(code) = lock(&self.state.refused).get(&to) {
            return refusal(*code);
        }
        self.at(Stage::Recipient, |session| {
            session.to.push(to);
            say("250 2.1.5 ok")
        })
    }

    fn login(&mut self, mechanism: &str, initial: Option<&str>) -> Step {
        if self.must_encrypt() {
            return say("538 5.7.11 encryption required");
        }
        if self.authenticated || !self.greeted || self.state.setup.login.is_none() {
            return say("503 5.5.1 out of order");
        }
        match (Exchange::start(mechanism), initial) {
            (None, _) => say("504 5.5.4 unknown mechanism"),
            (Some((exchange, challenge)), None) => Step::Ask(exchange, challenge),
            (Some((exchange, _)), Some(initial)) => self.responded(exchange, initial),
        }
    }

    fn responded(&mut self, exchange: Exchange, response: &str) -> Step {
        let Some(login) = &self.state.setup.login else { return say("503 5.5.1 out of order") };
        if response == "*" {
            return say("501 5.7.0 cancelled");
        }
        match exchange.respond(response, login) {
            Verdict::Ask(exchange, challenge) => Step::Ask(exchange, challenge),
            Verdict::Unreadable => say("501 5.5.2 cannot read the response"),
            Verdict::Refused => refusal(535),
            Verdict::Accepted => self.at(Stage::Login, |session| {
                session.authenticated = true;
                say("235 2.7.0 logged in")
            }),
        }
    }

    /// Keeps the mail unless it is refused; then the next one may begin.
    fn content(&mut self, content: Content) -> Step {
        let Sender { address: from, smtputf8 } = self.from.take().unwrap_or_default();
        let to = std::mem::take(&mut self.to);
        let raw = match content {
            Content::Mail(raw) => raw,
            Content::TooLarge => return say("552 5.3.4 too large"),
            Content::BadLines => return say("554 5.6.0 lines must end in CRLF within 1000 octets"),
            Content::End => return Step::Close,
        };
        self.at(Stage::Content, |session| {
            let (authenticated, encrypted) = (session.authenticated, session.encrypted);
            let at = session.state.now.now();
            session.state.mails.append(Mail { at, from, to, raw, authenticated, encrypted, smtputf8 });
            say("250 2.0.0 kept")
        })
    }

    /// What happens at `stage`: `usual`, unless trouble strikes there.
    fn at(&mut self, stage: Stage, usual: impl FnOnce(&mut Self) -> Step) -> Step {
        let Some(trouble) = self.troubles.iter().find(|trouble| trouble.stage == stage).copied() else {
            return usual(self);
        };
        match trouble.act {
            // Whoever is not let in is shown out.
            Act::Refuse(code) if stage == Stage::Connect => match refusal(code) {
                Step::Say(reply) => Step::SayAndClose(reply),
                step => step,
            },
            Act::Refuse(code) => refusal(code),
            Act::Flood(bytes) => Step::Flood(bytes),
            Act::Drip(bytes, pause) => Step::Drip(bytes, pause),
            Act::Delay(delay) => Step::Later(delay, Box::new(usual(self))),
            Act::Say(bytes) if bytes.starts_with(stage.go_ahead()) => match usual(self) {
                Step::ReadContent => Step::Raw(bytes, After::Content),
                Step::StartTls => Step::Raw(bytes, After::Tls),
                _ => Step::Raw(bytes, After::Command),
            },
            Act::Say(bytes) => Step::Raw(bytes, After::Command),
            Act::Hang | Act::Drop => {
                // A mail that was handed over is kept, whatever its sender hears.
                if stage == Stage::Content {
                    usual(self);
                }
                if trouble.act == Act::Hang { Step::Hang } else { Step::Close }
            }
        }
    }
}

impl Stage {
    /// How a reply begins that lets the client go on.
    const fn go_ahead(self) -> &'static [u8] {
        match self {
            Self::Connect | Self::StartTls => b"220",
            Self::Login => b"235",
            Self::Data => b"354",
            Self::Hello | Self::Sender | Self::Recipient | Self::Content => b"25",
        }
    }
}

/// The usual words for a code; 421 announces the end of the connection (RFC 5321, 3.8).
fn refusal(code: u16) -> Step {
    let words = match code {
        421 => return Step::SayAndClose("421 4.3.2 service not available".to_owned()),
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
    Step::Say(format!("{code} {words}"))
}

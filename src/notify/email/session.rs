//! One SMTP session; each stage is a method.
//!
//! Guarantees: each stage ends within `smtp.timeout`, the reply to the final dot within [`FINAL_DOT_TIMEOUT`], whatever the
//! server sends; each is decided by the reply's exact code; no command is sent if a reply has already arrived; no password
//! is sent before TLS where TLS is configured. Leaves what a failure means for the message to `email/mod.rs`.

use std::time::Duration;

use lettre::Address;
use tokio::time::Instant;

use super::capabilities::Capabilities;
use super::connect::connect;
use super::dot_stuffing::dot_stuffed;
use super::failure::{Failure, MAX_QUOTE, Stage, wants_login};
use super::hello::hello_name;
use super::login::{Mechanism, login_responses, plain_command, plain_response};
use super::reply::Reply;
use super::smtp_stream::{SmtpStream, tls_connector};
use crate::config::{Smtp, Tls};
use crate::domain::text::shortened;

/// For the reply to the final dot (RFC 5321, section 4.5.3.2.6): servers may filter and deliver before they reply, and a
/// client that does not wait sends the same mail again and again.
const FINAL_DOT_TIMEOUT: Duration = Duration::from_mins(10);

/// Bytes of the mail that must be sent within `smtp.timeout` (RFC 5321, section 4.5.3.2.5).
const CONTENT_CHUNK: usize = 16 * 1024;

/// For QUIT, whose outcome does not matter.
const QUIT_TIMEOUT: Duration = Duration::from_secs(2);

/// Replies to EHLO of a server that only knows HELO (RFC 5321, section 3.2).
const NO_EHLO: [u16; 3] = [500, 502, 504];

/// How long the reply at `stage` may take; `timeout` is the configured limit.
fn reply_limit(stage: Stage, timeout: Duration) -> Duration {
    if stage == Stage::Content { timeout.max(FINAL_DOT_TIMEOUT) } else { timeout }
}

/// A session with a server that has greeted and, where configured, upgraded the connection to TLS.
pub(super) struct Session<'a> {
    smtp: &'a Smtp,
    stream: SmtpStream,
    hello: String,
    capabilities: Capabilities,
    /// Whether the server waits for a command: not after a fault, and not within the mail.
    accepts_commands: bool,
}

impl<'a> Session<'a> {
    /// Connects, says EHLO, and upgrades to TLS where configured.
    pub(super) async fn open(smtp: &'a Smtp) -> Result<Self, Failure> {
        let stream = connect(smtp).await?;
        let hello = hello_name(smtp.hello.as_deref(), stream.local_ip);
        let capabilities = Capabilities::default();
        let mut session = Self { smtp, stream, hello, capabilities, accepts_commands: true };
        session.ehlo().await?;
        if smtp.tls == Tls::StartTls {
            session = session.start_tls().await?;
            session.ehlo().await?;
        }
        Ok(session)
    }

    /// EHLO, or HELO for a server that does not know EHLO, if neither TLS nor a login is needed.
    async fn ehlo(&mut self) -> Result<(), Failure> {
        let reply = self.command(Stage::Ehlo, &format!("EHLO {}", self.hello)).await?;
        let needs_extensions = self.smtp.tls == Tls::StartTls || self.smtp.login.is_some();
        if NO_EHLO.contains(&reply.code) && !needs_extensions {
            let helo = format!("HELO {}", self.hello);
            return self.expect(Stage::Ehlo, &helo, &[250]).await.map(drop);
        }
        self.capabilities = Capabilities::parse(&self.check(Stage::Ehlo, reply, &[250])?);
        Ok(())
    }

    /// Forgets the capabilities from before TLS: anyone on the network could have sent them.
    async fn start_tls(mut self) -> Result<Self, Failure> {
        if !std::mem::take(&mut self.capabilities).starttls {
            return Err(Failure::temporary(Stage::StartTls, "the server does not offer STARTTLS here"));
        }
        let failed = |error| Failure::from_stream(Stage::StartTls, &error, self.smtp);
        let connector = tls_connector(self.deadline()).await.map_err(failed)?;
        self.expect(Stage::StartTls, "STARTTLS", &[220]).await?;
        let deadline = self.deadline();
        let secured = self.stream.secure(&connector, &self.smtp.host, deadline).await;
        Ok(Self { stream: secured.map_err(failed)?, ..self })
    }

    /// Logs in if a login is configured.
    pub(super) async fn log_in(&mut self) -> Result<(), Failure> {
        let Some(login) = &self.smtp.login else { return Ok(()) };
        match Mechanism::choose(&self.capabilities) {
            Ok(Mechanism::Plain) => {
                let response = plain_response(login);
                let reply = self.expect(Stage::Auth, &plain_command(&response), &[235, 334]).await?;
                // A prompt: the response was too long for the command, or the server wants it separately.
                if reply.code == 334 {
                    self.expect(Stage::Auth, &response, &[235]).await?;
                }
            }
            Ok(Mechanism::Login) => {
                self.expect(Stage::Auth, "AUTH LOGIN", &[334]).await?;
                let [username, password] = login_responses(login);
                self.expect(Stage::Auth, &username, &[334]).await?;
                self.expect(Stage::Auth, &password, &[235]).await?;
            }
            Err(reason) => return Err(Failure::temporary(Stage::Auth, reason)),
        }
        Ok(())
    }

    /// Fails if the server offers a login, none is configured, and it does not accept the sender without one. Nothing is
    /// sent: RSET follows.
    pub(super) async fn check_sender_without_login(&mut self, from: &Address) -> Result<(), Failure> {
        if self.smtp.login.is_some() || self.capabilities.mechanisms.is_empty() {
            return Ok(());
        }
        let reply = self.command(Stage::Mail, &format!("MAIL FROM:<{from}>")).await?;
        if wants_login(&reply) {
            return Err(Failure::temporary(
                Stage::Auth,
                format!("this server wants a login ({})", shortened(&reply.to_string(), MAX_QUOTE)),
            ));
        }
        self.command(Stage::Mail, "RSET").await.map(drop)
    }

    /// MAIL. `international` is an address of the mail that is not ASCII, if there is one; `is_eight_bit` says whether the
    /// mail is.
    pub(super) async fn mail_from(
        &mut self,
        from: &Address,
        international: Option<&Address>,
        is_eight_bit: bool,
    ) -> Result<(), Failure> {
        let mut command = format!("MAIL FROM:<{from}>");
        if let Some(address) = international {
            if !self.capabilities.smtputf8 {
                let error = format!(
                    "`{address}` has letters beyond ASCII before the `@`, and the server does not offer SMTPUTF8: \
                     use an ASCII address"
                );
                return Err(Failure::temporary(Stage::Mail, error));
            }
            command.push_str(" SMTPUTF8");
        }
        if is_eight_bit && self.capabilities.eight_bit_mime {
            command.push_str(" BODY=8BITMIME");
        }
        self.expect(Stage::Mail, &command, &[250]).await.map(drop)
    }

    /// RCPT. The inner failure is about this recipient alone; the outer one ends the session.
    ///
    /// 250 and 251 accept the recipient. 252 is a reply to VRFY and promises nothing here, so the recipient is deferred.
    pub(super) async fn rcpt_to(&mut self, to: &Address) -> Result<Result<(), Failure>, Failure> {
        let about_recipient =
            |failure: Failure| Failure { message: format!("{to}: {}", failure.message), ..failure };
        let reply = self.command(Stage::Rcpt, &format!("RCPT TO:<{to}>")).await.map_err(about_recipient)?;
        let closes = reply.code == 421;
        let result = self.check(Stage::Rcpt, reply, &[250, 251]).map(drop).map_err(about_recipient);
        if closes { result.map(Ok) } else { Ok(result) }
    }

    /// DATA, the mail and its final dot. The server has taken the mail only if it answers the dot with 250.
    pub(super) async fn data(&mut self, mail: &[u8]) -> Result<(), Failure> {
        self.expect(Stage::Data, "DATA", &[354]).await?;
        self.accepts_commands = false;
        for chunk in dot_stuffed(mail).chunks(CONTENT_CHUNK) {
            let sent = self.stream.write(chunk, self.deadline()).await;
            sent.map_err(|error| Failure::from_stream(Stage::Content, &error, self.smtp))?;
        }
        let reply = self.command(Stage::Content, ".").await?;
        self.accepts_commands = true;
        self.check(Stage::Content, reply, &[250]).map(drop)
    }

    /// Says QUIT if the server waits for a command, and closes the connection. Errors no longer matter.
    pub(super) async fn quit(mut self) {
        let deadline = Instant::now() + QUIT_TIMEOUT;
        if self.accepts_commands && self.stream.write(b"QUIT\r\n", deadline).await.is_ok() {
            let _ = self.stream.reply(deadline).await;
        }
        self.stream.close(deadline).await;
    }

    /// Sends one command, whose reply must have one of `codes`.
    async fn expect(&mut self, stage: Stage, command: &str, codes: &[u16]) -> Result<Reply, Failure> {
        let reply = self.command(stage, command).await?;
        self.check(stage, reply, codes)
    }

    fn check(&self, stage: Stage, reply: Reply, codes: &[u16]) -> Result<Reply, Failure> {
        if codes.contains(&reply.code) {
            Ok(reply)
        } else {
            Err(Failure::from_reply(stage, &reply, self.smtp.login.as_ref()))
        }
    }

    /// Sends one command and reads its reply.
    async fn command(&mut self, stage: Stage, command: &str) -> Result<Reply, Failure> {
        if command.contains(['\r', '\n']) {
            return Err(Failure::temporary(stage, "a line break in an address or a name"));
        }
        let deadline = Instant::now() + reply_limit(stage, self.smtp.timeout);
        self.stream.exchange(command, deadline).await.map_err(|error| {
            self.accepts_commands = false;
            Failure::from_stream(stage, &error, self.smtp)
        })
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.smtp.timeout
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn final_dot_has_ten_minutes_and_every_other_stage_the_configured_timeout() {
        let minutes = Duration::from_mins;
        // The minimum of RFC 5321, section 4.5.3.2.6, whatever is configured for the other stages.
        for timeout in [Duration::from_secs(1), minutes(1), minutes(10)] {
            assert_eq!(reply_limit(Stage::Content, timeout), minutes(10));
            for stage in [
                Stage::Connect,
                Stage::Ehlo,
                Stage::StartTls,
                Stage::Auth,
                Stage::Mail,
                Stage::Rcpt,
                Stage::Data,
            ] {
                assert_eq!(reply_limit(stage, timeout), timeout, "{stage:?}");
            }
        }
    }
}

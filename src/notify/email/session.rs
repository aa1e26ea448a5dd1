//! The stages of one SMTP conversation, each a method.
//!
//! Guarantees: each stage ends within `smtp.timeout`, the answer to the final dot within [`FINAL_DOT`], whatever the server
//! sends; each is decided by the reply's exact code; no command is sent while an answer to it is already there; no password
//! before TLS where TLS was asked for. Leaves what a failure means for the message to `mod.rs`.

use std::time::Duration;

use lettre::Address;
use tokio::time::Instant;

use super::capabilities::Capabilities;
use super::connect::connect;
use super::content::stuffed;
use super::failure::{Failure, Stage, wants_login};
use super::hello::hello_name;
use super::login::{Mechanism, login_responses, plain_command, plain_response};
use super::reply::Reply;
use super::stream::{SmtpStream, tls_connector};
use crate::config::{Login, Smtp, Tls};

/// For the answer to the final dot (RFC 5321, 4.5.3.2.6): servers may filter and deliver before they answer, and a client
/// that does not wait sends the same mail again and again.
const FINAL_DOT: Duration = Duration::from_mins(10);

/// A piece of the mail that must be on its way within `smtp.timeout` (RFC 5321, 4.5.3.2.5).
const CONTENT_PIECE: usize = 16 * 1024;

/// For the farewell, which decides nothing.
const FAREWELL: Duration = Duration::from_secs(2);

/// How long the answer at `stage` may take; `timeout` is what the configuration gives for each.
fn answer_limit(stage: Stage, timeout: Duration) -> Duration {
    match stage {
        Stage::Content => timeout.max(FINAL_DOT),
        Stage::Lookup
        | Stage::Connect
        | Stage::Hello
        | Stage::StartTls
        | Stage::Login
        | Stage::Sender
        | Stage::Recipient
        | Stage::Data => timeout,
    }
}

/// Replies to EHLO of a server that knows HELO alone (RFC 5321, section 3.2).
const NO_EHLO: [u16; 3] = [500, 502, 504];

/// A conversation with a server that has greeted us and, where TLS was asked for, secured the connection.
pub(super) struct Session<'a> {
    smtp: &'a Smtp,
    stream: SmtpStream,
    hello: String,
    capabilities: Capabilities,
    /// Whether the server waits for a command: not after a fault, and not within the mail.
    is_in_step: bool,
}

impl<'a> Session<'a> {
    /// Connects, greets, and upgrades to TLS where that was asked for.
    pub(super) async fn open(smtp: &'a Smtp) -> Result<Self, Failure> {
        Self::begin(smtp, connect(smtp).await?).await
    }

    /// Goes on from the server's greeting.
    async fn begin(smtp: &'a Smtp, stream: SmtpStream) -> Result<Self, Failure> {
        let hello = hello_name(smtp.hello.as_deref(), stream.local_ip());
        let capabilities = Capabilities::default();
        let mut session = Self { smtp, stream, hello, capabilities, is_in_step: true };
        session.greet().await?;
        if smtp.tls == Tls::StartTls {
            session = session.start_tls().await?;
            session.greet().await?;
        }
        Ok(session)
    }

    /// EHLO. A server that knows HELO alone will do where neither TLS nor a log-in remains to be agreed on.
    async fn greet(&mut self) -> Result<(), Failure> {
        let hello = format!("EHLO {}", self.hello);
        let reply = self.ask(Stage::Hello, &hello).await?;
        let needs_extensions = self.smtp.tls == Tls::StartTls || self.smtp.login.is_some();
        if NO_EHLO.contains(&reply.code) && !needs_extensions {
            let hello = format!("HELO {}", self.hello);
            return self.demand(Stage::Hello, &hello, &[250]).await.map(drop);
        }
        self.capabilities = Capabilities::parse(&self.expect(Stage::Hello, reply, &[250])?);
        Ok(())
    }

    /// What was said before TLS is forgotten: anybody could have said it.
    async fn start_tls(mut self) -> Result<Self, Failure> {
        if !std::mem::take(&mut self.capabilities).starttls {
            return Err(Failure::passing(
                Stage::StartTls,
                "the server does not offer STARTTLS here".to_owned(),
            ));
        }
        let connector = tls_connector(Instant::now() + self.smtp.timeout).await;
        let connector = connector.map_err(|error| Failure::from_setup(Stage::StartTls, &error))?;
        self.demand(Stage::StartTls, "STARTTLS", &[220]).await?;
        let deadline = Instant::now() + self.smtp.timeout;
        let secured = self.stream.secure(&connector, &self.smtp.host, deadline).await;
        let stream = secured.map_err(|error| Failure::from_stream(Stage::StartTls, &error, self.smtp))?;
        Ok(Self { stream, ..self })
    }

    /// Logs in, where a log-in is configured.
    pub(super) async fn log_in(&mut self) -> Result<(), Failure> {
        let Some(login) = &self.smtp.login else { return Ok(()) };
        match Mechanism::choose(&self.capabilities) {
            Ok(Mechanism::Plain) => self.log_in_plain(login).await,
            Ok(Mechanism::Login) => {
                self.demand(Stage::Login, "AUTH LOGIN", &[334]).await?;
                let [username, password] = login_responses(login);
                self.demand(Stage::Login, &username, &[334]).await?;
                self.demand(Stage::Login, &password, &[235]).await.map(drop)
            }
            Err(reason) => Err(Failure::passing(Stage::Login, reason)),
        }
    }

    async fn log_in_plain(&mut self, login: &Login) -> Result<(), Failure> {
        let response = plain_response(login);
        let reply = self.demand(Stage::Login, &plain_command(&response), &[235, 334]).await?;
        // A prompt: the answer was too long for the command, or the server wants it apart.
        if reply.code == 334 {
            self.demand(Stage::Login, &response, &[235]).await?;
        }
        Ok(())
    }

    /// Whether the server, which offers a log-in, takes a sender without one. Nothing is sent: RSET follows.
    pub(super) async fn takes_sender_without_login(&mut self, from: &Address) -> Result<(), Failure> {
        if self.smtp.login.is_some() || self.capabilities.mechanisms.is_empty() {
            return Ok(());
        }
        let reply = self.ask(Stage::Sender, &format!("MAIL FROM:<{from}>")).await?;
        if wants_login(&reply) {
            let words = format!("this server wants a log-in ({reply})");
            return Err(Failure::passing(Stage::Login, words));
        }
        self.ask(Stage::Sender, "RSET").await.map(drop)
    }

    /// MAIL. `international` is an address of the mail that is other than ASCII, `has_eight_bits` says that the mail is.
    pub(super) async fn name_sender(
        &mut self,
        from: &Address,
        international: Option<&Address>,
        has_eight_bits: bool,
    ) -> Result<(), Failure> {
        let mut command = format!("MAIL FROM:<{from}>");
        if let Some(address) = international {
            if !self.capabilities.smtputf8 {
                let words = format!(
                    "`{address}` has letters beyond ASCII before the `@`, and the server does not offer SMTPUTF8: \
                     give an address in ASCII"
                );
                return Err(Failure::passing(Stage::Sender, words));
            }
            command.push_str(" SMTPUTF8");
        }
        if has_eight_bits && self.capabilities.eight_bit_mime {
            command.push_str(" BODY=8BITMIME");
        }
        self.demand(Stage::Sender, &command, &[250]).await.map(drop)
    }

    /// RCPT. The inner failure is about this recipient alone, the outer one ends the conversation.
    ///
    /// 250 and 251 take the recipient. 252 answers VRFY; here it promises nothing, so the recipient is put off.
    pub(super) async fn name_recipient(&mut self, to: &Address) -> Result<Result<(), Failure>, Failure> {
        let reply = self.ask(Stage::Recipient, &format!("RCPT TO:<{to}>")).await?;
        if reply.code == 421 {
            return Err(Failure::from_reply(Stage::Recipient, &reply, self.smtp.login.as_ref()));
        }
        Ok(self.expect(Stage::Recipient, reply, &[250, 251]).map(drop))
    }

    /// DATA, the mail and its final dot: taken only when that is answered by 250.
    pub(super) async fn hand_over(&mut self, mail: &[u8]) -> Result<(), Failure> {
        self.demand(Stage::Data, "DATA", &[354]).await?;
        self.is_in_step = false;
        for piece in stuffed(mail).chunks(CONTENT_PIECE) {
            let sent = self.stream.write(piece, Instant::now() + self.smtp.timeout).await;
            sent.map_err(|error| Failure::from_stream(Stage::Content, &error, self.smtp))?;
        }
        let reply = self.ask(Stage::Content, ".").await?;
        self.is_in_step = true;
        self.expect(Stage::Content, reply, &[250]).map(drop)
    }

    /// Says farewell where that makes sense. All is decided by now: what it meets changes nothing.
    pub(super) async fn part(mut self) {
        let deadline = Instant::now() + FAREWELL;
        if self.is_in_step && self.stream.write(b"QUIT\r\n", deadline).await.is_ok() {
            let _ = self.stream.reply(deadline).await;
        }
        self.stream.close(deadline).await;
    }

    /// One command, whose answer must have one of `codes`.
    async fn demand(&mut self, stage: Stage, command: &str, codes: &[u16]) -> Result<Reply, Failure> {
        let reply = self.ask(stage, command).await?;
        self.expect(stage, reply, codes)
    }

    fn expect(&self, stage: Stage, reply: Reply, codes: &[u16]) -> Result<Reply, Failure> {
        if codes.contains(&reply.code) {
            Ok(reply)
        } else {
            Err(Failure::from_reply(stage, &reply, self.smtp.login.as_ref()))
        }
    }

    /// One command and its answer.
    async fn ask(&mut self, stage: Stage, command: &str) -> Result<Reply, Failure> {
        if command.contains(['\r', '\n']) {
            return Err(Failure::passing(stage, "a line break in an address or a name".to_owned()));
        }
        let deadline = Instant::now() + answer_limit(stage, self.smtp.timeout);
        let exchanged = async {
            self.stream.expect_silence().await?;
            self.stream.write(format!("{command}\r\n").as_bytes(), deadline).await?;
            self.stream.reply(deadline).await
        };
        let exchanged = exchanged.await;
        exchanged.map_err(|error| {
            self.is_in_step = false;
            Failure::from_stream(stage, &error, self.smtp)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_final_dot_may_be_answered_for_ten_minutes_and_all_else_within_the_configured_time() {
        let minutes = Duration::from_mins;
        // The least of RFC 5321, 4.5.3.2.6, whatever is configured for the other stages.
        for timeout in [Duration::from_secs(1), minutes(1), minutes(10)] {
            assert_eq!(answer_limit(Stage::Content, timeout), minutes(10));
            for stage in [
                Stage::Connect,
                Stage::Hello,
                Stage::StartTls,
                Stage::Login,
                Stage::Sender,
                Stage::Recipient,
                Stage::Data,
            ] {
                assert_eq!(answer_limit(stage, timeout), timeout, "{stage:?}");
            }
        }
    }
}

//! The commands of the simulated mail server.

use crate::simulator::smtp::command::Command;

#[test]
fn commands_are_parsed_in_any_case_and_with_their_parameters() {
    for (line, command) in [
        ("EHLO here", Command::Hello { extended: true }),
        ("helo here", Command::Hello { extended: false }),
        ("EHLO", Command::Malformed),
        ("MAIL FROM:<a@b.c>", Command::Mail { from: "a@b.c".into(), size: None, smtputf8: false }),
        (
            "mail from: <> BODY=8BITMIME SIZE=42 SmtpUtf8",
            Command::Mail { from: String::new(), size: Some(42), smtputf8: true },
        ),
        ("MAIL a@b.c", Command::Malformed),
        ("MAIL FROM:a@b.c", Command::Malformed),
        ("RCPT TO:<a@b.c> NOTIFY=NEVER", Command::Recipient("a@b.c".into())),
        ("RCPT TO:<>", Command::Malformed),
        ("RCPT é", Command::Malformed),
        ("DATA", Command::Data),
        ("RSET ", Command::Reset),
        ("NOOP anything", Command::Noop),
        ("QUIT", Command::Quit),
        ("STARTTLS", Command::StartTls),
        ("auth plain AA==", Command::Auth { mechanism: "PLAIN".into(), initial: Some("AA==".into()) }),
        ("AUTH LOGIN", Command::Auth { mechanism: "LOGIN".into(), initial: None }),
        ("AUTH", Command::Malformed),
        ("VRFY a", Command::Unknown),
        ("", Command::Unknown),
    ] {
        assert_eq!(Command::parse(line), command, "{line}");
    }
}

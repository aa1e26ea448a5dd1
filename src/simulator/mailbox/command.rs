//! SMTP's commands (RFC 5321, 4.1; RFC 3207; RFC 4954), read from one line.

/// What the client wants.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// EHLO, or HELO when not `extended`.
    Hello {
        extended: bool,
    },
    /// `size` is the announced size.
    Mail {
        from: String,
        size: Option<usize>,
        smtputf8: bool,
    },
    Recipient(String),
    Data,
    Reset,
    Noop,
    Quit,
    StartTls,
    Auth {
        mechanism: String,
        initial: Option<String>,
    },
    /// A known verb with unreadable arguments.
    Malformed,
    Unknown,
}

impl Command {
    /// Reads one line without its end.
    pub(super) fn of(line: &str) -> Self {
        let (verb, rest) = line.trim_end().split_once(' ').unwrap_or((line.trim_end(), ""));
        let rest = rest.trim_start();
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" | "HELO" if rest.is_empty() => Self::Malformed,
            "EHLO" => Self::Hello { extended: true },
            "HELO" => Self::Hello { extended: false },
            "MAIL" => path(rest, "FROM:").map_or(Self::Malformed, |(from, parameters)| Self::Mail {
                from,
                size: parameters.split(' ').find_map(size),
                smtputf8: parameters.split(' ').any(|parameter| parameter.eq_ignore_ascii_case("SMTPUTF8")),
            }),
            "RCPT" => match path(rest, "TO:") {
                Some((to, _)) if !to.is_empty() => Self::Recipient(to),
                _ => Self::Malformed,
            },
            "DATA" => Self::Data,
            "RSET" => Self::Reset,
            "NOOP" => Self::Noop,
            "QUIT" => Self::Quit,
            "STARTTLS" => Self::StartTls,
            "AUTH" => {
                let mut words = rest.split(' ').filter(|word| !word.is_empty());
                match words.next() {
                    Some(mechanism) => Self::Auth {
                        mechanism: mechanism.to_ascii_uppercase(),
                        initial: words.next().map(str::to_owned),
                    },
                    None => Self::Malformed,
                }
            }
            _ => Self::Unknown,
        }
    }
}

/// The address in `FROM:<address> parameters`, and the parameters.
fn path<'a>(text: &'a str, keyword: &str) -> Option<(String, &'a str)> {
    let (head, rest) = text.split_at_checked(keyword.len())?;
    if !head.eq_ignore_ascii_case(keyword) {
        return None;
    }
    let (address, parameters) = rest.trim_start().strip_prefix('<')?.split_once('>')?;
    Some((address.to_owned(), parameters.trim()))
}

fn size(parameter: &str) -> Option<usize> {
    let (name, value) = parameter.split_once('=')?;
    if name.eq_ignore_ascii_case("SIZE") { value.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_in_any_case_and_with_their_parameters() {
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
            assert_eq!(Command::of(line), command, "{line}");
        }
    }
}

//! The commands of SMTP (RFC 5321, 4.1; RFC 3207; RFC 4954).

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// EHLO, or HELO if not `extended`.
    Hello {
        extended: bool,
    },
    /// `size` is the announced one.
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
    /// A known verb with invalid arguments.
    Malformed,
    Unknown,
}

impl Command {
    /// Parses one line without its end.
    pub(crate) fn parse(line: &str) -> Self {
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
    name.eq_ignore_ascii_case("SIZE").then(|| value.parse().ok())?
}

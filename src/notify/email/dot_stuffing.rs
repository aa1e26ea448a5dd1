//! Dot stuffing: a mail as it is sent after DATA (RFC 5321, section 4.5.2).
//!
//! Guarantees: pure; every line ends in CRLF, no line is a single dot, and no bare CR or LF remains that another server
//! could read as a line end (SMTP smuggling).

/// `mail` with every line end as CRLF and leading dots doubled; ends with a line end, without the final dot.
pub(super) fn dot_stuffed(mail: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(mail.len() + mail.len() / 32 + 2);
    let (mut at_line_start, mut previous) = (true, 0);
    for &byte in mail {
        match byte {
            b'\n' if previous == b'\r' => {}
            b'\r' | b'\n' => {
                wire.extend_from_slice(b"\r\n");
                at_line_start = true;
            }
            _ => {
                if byte == b'.' && at_line_start {
                    wire.push(b'.');
                }
                wire.push(byte);
                at_line_start = false;
            }
        }
        previous = byte;
    }
    if !at_line_start {
        wire.extend_from_slice(b"\r\n");
    }
    wire
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dots_are_doubled_and_line_ends_become_crlf() {
        for (mail, wire) in [
            ("a\r\nb\r\n", "a\r\nb\r\n"),
            ("a", "a\r\n"),
            (".\r\n..\r\nx.\r\n", "..\r\n...\r\nx.\r\n"),
            ("a\n.\nb\r.\rc", "a\r\n..\r\nb\r\n..\r\nc\r\n"),
            ("\r\r\n\n", "\r\n\r\n\r\n"),
            ("", ""),
        ] {
            assert_eq!(String::from_utf8(dot_stuffed(mail.as_bytes())).unwrap(), wire, "{mail:?}");
        }
    }

    proptest! {
        #[test]
        fn no_line_of_a_mail_ends_it_early(mail in prop::collection::vec(prop_oneof![Just(b'.'), Just(b'\r'), Just(b'\n'), any::<u8>()], 0..300)) {
            let wire = dot_stuffed(&mail);
            let text: Vec<_> = wire.split(|byte| *byte == b'\n').collect();
            let (last, lines) = text.split_last().unwrap();
            prop_assert!(last.is_empty());
            for line in lines {
                let (end, line) = line.split_last().unwrap();
                prop_assert_eq!(*end, b'\r');
                prop_assert!(!line.contains(&b'\r'));
                prop_assert!(line != b".");
            }
        }
    }
}

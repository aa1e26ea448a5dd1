//! A mail as it travels after DATA (RFC 5321, section 4.5.2).
//!
//! Guarantees: pure; every line ends in CRLF, no line is a lone dot, and no bare CR or LF is left that another server
//! could take for a line end (smuggled commands).

/// `mail` with its line ends made CRLF and its leading dots doubled; ends with a line end, without the final dot.
pub(super) fn stuffed(mail: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(mail.len() + mail.len() / 32 + 2);
    let mut at_line_start = true;
    let mut bytes = mail.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte == b'\r' || byte == b'\n' {
            if byte == b'\r' {
                bytes.next_if_eq(&b'\n');
            }
            wire.extend_from_slice(b"\r\n");
            at_line_start = true;
            continue;
        }
        if byte == b'.' && at_line_start {
            wire.push(b'.');
        }
        wire.push(byte);
        at_line_start = false;
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
    fn dots_are_doubled_and_line_ends_made_whole() {
        for (mail, wire) in [
            ("a\r\nb\r\n", "a\r\nb\r\n"),
            ("a", "a\r\n"),
            (".\r\n..\r\nx.\r\n", "..\r\n...\r\nx.\r\n"),
            ("a\n.\nb\r.\rc", "a\r\n..\r\nb\r\n..\r\nc\r\n"),
            ("\r\r\n\n", "\r\n\r\n\r\n"),
            ("", ""),
        ] {
            assert_eq!(String::from_utf8(stuffed(mail.as_bytes())).unwrap(), wire, "{mail:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_in_a_mail_ends_it_early(mail in prop::collection::vec(prop_oneof![Just(b'.'), Just(b'\r'), Just(b'\n'), any::<u8>()], 0..300)) {
            let wire = stuffed(&mail);
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

//! Parses the mails of this program: unfolding, encoded words, parts, quoted-printable.

/// A parsed mail.
pub(super) struct Parsed {
    /// Names with unfolded, decoded values, in order.
    pub(super) headers: Vec<(String, String)>,
    /// Each part's content type and decoded content.
    pub(super) parts: Vec<(String, String)>,
}

impl Parsed {
    pub(super) fn of(raw: &[u8]) -> Self {
        let raw = std::str::from_utf8(raw).unwrap();
        let (head, body) = raw.split_once("\r\n\r\n").unwrap();
        let headers = headers(head);
        let boundary = value(&headers, "Content-Type").split_once("boundary=").unwrap().1;
        let boundary = boundary.trim_matches('"').split('"').next().unwrap();
        let delimiter = format!("--{boundary}");
        let closed = body.trim_end().strip_suffix("--").expect("the last boundary closes the mail");
        let parts = closed.split(&delimiter).filter(|part| !part.trim().is_empty()).map(part).collect();
        Self { headers, parts }
    }

    /// The only header of that name.
    pub(super) fn header(&self, name: &str) -> &str {
        value(&self.headers, name)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|(header, _)| header.eq_ignore_ascii_case(name))
    }

    pub(super) fn text(&self) -> &str {
        self.content("text/plain")
    }

    pub(super) fn html(&self) -> &str {
        self.content("text/html")
    }

    fn content(&self, kind: &str) -> &str {
        &self.parts.iter().find(|(found, _)| found.starts_with(kind)).unwrap().1
    }
}

fn value<'a>(headers: &'a [(String, String)], name: &str) -> &'a str {
    let found: Vec<_> = headers.iter().filter(|(header, _)| header.eq_ignore_ascii_case(name)).collect();
    assert_eq!(found.len(), 1, "{name} occurs once in {headers:?}");
    &found[0].1
}

fn headers(head: &str) -> Vec<(String, String)> {
    let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    unfolded
        .split("\r\n")
        .map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_owned(), encoded_words(value))
        })
        .collect()
}

/// RFC 2047: `=?utf-8?b?…?=`; white space between two encoded words is ignored.
fn encoded_words(value: &str) -> String {
    let value = value.replace("?= =?", "?==?");
    let (mut decoded, mut rest) = (String::new(), value.as_str());
    while let Some((before, after)) = rest.split_once("=?utf-8?b?") {
        let (word, tail) = after.split_once("?=").unwrap();
        decoded.push_str(before);
        decoded.push_str(&String::from_utf8(base64(word)).unwrap());
        rest = tail;
    }
    decoded + rest
}

fn base64(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for byte in text.bytes().filter(|byte| *byte != b'=') {
        let six = ALPHABET.iter().position(|letter| *letter == byte).unwrap();
        bits = bits << 6 | u32::try_from(six).unwrap();
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).unwrap());
        }
    }
    bytes
}

fn part(part: &str) -> (String, String) {
    let (head, body) = part.trim_start_matches("\r\n").split_once("\r\n\r\n").unwrap();
    let headers = headers(head);
    assert_eq!(value(&headers, "Content-Transfer-Encoding"), "quoted-printable");
    let body = body.strip_suffix("\r\n").unwrap_or(body);
    (value(&headers, "Content-Type").to_owned(), quoted_printable(body))
}

fn quoted_printable(body: &str) -> String {
    let joined = body.replace("=\r\n", "").replace("\r\n", "\n");
    let (mut bytes, mut rest) = (Vec::new(), joined.as_bytes());
    while let [first, tail @ ..] = rest {
        if let (b'=', [high, low, after @ ..]) = (first, tail) {
            let code = String::from_utf8(vec![*high, *low]).unwrap();
            bytes.push(u8::from_str_radix(&code, 16).unwrap());
            rest = after;
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).unwrap().replace("\r\n", "\n")
}

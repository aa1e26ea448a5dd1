//! Faults of a mail server, a webhook receiver or an API by name, with one sentence each.
//!
//! For tests that go through all of them, and for an engineer who starts a faulty peer by hand (`examples/simulator.rs`).

use std::time::Duration;

use super::faulty_http::HttpFault;
use super::simulator::{InjectedFault, SmtpStage};

#[derive(Clone, Copy, Debug)]
pub(crate) struct NamedFault<F> {
    pub(crate) name: &'static str,
    /// What the peer does.
    pub(crate) sentence: &'static str,
    pub(crate) fault: F,
}

impl<F: Copy> NamedFault<F> {
    pub(crate) fn find(faults: &[Self], name: &str) -> Option<Self> {
        faults.iter().find(|fault| fault.name == name).copied()
    }
}

const fn http(name: &'static str, fault: HttpFault, sentence: &'static str) -> NamedFault<HttpFault> {
    NamedFault { name, sentence, fault }
}

const fn mail(name: &'static str, fault: InjectedFault, sentence: &'static str) -> NamedFault<InjectedFault> {
    NamedFault { name, sentence, fault }
}

/// Between two pieces of a drip: many pieces within each time-out, few for the machine.
const DRIP: Duration = Duration::from_millis(100);
/// Longer than the default time-outs of receivers and API (15 s).
const SLOW: Duration = Duration::from_secs(20);
/// Longer than the usual time-out of a mail client, and far within the ten minutes of RFC 5321 for the final dot.
const SLOW_DOT: Duration = Duration::from_secs(31);
const FLOOD: &[u8] = &[b'a'; 4096];
const FLOOD_OF_HEADERS: &[u8] =
    b"x-flood: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n";

/// Faults of a webhook receiver or an API.
pub(crate) const HTTP_FAULTS: &[NamedFault<HttpFault>] = &[
    http("silence", HttpFault::Silence, "reads the request and never answers"),
    http("no-answer", HttpFault::Close, "reads the request and closes the connection without an answer"),
    http("slow-answer", HttpFault::Delay(SLOW), "sends the correct answer after 20 s"),
    http("early-answer", HttpFault::Early, "answers 200 before it gets a request"),
    http(
        "stale-connection",
        HttpFault::Stale,
        "answers the first request of each connection correctly and closes the connection at the second",
    ),
    http("garbage", HttpFault::Say(b"\x15\x03\x03\0\x02\x02Fsorry\r\n"), "answers with bytes that are not HTTP"),
    http("mail-server", HttpFault::Say(b"220 mail.example.com ESMTP\r\n"), "answers with the greeting of a mail server"),
    http(
        "interim-only",
        HttpFault::Say(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n"),
        "sends interim answers (1xx) and closes the connection",
    ),
    http(
        "interim",
        HttpFault::Head("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n"),
        "sends an interim answer (103) before the correct one",
    ),
    http(
        "broken-headers",
        HttpFault::Head(
            "HTTP/1.1 200 OK\r\nX-A : a\r\nx-b: 1\r\n folded\r\nno colon\r\n: no name\r\nx-c: \u{1}\r\n",
        ),
        "answers 200 with a space before a colon, a folded line, lines without colon or name, and control characters",
    ),
    http(
        "invalid-length",
        HttpFault::Say(b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\ncontent-length: many\r\n\r\n{}"),
        "answers 200 with invalid lengths",
    ),
    http(
        "invalid-encoding",
        HttpFault::Say(b"HTTP/1.1 200 OK\r\ntransfer-encoding: nonsense\r\n\r\n{}"),
        "answers 200 with an unknown transfer encoding",
    ),
    http(
        "broken-chunks",
        HttpFault::Say(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\n{}\r\n"),
        "answers 200 with chunks whose size is not a number",
    ),
    http("line-feeds", HttpFault::Say(b"HTTP/1.0 200\n\n{}"), "answers 200 in HTTP/1.0, without a reason, lines ended by LF"),
    http(
        "cut-status",
        HttpFault::Say(b"HTTP/1.1 200 OK\r\n"),
        "closes the connection after a status line of 200",
    ),
    http("cut-body", HttpFault::CutBody, "closes the connection in the middle of a correct body"),
    http(
        "endless-interim",
        HttpFault::Flood { begin: b"", piece: b"HTTP/1.1 100 Continue\r\n\r\n", pause: Duration::ZERO },
        "sends endless interim answers, as fast as they are read",
    ),
    http(
        "endless-head",
        HttpFault::Flood { begin: b"HTTP/1.1 200 OK\r\n", piece: FLOOD_OF_HEADERS, pause: Duration::ZERO },
        "answers 200 with endless headers, as fast as they are read",
    ),
    http(
        "endless-body",
        HttpFault::Flood { begin: b"HTTP/1.1 200 OK\r\n\r\n", piece: FLOOD, pause: Duration::ZERO },
        "answers 200 with an endless body, as fast as it is read",
    ),
    http(
        "endless-refusal",
        HttpFault::Flood { begin: b"HTTP/1.1 404 Not Found\r\n\r\n", piece: FLOOD, pause: Duration::ZERO },
        "answers 404 with an endless body, as fast as it is read",
    ),
    http(
        "dripping-status",
        HttpFault::Flood { begin: b"HTTP/1.1 ", piece: b" ", pause: DRIP },
        "begins a status line and drips blanks, ten a second, indefinitely",
    ),
    http(
        "dripping-head",
        HttpFault::Flood { begin: b"HTTP/1.1 200 OK\r\nx: ", piece: b"a", pause: DRIP },
        "answers 200 and drips a header, ten bytes a second, indefinitely",
    ),
    http(
        "dripping-body",
        HttpFault::Flood { begin: b"HTTP/1.1 200 OK\r\n\r\n", piece: b" ", pause: DRIP },
        "answers 200 and drips a body, ten bytes a second, indefinitely",
    ),
    http(
        "redirect",
        HttpFault::Say(b"HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:9/elsewhere\r\ncontent-length: 0\r\n\r\n"),
        "redirects the client",
    ),
    http("echo", HttpFault::Echo, "answers 404 and repeats the request's head in its reason, headers and body"),
    http(
        "blocked",
        HttpFault::Say(b"HTTP/1.1 403 Forbidden\r\ncontent-type: text/html\r\n\r\n<h1>Error 1010</h1>"),
        "answers 403 with a page, as the protection in front of a service does",
    ),
    http(
        "endless-wait",
        HttpFault::Say(b"HTTP/1.1 429 Too Many\r\nretry-after: 99999999999999999999\r\ncontent-length: 0\r\n\r\n"),
        "answers 429 with a Retry-After of more than a trillion years",
    ),
];

/// Faults of a mail server.
pub(crate) const MAIL_FAULTS: &[NamedFault<InjectedFault>] = &[
    mail(
        "early-plain-text",
        InjectedFault::say(
            SmtpStage::StartTls,
            b"220 ready\r\n250 x\r\n235 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n250 queued\r\n",
        ),
        "sends all its later replies in plain text together with its agreement to STARTTLS (self-signed certificate)",
    ),
    mail(
        "answers-ahead",
        InjectedFault::say(SmtpStage::Sender, b"250 ok\r\n250 ok\r\n354 go\r\n250 queued\r\n"),
        "answers MAIL and all later commands at once",
    ),
    mail(
        "not-smtp",
        InjectedFault::say(SmtpStage::Connect, b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        "greets like a web server",
    ),
    mail(
        "endless-greeting",
        InjectedFault::flood(SmtpStage::Connect, b"220 aaaaaaaa"),
        "greets with an endless line",
    ),
    mail(
        "endless-reply",
        InjectedFault::flood(SmtpStage::Hello, b"250-x\r\n"),
        "answers EHLO with endless lines",
    ),
    mail("silent-greeting", InjectedFault::hang(SmtpStage::Connect), "never greets"),
    mail("slow-greeting", InjectedFault::delay(SmtpStage::Connect, SLOW), "greets after 20 s"),
    mail(
        "slow-dot",
        InjectedFault::delay(SmtpStage::Content, SLOW_DOT),
        "accepts the mail and confirms it after 31 s",
    ),
    mail("silent-dot", InjectedFault::hang(SmtpStage::Content), "accepts the mail and never confirms it"),
    mail(
        "cut-dot",
        InjectedFault::drop(SmtpStage::Content),
        "accepts the mail and closes the connection without a reply",
    ),
    mail(
        "not-utf8",
        InjectedFault::say(SmtpStage::Content, b"250 f\xfcr Sie angenommen\r\n"),
        "confirms the mail in Latin-1",
    ),
    mail(
        "bare-code",
        InjectedFault::say(SmtpStage::Sender, b"250\r\n"),
        "answers MAIL with a code and nothing else",
    ),
    mail(
        "refusal-in-latin-1",
        InjectedFault::say(SmtpStage::Recipient, b"550 kein Empf\xe4nger\r\n"),
        "refuses each recipient in Latin-1",
    ),
    mail(
        "accepted-at-data",
        InjectedFault::say(SmtpStage::Data, b"250 ok\r\n"),
        "answers DATA with 250 instead of 354",
    ),
    mail(
        "go-ahead-after-dot",
        InjectedFault::say(SmtpStage::Content, b"354 go ahead\r\n"),
        "answers the final dot with 354 instead of 250",
    ),
    mail(
        "hello-refused",
        InjectedFault::say(
            SmtpStage::Recipient,
            b"504 5.5.2 Helo command rejected: need fully-qualified hostname\r\n",
        ),
        "refuses at RCPT the name that the client gave at EHLO",
    ),
    mail(
        "daily-limit",
        InjectedFault::say(SmtpStage::Recipient, b"550 5.4.5 Daily sending limit exceeded\r\n"),
        "refuses each recipient for today",
    ),
    mail("login-refused", InjectedFault::refuse(SmtpStage::Login, 535), "refuses every login"),
    mail("busy", InjectedFault::refuse(SmtpStage::Connect, 421), "greets with 421 and closes the connection"),
];

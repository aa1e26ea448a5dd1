//! Named lies: what a mail server, a webhook receiver or an API does wrong, one sentence each.
//!
//! For tests that go through all of them, and for an engineer who starts a lying peer by hand (`examples/simulator.rs`).

use std::time::Duration;

use super::lying_http::HttpLie;
use super::mailbox::{Stage, Trouble};

/// One way to misbehave.
#[derive(Clone, Copy, Debug)]
pub struct Lie<A> {
    /// As it is typed.
    pub name: &'static str,
    /// What the peer does.
    pub sentence: &'static str,
    /// The same for the server that does it.
    pub act: A,
}

impl<A: Copy> Lie<A> {
    /// The one of that name.
    pub fn find(lies: &[Self], name: &str) -> Option<Self> {
        lies.iter().find(|lie| lie.name == name).copied()
    }
}

const fn http(name: &'static str, act: HttpLie, sentence: &'static str) -> Lie<HttpLie> {
    Lie { name, sentence, act }
}

const fn mail(name: &'static str, act: Trouble, sentence: &'static str) -> Lie<Trouble> {
    Lie { name, sentence, act }
}

/// Between two pieces of a drip: many within each time-out, few for the machine.
const DRIP: Duration = Duration::from_millis(100);
/// Longer than the default time-outs of receivers and API (15 s).
const SLOW: Duration = Duration::from_secs(20);
/// Longer than the usual time-out of a mail client, and far within the ten minutes of RFC 5321 for the final dot.
const SLOW_DOT: Duration = Duration::from_secs(31);
/// One piece of a flood.
const FLOOD: &[u8] = &[b'a'; 4096];
/// The same as header lines.
const FLOOD_OF_HEADERS: &[u8] =
    b"x-flood: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n";

/// What a webhook receiver and an API do wrong over HTTP.
pub const HTTP_LIES: &[Lie<HttpLie>] = &[
    http("silence", HttpLie::Silence, "reads the request and never answers"),
    http("no-answer", HttpLie::Close, "reads the request and closes the connection without an answer"),
    http("slow-answer", HttpLie::Delay(SLOW), "answers rightly, but only after 20 s"),
    http("early-answer", HttpLie::Early, "answers 200 before it was asked anything"),
    http(
        "stale-connection",
        HttpLie::Stale,
        "answers the first request of each connection rightly and closes the connection under the second",
    ),
    http("garbage", HttpLie::Say(b"\x15\x03\x03\0\x02\x02Fsorry\r\n"), "answers with bytes that are no HTTP"),
    http("mail-server", HttpLie::Say(b"220 mail.example.com ESMTP\r\n"), "answers as a mail server greets"),
    http(
        "interim-only",
        HttpLie::Say(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n"),
        "sends interim answers (1xx) and then closes",
    ),
    http(
        "interim",
        HttpLie::Right("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n"),
        "sends an interim answer (103) before the right one",
    ),
    http(
        "broken-headers",
        HttpLie::Right(
            "HTTP/1.1 200 OK\r\nX-A : a\r\nx-b: 1\r\n folded\r\nno colon\r\n: no name\r\nx-c: \u{1}\r\n",
        ),
        "answers 200 with a space before a colon, a folded line, lines without colon or name, and control characters",
    ),
    http(
        "invalid-length",
        HttpLie::Say(b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\ncontent-length: many\r\n\r\n{}"),
        "answers 200 with lengths that are none",
    ),
    http(
        "invalid-encoding",
        HttpLie::Say(b"HTTP/1.1 200 OK\r\ntransfer-encoding: nonsense\r\n\r\n{}"),
        "answers 200 with a transfer encoding that nobody knows",
    ),
    http(
        "broken-chunks",
        HttpLie::Say(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\n{}\r\n"),
        "answers 200 with chunks whose size is no number",
    ),
    http("line-feeds", HttpLie::Say(b"HTTP/1.0 200\n\n{}"), "answers 200 in HTTP/1.0, without a reason, lines ended by LF"),
    http(
        "cut-status",
        HttpLie::Say(b"HTTP/1.1 200 OK\r\n"),
        "closes the connection right behind a status line of 200",
    ),
    http("cut-body", HttpLie::CutBody, "closes the connection in the middle of a right body"),
    http(
        "endless-interim",
        HttpLie::Flood { begin: b"", piece: b"HTTP/1.1 100 Continue\r\n\r\n", pause: Duration::ZERO },
        "sends interim answers without an end, as fast as they are read",
    ),
    http(
        "endless-head",
        HttpLie::Flood { begin: b"HTTP/1.1 200 OK\r\n", piece: FLOOD_OF_HEADERS, pause: Duration::ZERO },
        "answers 200 with headers without an end, as fast as they are read",
    ),
    http(
        "endless-body",
        HttpLie::Flood { begin: b"HTTP/1.1 200 OK\r\n\r\n", piece: FLOOD, pause: Duration::ZERO },
        "answers 200 with a body without an end, as fast as it is read",
    ),
    http(
        "endless-refusal",
        HttpLie::Flood { begin: b"HTTP/1.1 404 Not Found\r\n\r\n", piece: FLOOD, pause: Duration::ZERO },
        "answers 404 with a body without an end, as fast as it is read",
    ),
    http(
        "dripping-status",
        HttpLie::Flood { begin: b"HTTP/1.1 ", piece: b" ", pause: DRIP },
        "begins a status line and drips blanks, ten a second, without an end",
    ),
    http(
        "dripping-head",
        HttpLie::Flood { begin: b"HTTP/1.1 200 OK\r\nx: ", piece: b"a", pause: DRIP },
        "answers 200 and drips a header, ten bytes a second, without an end",
    ),
    http(
        "dripping-body",
        HttpLie::Flood { begin: b"HTTP/1.1 200 OK\r\n\r\n", piece: b" ", pause: DRIP },
        "answers 200 and drips a body, ten bytes a second, without an end",
    ),
    http(
        "redirect",
        HttpLie::Say(b"HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:9/elsewhere\r\ncontent-length: 0\r\n\r\n"),
        "sends the client elsewhere",
    ),
    http("echo", HttpLie::Echo, "answers 404 and repeats the request's head in its reason, headers and body"),
    http(
        "blocked",
        HttpLie::Say(b"HTTP/1.1 403 Forbidden\r\ncontent-type: text/html\r\n\r\n<h1>Error 1010</h1>"),
        "answers 403 with a page, as the protection in front of a service does",
    ),
    http(
        "wait-for-ever",
        HttpLie::Say(b"HTTP/1.1 429 Too Many\r\nretry-after: 99999999999999999999\r\ncontent-length: 0\r\n\r\n"),
        "answers 429 and wants to be left alone for longer than there is time",
    ),
];

/// What a mail server does wrong.
pub const MAIL_LIES: &[Lie<Trouble>] = &[
    mail(
        "early-plain-text",
        Trouble::say(
            Stage::StartTls,
            b"220 ready\r\n250 x\r\n235 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n250 queued\r\n",
        ),
        "sends, with its agreement to STARTTLS, all its later replies in plain text (self-signed certificate)",
    ),
    mail(
        "answers-ahead",
        Trouble::say(Stage::Sender, b"250 ok\r\n250 ok\r\n354 go\r\n250 queued\r\n"),
        "answers MAIL, and all that would follow, at once",
    ),
    mail(
        "not-smtp",
        Trouble::say(Stage::Connect, b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        "greets as a web server",
    ),
    mail(
        "endless-greeting",
        Trouble::flood(Stage::Connect, b"220 aaaaaaaa"),
        "greets with a line without an end",
    ),
    mail(
        "endless-reply",
        Trouble::flood(Stage::Hello, b"250-x\r\n"),
        "answers EHLO with lines without an end",
    ),
    mail("silent-greeting", Trouble::hang(Stage::Connect), "never greets"),
    mail("slow-greeting", Trouble::delay(Stage::Connect, SLOW), "greets after 20 s"),
    mail("slow-dot", Trouble::delay(Stage::Content, SLOW_DOT), "takes the mail and says so after 31 s"),
    mail("silent-dot", Trouble::hang(Stage::Content), "takes the mail and never says so"),
    mail(
        "cut-dot",
        Trouble::drop(Stage::Content),
        "takes the mail and closes the connection without a reply",
    ),
    mail(
        "not-utf8",
        Trouble::say(Stage::Content, b"250 f\xfcr Sie angenommen\r\n"),
        "takes the mail in Latin-1",
    ),
    mail("bare-code", Trouble::say(Stage::Sender, b"250\r\n"), "answers MAIL with a code and nothing else"),
    mail(
        "refusal-in-latin-1",
        Trouble::say(Stage::Recipient, b"550 kein Empf\xe4nger\r\n"),
        "refuses each recipient in Latin-1",
    ),
    mail("taken-at-data", Trouble::say(Stage::Data, b"250 ok\r\n"), "answers DATA with 250 instead of 354"),
    mail(
        "go-ahead-after-dot",
        Trouble::say(Stage::Content, b"354 go ahead\r\n"),
        "answers the final dot with 354 instead of 250",
    ),
    mail(
        "hello-refused",
        Trouble::say(Stage::Recipient, b"504 5.5.2 Helo command rejected: need fully-qualified hostname\r\n"),
        "refuses at RCPT the name that was given at EHLO",
    ),
    mail(
        "daily-limit",
        Trouble::say(Stage::Recipient, b"550 5.4.5 Daily sending limit exceeded\r\n"),
        "refuses each recipient for today",
    ),
    mail("login-refused", Trouble::refuse(Stage::Login, 535), "refuses every log-in"),
    mail("busy", Trouble::refuse(Stage::Connect, 421), "greets with 421 and closes the connection"),
];

//! Mails: whole (snapshots), parsed back, and with hostile names.

use chrono::TimeDelta;

use super::parsed::Parsed;
use crate::config::{Channel, Email};
use crate::domain::alerts::{AlertKind, Severity};
use crate::domain::message::{LIMIT, Message, MessageId, Reason};
use crate::domain::time_zone::TimeZone;
use crate::domain::verdict::Verdict;
use crate::notify;
use crate::notify::tests::samples::{self, email, expiry, id, message};

fn rendered(message: &Message, email: Email, thread: &[MessageId]) -> Vec<u8> {
    notify::render(message, &id(), &samples::receiver(Channel::Email(email)), thread).unwrap()
}

fn raw(message: &Message) -> Vec<u8> {
    rendered(message, email(), &[])
}

fn mail(message: &Message) -> Parsed {
    Parsed::of(&raw(message))
}

fn subject(message: &Message) -> String {
    mail(message).header("Subject").to_owned()
}

/// The allowed elements: none loads, runs or submits anything.
const ELEMENTS: [&str; 18] = [
    "!DOCTYPE", "html", "head", "meta", "title", "body", "div", "h1", "h2", "h3", "p", "ul", "ol", "li",
    "strong", "code", "a", "br",
];

#[test]
fn every_mail_matches_its_snapshots() {
    for (name, message) in samples::all() {
        let mail = mail(&message);
        let shown = format!("Subject: {}\n\n{}", mail.header("Subject"), mail.text());
        insta::with_settings!({prepend_module_to_snapshot => false, snapshot_path => "../snapshots"}, {
            insta::assert_snapshot!(format!("{name}.txt"), shown);
            insta::assert_snapshot!(format!("{name}.html"), mail.html());
        });
    }
}

#[test]
fn mail_to_a_receiver_in_another_zone_shows_its_time_beside_utc() {
    let mut receiver = samples::receiver(Channel::Email(email()));
    receiver.timezone = TimeZone::named("Europe/Berlin").unwrap();
    let message = message(vec![expiry(TimeDelta::days(3), "3d", Reason::Opened)], Vec::new());
    let mail = Parsed::of(&notify::render(&message, &id(), &receiver, &[]).unwrap());
    for time in [
        "Token expires 2026-11-26 03:00 UTC, 04:00 CET (in 3 days)",
        "Firing since  2026-11-19 03:00 UTC, 04:00 CET (4 days ago)",
        "Sent by minimax-watch to receiver ops-mail at 2026-11-23 03:00 UTC, 04:00\nCET.",
    ] {
        assert!(mail.text().contains(time), "{}", mail.text());
    }
    for time in ["2026-11-26 03:00 UTC, 04:00 CET (in 3 days)", "at 2026-11-23 03:00 UTC, 04:00 CET"] {
        assert!(mail.html().contains(time), "{}", mail.html());
    }
}

#[test]
fn mail_has_the_headers_of_an_automatic_message() {
    let mail = mail(&message(vec![expiry(TimeDelta::zero(), "expired", Reason::Opened)], Vec::new()));
    for (name, value) in [
        ("From", "minimax-watch <watch@example.com>"),
        ("To", "ops@example.com, Zoë Ops <zoe@example.com>"),
        ("Subject", "[CRITICAL] studio-a: token expired"),
        ("Date", "Mon, 23 Nov 2026 03:00:00 +0000"),
        ("Message-ID", "<01JDABCDEFGHJKMNPQRSTVWXYZ@example.com>"),
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "All"),
        ("Importance", "high"),
        ("MIME-Version", "1.0"),
    ] {
        assert_eq!(mail.header(name).replace('"', ""), value, "{name}");
    }
    assert!(mail.header("Content-Type").starts_with("multipart/alternative;"));
    let kinds: Vec<_> = mail.parts.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["text/plain; charset=utf-8", "text/html; charset=utf-8"]);
    for absent in ["In-Reply-To", "References", "Precedence", "Bcc"] {
        assert!(!mail.has(absent), "{absent}");
    }
}

#[test]
fn later_mail_joins_the_thread_with_at_most_ten_references() {
    let thread: Vec<_> = (0..12).map(|number| MessageId::new(format!("01FIRST{number:02}"))).collect();
    let with_itself = [vec![id()], thread].concat();
    let mail = rendered(&samples::mixed(), email(), &with_itself);
    let mail = Parsed::of(&mail);
    assert_eq!(mail.header("In-Reply-To"), "<01FIRST00@example.com>");
    let references: Vec<_> = mail.header("References").split_whitespace().collect();
    assert_eq!(references.len(), 10);
    assert_eq!(references.last(), Some(&"<01FIRST09@example.com>"));
}

#[test]
fn international_sender_has_an_ascii_message_id() {
    let mut email = email();
    email.from = "watch@bücher.example".parse().unwrap();
    let mail = rendered(&samples::mixed(), email, &[]);
    let ascii = format!("Message-ID: <{}@xn--bcher-kva.example>\r\n", id());
    assert!(String::from_utf8_lossy(&mail).contains(&ascii));
}

#[test]
fn same_message_gives_the_same_bytes_in_short_seven_bit_lines() {
    for (name, message) in samples::all() {
        let raw = raw(&message);
        assert_eq!(raw, self::raw(&message), "{name}");
        assert!(raw.is_ascii(), "{name}");
        for line in String::from_utf8(raw).unwrap().split("\r\n") {
            assert!(line.len() <= 100, "{name}: {line}");
            assert!(!line.contains(['\r', '\n']), "{name}: bare line end in {line:?}");
        }
    }
}

#[test]
fn email_receiver_gets_a_mail() {
    let receiver = samples::receiver(Channel::Email(email()));
    let body = notify::render(&samples::mixed(), &id(), &receiver, &[]).unwrap();
    assert_eq!(body, raw(&samples::mixed()));
}

#[test]
fn subject_begins_with_the_cause() {
    let now = |left| message(vec![expiry(left, "3d", Reason::Opened)], Vec::new());
    let find = |name| samples::all().into_iter().find(|(found, _)| found == name).unwrap().1;
    for (message, expected) in [
        (now(TimeDelta::zero()), "[CRITICAL] studio-a: token expired"),
        (now(TimeDelta::days(3)), "[WARNING] studio-a: token expires in 3 days"),
        (find("expiry-reminder"), "[CRITICAL] studio-a: token expired (reminder)"),
        (find("unauthorized"), "[CRITICAL] main: useapi.net refuses the API token (401), 3 accounts"),
        (find("expiry-resolved"), "[RESOLVED] studio-a: renewed, token now expires 2026-12-23 03:00 UTC"),
        (find("max-jobs-changed"), "[WARNING] studio-a: maxJobs 3 → 1"),
        (find("host-changed"), "[INFO] studio-a: jwt.host hailuoai.video → minimax.io"),
        (find("test"), "[TEST] minimax-watch reaches ops-mail"),
        (find("digest-well"), "[DIGEST] all 3 accounts well"),
        (find("digest-everything"), "[DIGEST] 3 of 120 accounts need attention, 2 messages not delivered"),
        (find("mixed"), "[CRITICAL] studio-1: token expired (and 75 more)"),
    ] {
        assert_eq!(subject(&message), expected);
    }
    for (name, message) in samples::all() {
        let subject = subject(&message);
        assert!(name == "hostile" || subject.chars().count() <= 78, "{name}: {subject}");
    }
}

#[test]
fn resolved_alert_does_not_raise_the_severity_of_the_subject() {
    let ended =
        samples::resolved(samples::alert(AlertKind::NotFound, Severity::Critical, TimeDelta::hours(1)));
    let warning = samples::alert(AlertKind::ExpiryUnknown, Severity::Warning, TimeDelta::zero());
    assert_eq!(
        subject(&message(vec![ended, warning], Vec::new())),
        "[WARNING] studio-a: the token's expiry is unknown (and 1 alert resolved)"
    );
}

#[test]
fn names_cannot_inject_headers_or_markup() {
    let mail = mail(&samples::hostile());
    assert!(!mail.has("Bcc"));
    assert_eq!(mail.parts.len(), 2);
    assert!(mail.header("Subject").contains("a\\u{d}\\u{a}Bcc: victim@example.com"), "escaped, on one line");
    for markup in ["<script", "<img", "</table><", "<b>", "<i>", "\u{202e}"] {
        assert!(!mail.html().contains(markup), "{markup}");
    }
    assert!(mail.html().contains("&lt;script&gt;") && mail.html().contains("a\\u{d}\\u{a}Bcc"));
    assert!(!mail.text().lines().any(|line| line.starts_with("Bcc:") || line == "QUIT" || line == "."));
}

#[test]
fn names_and_errors_in_a_digest_cannot_inject_markup() {
    let name = "a\r\nBcc: victim@example.com\r\n<script>alert('x')</script>\u{202e}";
    let failed = samples::failed("pager", "<img src=x>\r\n.\r\nQUIT", None);
    let accounts = [(name, Verdict::Ok), (name, Verdict::Critical)];
    let mail = mail(&samples::digest(&accounts, Vec::new(), vec![failed]));
    for markup in ["<script", "<img", "\u{202e}"] {
        assert!(!mail.html().contains(markup), "{markup}");
    }
    assert!(mail.html().contains("&lt;script&gt;") && mail.html().contains("&lt;img"));
    assert!(!mail.text().lines().any(|line| line.starts_with("Bcc:") || line == "QUIT" || line == "."));
}

#[test]
fn text_and_html_have_the_same_content() {
    for (name, message) in samples::all() {
        let mail = mail(&message);
        let html = letters_and_digits(&unmarked(mail.html()));
        for line in mail.text().lines() {
            let line = line.trim_start_matches("==").trim();
            let is_layout = line == "--" || line.is_empty();
            let numbered = line.split_once(". ").filter(|(number, _)| number.parse::<u8>().is_ok());
            let line = numbered.map_or(line, |(_, step)| step);
            assert!(
                is_layout || html.contains(&letters_and_digits(line)),
                "{name}: only in the text: {line}\n{html}"
            );
        }
    }
}

#[test]
fn text_keeps_its_width_except_for_long_words_and_commands() {
    for (name, message) in samples::all() {
        for line in mail(&message).text().lines() {
            // A command that is wrapped cannot be pasted.
            let is_command = line.starts_with("  minimax-watch ");
            let fits = line.chars().count() <= 76 || line.split_whitespace().count() == 1 || is_command;
            assert!(fits && line.trim_end().len() + 1 >= line.len(), "{name}: {line:?}");
        }
    }
}

#[test]
fn html_loads_nothing_and_declares_its_language() {
    for (name, message) in samples::all() {
        let html = mail(&message).html().to_owned();
        for tag in html.split('<').skip(1).map(|tag| tag.split('>').next().unwrap()) {
            let (element, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
            assert!(ELEMENTS.contains(&element.trim_start_matches('/')), "{name}: {tag}");
            assert!(
                !["src=", "url(", " on"].iter().any(|loading| attributes.contains(loading)),
                "{name}: {tag}"
            );
        }
        assert!(html.contains("<html lang=\"en\">") && html.contains("color-scheme"), "{name}");
    }
}

#[test]
fn largest_mail_stays_below_the_size_that_gmail_clips() {
    let alerts = samples::firing().into_iter().map(|(_, alert)| alert).cycle().take(LIMIT).collect();
    let changes: Vec<_> =
        samples::changes().into_iter().map(|(_, change)| change).cycle().take(LIMIT).collect();
    let accounts = vec![("studio-of-the-north", Verdict::Critical); LIMIT];
    let failed = vec![samples::failed("pager", "hooks.example.com answered 404: no such hook", None); LIMIT];
    for message in [message(alerts, changes.clone()), samples::digest(&accounts, changes, failed)] {
        let length = mail(&message).html().len();
        assert!(length < 100_000, "{length} bytes");
    }
}

/// Punctuation and layout may differ between text and HTML.
fn letters_and_digits(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

fn unmarked(html: &str) -> String {
    let (mut text, mut in_tag) = (String::new(), false);
    for c in html.chars() {
        match c {
            '<' => in_tag = true,
            '>' => in_tag = false,
            _ if !in_tag => text.push(c),
            _ => {}
        }
    }
    let entities =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#x27;", "'"), ("&#x2f;", "/"), ("&amp;", "&")];
    entities.iter().fold(text, |text, (entity, c)| text.replace(entity, c))
}

#[test]
fn advice_about_a_failing_receiver_covers_a_missing_fallback() {
    // Without `fallback` every other receiver is notified: the text must not claim that the reader is the fallback.
    let advice = include_str!("../../message/advice.jinja");
    assert!(advice.contains("because you are its fallback, or because it has none."), "{advice}");
    assert!(!advice.contains("because you are its fallback."));
}

//! Texts of the operator's own.

use crate::config::{Channel, OwnTemplate, OwnTemplates, Receiver};
use crate::notify::message::ChatText;
use crate::notify::tests::samples;
use crate::notify::{check_templates, render};

fn template(key: &'static str, source: &str) -> OwnTemplate {
    OwnTemplate { key, file: format!("/etc/watch/{key}").into(), source: source.to_owned() }
}

fn chat(source: &str) -> Receiver {
    let text = Some(template("text_template_file", source));
    let templates = OwnTemplates { text, ..OwnTemplates::default() };
    Receiver { templates, ..samples::receiver(samples::webhook()) }
}

fn problem(receiver: Receiver) -> String {
    check_templates(&[receiver]).unwrap_err().to_string()
}

#[test]
fn a_template_replaces_the_text_of_a_chat() {
    let receiver = chat(
        "{{ message.data.summary | bold }}\n\
         {% for section in sections %}{% for entry in section.entries %}{{ entry.tag }}: {{ entry.line }}\n{% endfor %}{% endfor %}",
    );
    check_templates(std::slice::from_ref(&receiver)).unwrap();
    let (_, message) = samples::all().into_iter().find(|(name, _)| name == "expiry").unwrap();
    let text = ChatText::new(&message, &receiver).unwrap();
    assert_eq!(
        ChatText::plain(&text.lines),
        format!(
            "{}\nWARNING: studio-a: token expires in 3 days (2026-11-26 03:00 UTC)",
            message.data.summary
        )
    );
    assert_eq!(text.title, "[WARNING] studio-a: token expires in 3 days");
}

#[test]
fn a_template_that_fails_for_one_message_gives_the_built_in_text_with_the_reason() {
    let receiver = chat("{{ message.data.alerts[11].id }}");
    let (_, message) = samples::all().into_iter().find(|(name, _)| name == "expiry").unwrap();
    let text = ChatText::plain(&ChatText::new(&message, &receiver).unwrap().lines);
    let note =
        "The template /etc/watch/text_template_file cannot be rendered for this message (undefined value";
    assert!(text.starts_with(note), "{text}");
    assert!(text.contains("This is the built-in text.\n\nWhen the token expires, useapi.net"), "{text}");
}

#[test]
fn each_part_of_a_mail_can_be_replaced_and_html_is_escaped() {
    let Channel::Email(email) = Channel::Email(samples::email()) else { panic!("a mail") };
    let templates = OwnTemplates {
        subject: Some(template("subject_template_file", "Watch:\n{{ headline }}")),
        text: Some(template("text_template_file", "T {{ headline }}")),
        html: Some(template("html_template_file", "<p>{{ headline }}</p>")),
    };
    let receiver = Receiver { templates, ..samples::receiver(Channel::Email(email)) };
    check_templates(std::slice::from_ref(&receiver)).unwrap();
    let mail = render(&samples::hostile(), &samples::id(), &receiver, &[]).unwrap();
    let mail = String::from_utf8(mail).unwrap().replace("=\r\n", "");
    assert!(mail.contains("Subject: Watch: a"), "{mail}");
    assert!(mail.contains("<p>a") && !mail.contains("<script>alert('x')</script>"), "{mail}");
    assert!(mail.contains("&lt;script&gt;"), "{mail}");
    assert!(!mail.contains("\r\nBcc:"), "{mail}");
}

#[test]
fn a_broken_template_is_a_problem_with_its_file_and_line() {
    for (source, expected) in [
        (
            "a\n{% if %}",
            "/etc/watch/text_template_file:2: text_template_file of receiver ops-mail: syntax error: ",
        ),
        (
            "a\n\n{{ nobody }}",
            "/etc/watch/text_template_file:3: text_template_file of receiver ops-mail: undefined value",
        ),
        (
            "{{ headline | shout }}",
            "/etc/watch/text_template_file:1: text_template_file of receiver ops-mail: unknown filter",
        ),
        ("{{ message.data.alerts[0].id }}", "undefined value (sample \"capability_lost\")"),
        ("{% if is_test %}x{% endif %}", "gives no text for the sample \"expiry firing\""),
        ("{% include 'other' %}", "template not found"),
    ] {
        let problem = problem(chat(source));
        assert!(problem.contains(expected), "{source}: {problem}");
    }
}

#[test]
fn the_built_in_texts_render_every_sample() {
    // As templates of an operator, so that what documents show as a beginning works.
    for (key, source) in [
        ("text_template_file", include_str!("../message/chat.jinja")),
        ("text_template_file", include_str!("../email/templates/mail.txt")),
        ("html_template_file", include_str!("../email/templates/mail.html")),
    ] {
        let templates = OwnTemplates { text: Some(template(key, source)), ..OwnTemplates::default() };
        check_templates(&[Receiver { templates, ..samples::receiver(samples::webhook()) }]).unwrap();
    }
}

#[test]
fn the_documented_template_renders_every_sample() {
    let page = include_str!("../../../docs/receivers.md");
    let (_, rest) = page.split_once("```jinja\n").unwrap();
    check_templates(&[chat(rest.split("```").next().unwrap())]).unwrap();
}

#[test]
fn a_template_without_an_end_is_a_problem() {
    let endless = "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}";
    let problem = problem(chat(endless));
    assert!(problem.contains("engine ran out of fuel"), "{problem}");
}

#[test]
fn values_that_a_template_prints_unaltered_become_visible() {
    let receiver = chat("{{ message.data.alerts[0].account.name }} {{ headline }}");
    let text = ChatText::plain(&ChatText::new(&samples::hostile(), &receiver).unwrap().lines);
    assert!(!text.contains(['\u{202e}', '\r']) && text.contains("\\u{202e}"), "{text}");
}

#[test]
fn a_mail_shows_no_marks_of_a_chat() {
    let text =
        Some(template("text_template_file", "{{ headline | bold }} {{ 'minimax-watch status' | code }}"));
    let templates = OwnTemplates { text, ..OwnTemplates::default() };
    let receiver = Receiver { templates, ..samples::receiver(Channel::Email(samples::email())) };
    let mail = render(&samples::mixed(), &samples::id(), &receiver, &[]).unwrap();
    let mail = String::from_utf8(mail).unwrap();
    assert!(
        mail.contains("minimax-watch status") && !mail.contains("=02") && !mail.contains("=03"),
        "{mail}"
    );
}

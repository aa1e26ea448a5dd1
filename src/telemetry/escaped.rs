//! Fields of log events with their texts escaped, for logs that people read: ids and errors come from outside and could forge lines or
//! drive a terminal.

use std::fmt;

use tracing::field::{Field, Visit};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::Writer;

use crate::domain::text::{one_line, shortened};

/// Characters of one text in a log. No sentence of this program is longer; a text that an error quotes may be.
const MAX_TEXT: usize = 4_000;

/// `text` on one line of bounded length, with everything that does not print escaped.
pub(super) fn escaped(text: &str) -> String {
    shortened(&one_line(text), MAX_TEXT)
}

/// Writes the message and the fields as `name=value`.
#[derive(Debug)]
pub(super) struct EscapedFields;

impl<'w> FormatFields<'w> for EscapedFields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'w>, fields: R) -> fmt::Result {
        write_fields(writer, fields, false)
    }
}

/// Writes the message, and unless `only_message` the fields.
pub(super) fn write_fields(writer: Writer<'_>, fields: impl RecordFields, only_message: bool) -> fmt::Result {
    let mut visitor = FieldWriter { writer, only_message, gap: "", result: Ok(()) };
    fields.record(&mut visitor);
    visitor.result
}

struct FieldWriter<'w> {
    writer: Writer<'w>,
    only_message: bool,
    gap: &'static str,
    result: fmt::Result,
}

impl Visit for FieldWriter<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let name = match field.name() {
            "message" => String::new(),
            _ if self.only_message => return,
            // Where in its source a library logged, by the `log` crate.
            name if name.starts_with("log.") => return,
            name => format!("{name}="),
        };
        let (gap, value) = (self.gap, escaped(&format!("{value:?}")));
        self.result = self.result.and_then(|()| write!(self.writer, "{gap}{name}{value}"));
        self.gap = " ";
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use proptest::prelude::*;
    use tracing_subscriber::fmt::MakeWriter;
    use tracing_subscriber::layer::SubscriberExt;

    use super::super::HumanFormat;
    use super::*;
    use crate::domain::text::is_invisible;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Log {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    fn logged(work: impl FnOnce()) -> String {
        let log = Log::default();
        let layer = tracing_subscriber::fmt::layer()
            .with_writer(log.clone())
            .with_ansi(false)
            .fmt_fields(EscapedFields)
            .event_format(HumanFormat::default());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), work);
        String::from_utf8(log.0.lock().unwrap().clone()).unwrap()
    }

    proptest! {
        #[test]
        fn each_event_is_one_printable_line_at_every_level(text in any::<String>()) {
            let lines = logged(|| {
                tracing::error!(account.id = %text, "account {text} failed");
                tracing::info!(text, number = 7, "seen {text}");
                tracing::debug!(account.id = %text, error = ?text, flag = true, number = -7, "checked {text}");
                tracing::trace!(text, half = 0.5, "{text}");
                tracing::warn!(target: "another", text, "of another crate: {text}");
            });
            prop_assert_eq!(lines.lines().count(), 5, "{}", &lines);
            prop_assert!(lines.ends_with('\n') && !lines.replace('\n', "").chars().any(is_invisible), "{:?}", &lines);
        }
    }

    #[test]
    fn escaped_characters_are_visible_and_other_fields_are_unchanged() {
        let line = logged(|| tracing::debug!(account.id = %"a\u{1b}[31m", number = 7, "checked a\nb"));
        for part in ["account.id=a\\u{1b}[31m", "number=7", "checked a b"] {
            assert!(line.contains(part), "{part}: {line}");
        }
    }
}

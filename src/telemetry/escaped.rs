//! Log events with their texts escaped, for logs that people read: ids and errors come from outside and could forge lines or
//! drive a terminal.

use std::fmt;

use tracing::field::{Field, Value, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use crate::domain::text::{is_unseen, one_line, shortened};

/// Characters of one text in a log. No sentence of ours is longer; what an error quotes may be.
const LONGEST: usize = 4_000;

/// Fields that an event may have (`tracing` knows no more).
const FIELDS: usize = 32;

/// Hands events on to another layer, their texts escaped. Spans are not made by this program.
#[derive(Debug)]
pub(super) struct Escaped<L>(pub(super) L);

impl<S: Subscriber, L: Layer<S>> Layer<S> for Escaped<L> {
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut texts = Texts::default();
        event.record(&mut texts);
        if texts.is_clean {
            return self.0.on_event(event, context);
        }
        let metadata = event.metadata();
        let values: Vec<(Field, &dyn Value)> =
            texts.values.iter().map(|(field, value)| (field.clone(), value.as_value())).collect();
        let Some(first) = metadata.fields().iter().next() else { return };
        // A set of values has a fixed length; what is left over repeats the first field without a value.
        let mut padded: [(&Field, Option<&dyn Value>); FIELDS] = [(&first, None); FIELDS];
        for (place, (field, value)) in padded.iter_mut().zip(&values) {
            *place = (field, Some(*value));
        }
        let fields = metadata.fields().value_set(&padded);
        self.0.on_event(&Event::new(metadata, &fields), context);
    }
}

/// One value of an event.
enum Recorded {
    Text(String),
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    Flag(bool),
}

impl Recorded {
    fn as_value(&self) -> &dyn Value {
        match self {
            Self::Text(text) => text,
            Self::Signed(number) => number,
            Self::Unsigned(number) => number,
            Self::Float(number) => number,
            Self::Flag(flag) => flag,
        }
    }
}

/// The values of an event, and whether none of its texts needs to be escaped.
struct Texts {
    values: Vec<(Field, Recorded)>,
    is_clean: bool,
}

impl Default for Texts {
    fn default() -> Self {
        Self { values: Vec::new(), is_clean: true }
    }
}

impl Texts {
    fn text(&mut self, field: &Field, text: &str) {
        let fits = text.len() <= LONGEST && !text.chars().any(is_unseen);
        self.is_clean &= fits;
        let text = if fits { text.to_owned() } else { shortened(&one_line(text), LONGEST) };
        self.values.push((field.clone(), Recorded::Text(text)));
    }
}

impl Visit for Texts {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.text(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.values.push((field.clone(), Recorded::Signed(value)));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.values.push((field.clone(), Recorded::Unsigned(value)));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.values.push((field.clone(), Recorded::Float(value)));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.values.push((field.clone(), Recorded::Flag(value)));
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use proptest::prelude::*;
    use tracing_subscriber::fmt::MakeWriter;
    use tracing_subscriber::layer::SubscriberExt;

    use super::super::ForPeople;
    use super::*;

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
            .event_format(ForPeople::default());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(Escaped(layer)), work);
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
            prop_assert!(lines.ends_with('\n') && !lines.replace('\n', "").chars().any(is_unseen), "{:?}", &lines);
        }
    }

    #[test]
    fn what_is_escaped_can_be_seen_and_the_other_fields_stay() {
        let line = logged(|| tracing::debug!(account.id = %"a\u{1b}[31m", number = 7, "checked a\nb"));
        for part in ["account.id=\"a\\\\u{1b}[31m\"", "number=7", "checked a b"] {
            assert!(line.contains(part), "{part}: {line}");
        }
    }
}

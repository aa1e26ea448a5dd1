//! Events in the journal's own form (systemd.io, "Native Journal Protocol"): one datagram each, with fields.
//!
//! Guarantees: an event becomes one datagram of bounded size, without blocking; texts are escaped. Leaves sending it to the queue.

use std::fmt;
use std::io;
use std::os::unix::net::UnixDatagram;

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

use super::escaped::escaped;
use super::queue::{JOURNAL_SOCKET, LogQueue, Target};

/// Bytes of a value; the system accepts a datagram with a dozen such fields.
const MAX_VALUE: usize = 8 << 10;

/// A socket for the journal.
///
/// # Errors
/// When journald cannot be reached from here.
pub(super) fn connect() -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    // journald ignores an empty message; sending it shows that the socket can be reached.
    socket.send_to(&[], JOURNAL_SOCKET)?;
    Ok(socket)
}

/// Hands events to the queue.
#[derive(Debug)]
pub(super) struct Journal(pub(super) LogQueue);

impl<S: Subscriber> Layer<S> for Journal {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        self.0.push(Target::Journal, datagram(event));
    }
}

fn datagram(event: &Event<'_>) -> Vec<u8> {
    let metadata = event.metadata();
    let mut fields = Fields(Vec::with_capacity(512));
    // syslog(3)
    let priority = match *metadata.level() {
        Level::ERROR => "3",
        Level::WARN => "4",
        Level::INFO => "6",
        Level::DEBUG | Level::TRACE => "7",
    };
    fields.add("PRIORITY", priority);
    fields.add("SYSLOG_IDENTIFIER", "minimax-watch");
    fields.add("TARGET", metadata.target());
    if let Some(file) = metadata.file() {
        fields.add("CODE_FILE", file);
    }
    if let Some(line) = metadata.line() {
        fields.add("CODE_LINE", &line.to_string());
    }
    event.record(&mut fields);
    fields.0
}

/// Fields with their lengths, so that a value may hold any byte.
struct Fields(Vec<u8>);

impl Fields {
    fn add(&mut self, name: &str, value: &str) {
        let end = value.floor_char_boundary(MAX_VALUE);
        let value = value.get(..end).unwrap_or_default();
        self.0.extend(name.bytes());
        self.0.push(b'\n');
        self.0.extend((value.len() as u64).to_le_bytes());
        self.0.extend(value.bytes());
        self.0.push(b'\n');
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(&name(field.name()), &escaped(&format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(&name(field.name()), &escaped(value));
    }
}

/// The name of a field in the form that journald requires: upper-case letters, digits and underscores, not beginning with one.
fn name(field: &str) -> String {
    let named = field.chars().map(|c| if c == '.' { '_' } else { c }).skip_while(|c| *c == '_');
    named.filter(|c| *c == '_' || c.is_ascii_alphanumeric()).map(|c| c.to_ascii_uppercase()).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    /// Keeps the datagrams instead of queueing them.
    struct Kept(Arc<Mutex<Vec<Vec<u8>>>>);

    impl<S: Subscriber> Layer<S> for Kept {
        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            self.0.lock().unwrap().push(datagram(event));
        }
    }

    #[test]
    fn an_event_is_one_datagram_with_its_fields_priority_and_bounded_values() {
        let kept = Arc::default();
        let subscriber = tracing_subscriber::registry().with(Kept(Arc::clone(&kept)));
        let long = "é".repeat(100_000);
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(account = "123", alert.id = 7, "two\nlines");
            tracing::error!(%long, "x");
        });
        let kept = kept.lock().unwrap();
        let has = |bytes: &[u8], field: &[u8]| bytes.windows(field.len()).any(|window| window == field);
        let first = kept[0].as_slice();
        for field in [
            &b"PRIORITY\n\x01\0\0\0\0\0\0\x004\n"[..],
            b"ACCOUNT\n\x03\0\0\0\0\0\0\x00123\n",
            b"ALERT_ID\n\x01\0\0\0\0\0\0\x007\n",
            b"MESSAGE\n\x09\0\0\0\0\0\0\x00two lines\n",
            b"SYSLOG_IDENTIFIER\n",
        ] {
            assert!(has(first, field), "{}", String::from_utf8_lossy(first));
        }
        assert!(kept[1].len() < 10_000, "{}", kept[1].len());
    }
}

//! The parts of a message for people that no type of receiver owns: its data, the advice, the text of chats, and line wrapping.
//!
//! Guarantees: pure. Leaves layout and format to the folder of each type, and what is worth a notification to `domain`.

mod chat;
mod context;
mod digest;
mod error;
mod marks;
mod own;
mod samples;
mod templates;
mod times;
mod wrap;

pub(super) use chat::{ChatText, Line, shortened_units};
pub use context::advice_for;
pub(super) use context::{MAX_SUBJECT, MessageContext, Tone};
pub use error::RenderError;
pub(super) use marks::{Span, Style, without_marks};
pub use own::check_templates;
pub(super) use own::render_or;
pub use templates::templates;

/// The vendor's page on how an account is set up.
pub(super) const SETUP_PAGE: &str = "https://useapi.net/docs/start-here/setup-minimax";

//! The parts of a message for people that no type of receiver owns: its data, the advice, and line wrapping.
//!
//! Guarantees: pure. Leaves layout and format to the folder of each type, and what is worth a notification to `domain`.

mod mail_context;
mod wrap;

pub(super) use mail_context::MailContext;
pub(super) use wrap::{keep_together, pad, wrap};

/// The template with the advice for each kind of alert and change.
pub(super) const ADVICE: &str = include_str!("advice.jinja");

/// Why a message cannot be rendered: a fault of this program or of the configuration, never of the network.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A template does not parse, or uses a variable that does not exist.
    #[error("mail template")]
    Template(#[from] minijinja::Error),
    /// The message cannot be written as JSON.
    #[error("message as JSON")]
    Json(#[from] serde_json::Error),
    /// The mail's headers cannot be built.
    #[error("mail headers")]
    Headers(#[from] lettre::error::Error),
}

//! Why a message cannot be rendered.

/// Why a message cannot be rendered: a fault of this program or of the configuration, never of the network.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A template does not parse, or uses a variable that does not exist.
    #[error("template")]
    Template(#[from] minijinja::Error),
    /// The message cannot be written as JSON.
    #[error("message as JSON")]
    Json(#[from] serde_json::Error),
    /// The mail's headers cannot be built.
    #[error("mail headers")]
    Headers(#[from] lettre::error::Error),
}

//! The webhook body of docs/contract.md, section 4, `format = "standard"`.

use super::RenderError;
use crate::domain::message::Message;

/// `message` as the receiver of a standard webhook reads it: the JSON of docs/contract.md, section 4, without white space.
pub fn body(message: &Message) -> Result<Vec<u8>, RenderError> {
    Ok(serde_json::to_vec(message)?)
}

//! Sends a stored message again because an operator asks for it.
//!
//! Guarantees: a failed message is sent under its id, with its bytes. A delivered one stays delivered and is repeated as a new message:
//! with an id of its own, rendered from the stored content, or with the same id and bytes. The repeat notifies of nothing: what the
//! receiver was notified of does not change. Leaves which messages, and committing all or none of them, to the caller.

use super::id::new_id;
use crate::config::Receiver;
use crate::domain::message::{Content, MessageId};
use crate::domain::time::Timestamp;
use crate::notify::{self, BodyFormat};
use crate::store::{DeliveryState, NewMessage, StoreError, StoredMessage, Writer};

/// What became of a message that was to be sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResendResult {
    /// It is at the end of its receiver's queue, with this id.
    Queued(MessageId),
    /// It is pending: it is tried in any case.
    StillPending,
    /// Its stored content cannot be read.
    ContentUnreadable,
}

/// Puts `message` at the end of the queue of its `receiver`; a delivered one keeps its id if `same_id`.
pub async fn resend(
    writer: &mut Writer,
    receiver: &Receiver,
    message: &StoredMessage,
    same_id: bool,
    now: Timestamp,
) -> Result<ResendResult, StoreError> {
    if message.state == DeliveryState::Pending {
        return Ok(ResendResult::StillPending);
    }
    let source = writer.resend_source(message.seq).await?;
    let Some((source, content)) = source.and_then(|mut source| source.content.take().map(|it| (source, it)))
    else {
        return Ok(ResendResult::ContentUnreadable);
    };
    if message.state == DeliveryState::Failed {
        writer.requeue_failed(message.seq, now).await?;
        return Ok(ResendResult::Queued(message.id.clone()));
    }
    let BodyFormat { channel, format } = notify::body_format(&receiver.channel);
    let is_same_format = source.channel == channel && source.format == format;
    let id = MessageId::new(format!("msg_{}", new_id(now)));
    let new = NewMessage {
        id: id.clone(),
        receiver: receiver.name.clone(),
        channel,
        format,
        body: source.body.filter(|_| same_id && is_same_format),
        content: if same_id { content } else { in_thread_of(&message.id, content) },
    };
    let sent_as = same_id.then_some(&message.id);
    writer.enqueue_repeat(&new, &message.id, sent_as, now).await?;
    Ok(ResendResult::Queued(sent_as.cloned().unwrap_or(id)))
}

/// The content of a repeat: its mail joins the thread of the message `id`, which it would otherwise begin again.
fn in_thread_of(id: &MessageId, content: Content) -> Content {
    let thread = if content.thread.is_empty() { vec![id.clone()] } else { content.thread };
    Content { thread, ..content }
}

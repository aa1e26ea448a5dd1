//! `pagerduty`: one event for each alert, by the Events API v2.
//!
//! Guarantees: an alert triggers and resolves under one `dedup_key`, which stays the same for its account and kind; at most 100 events for
//! one message, the last of which is a change event that counts the rest; changes are change events, which page nobody. The key of the integration is not part of
//! the stored body and quoted nowhere. Events that PagerDuty has are not sent again when another one fails.
//! Source: <https://developer.pagerduty.com/docs/events-api-v2-overview>, "Send an Alert Event" and "Send a Change Event" there.

mod event;
mod render;
mod send;

pub(super) use self::render::render;
pub(super) use self::send::{probe, send};

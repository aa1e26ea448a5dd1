//! The status page and the page of one account: what `report` knows, as HTML that needs no script.
//!
//! Guarantees: every text is escaped by the template engine; widths are SVG attributes and links are relative, so that a strict
//! Content-Security-Policy and a path prefix of a proxy both hold. Leaves what is true to `report`, and who may read it to `access`.

mod account;
mod account_row;
mod alert_card;
mod expiry_bar;
mod expiry_chart;
mod filter;
mod freshness;
mod job_bar;
mod login_form;
mod message_row;
mod notices;
mod overview;
mod template;
mod timeline;

pub(super) use account::account;
pub(super) use login_form::login_form;
pub(super) use overview::overview;
pub(super) use template::Templates;

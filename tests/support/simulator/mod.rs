//! The outside world on loopback: a useapi.net, a mail server, a webhook receiver, an Alertmanager, and chat and paging services, each on
//! a real socket, for tests, benchmarks and examples.
//!
//! Guarantees: the vendor gives every response of docs/vendor-api.md, and
//! invalid ones, on demand. No clock is read; the driver sets the time ([`VirtualNow`]). What came in is recorded for the driver,
//! bearer tokens and passwords never. Each server can go down and come back on its port.
//!
//! Leaves to others: what to do with a response (`api`, `notify`), and which responses to script (the driver).

#![allow(dead_code, unused_imports, reason = "each of its users needs another part")]

mod alertmanager;
mod answer;
mod chats;
mod lock;
mod port;
mod program;
mod record;
mod reply;
mod request_log;
mod script;
pub(crate) mod smtp;
mod subscription;
mod useapi;
mod webhook;

pub(crate) use axum::http::StatusCode;

pub(crate) use alertmanager::Alertmanager;
pub(crate) use answer::{Answer, ErrorBody, LapsedBody, NotFoundBody, Refusal};
pub(crate) use chats::{
    Arrival, ChatServer, ChatService, Post, StoredMessage, arrivals, discord_rate_limited, telegram_error,
};
pub(crate) use minimax_watch::simulator::VirtualNow;
pub(crate) use program::{ProgramMode, ProgramRun, RecordingProgram};
pub(crate) use record::Record;
pub(crate) use reply::{Reply, RetryAfter};
pub(crate) use request_log::RequestLog;
pub(crate) use smtp::{InjectedFault, Login, Mail, SmtpSecurity, SmtpServer, SmtpSetup, SmtpStage};
pub(crate) use subscription::Subscription;
pub(crate) use useapi::{FakeUseApi, Request};
pub(crate) use webhook::{Delivery, Signature, WebhookServer};

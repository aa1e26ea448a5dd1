//! The built program as a process: its exit status, its output, its files, and what arrives at the simulated vendor and
//! receivers (docs/contract.md, sections 2, 3 and 7).

#![expect(clippy::unwrap_used, reason = "a setup that cannot be set up is a failed test")]

mod alertmanager;
mod alerts;
mod backup;
mod bare;
mod chat_setup;
mod chats;
mod child;
mod cli_conventions;
mod clock_skew;
mod configuration;
mod crash;
mod escapes;
mod explain;
#[path = "../support/faulty_http.rs"]
mod faulty_http;
mod faulty_receivers;
mod health;
mod heartbeat;
mod history;
mod hostile;
mod http;
mod http_api;
mod http_client;
mod http_metrics;
mod http_page;
mod init;
mod json;
mod locked;
mod logs;
mod mail;
mod mail_addresses;
mod mail_scripts;
mod mail_slow;
#[path = "../support/named_faults.rs"]
#[expect(dead_code, reason = "shared with the tests of the whole path")]
mod named_faults;
mod network;
mod not_watching;
mod output;
mod packages;
mod perfdata;
mod plugin;
mod probe;
mod quiet;
mod readme_walkthrough;
mod reload;
mod resend;
mod schema;
mod secrets;
mod service;
mod service_manager;
mod setup;
mod silences;
mod simulate;
#[path = "../support/simulator/mod.rs"]
mod simulator;
mod snippets;
mod store;
mod terminal;
mod tls;
mod usable;
mod verdicts;
mod webhook;
mod wrong_clocks;

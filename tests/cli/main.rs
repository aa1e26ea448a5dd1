//! The built program as its users meet it: started as a process, judged by its exit status, its output, its files and
//! what arrives at the simulated vendor and receivers (docs/contract.md, sections 2, 3 and 7).

#![expect(clippy::unwrap_used, reason = "a stage that cannot be set up is a failed test")]

mod alerts;
mod backup;
mod bare;
mod child;
mod configuration;
mod crash;
mod escapes;
mod explain;
mod history;
mod hostile;
mod json;
mod locked;
mod logs;
mod lying_receivers;
mod mail;
mod mail_addresses;
mod mail_scripts;
mod mail_slow;
mod manners;
mod network;
mod night;
mod nobody_watches;
mod notified;
mod output;
mod packages;
mod perfdata;
mod plugin;
mod probe;
mod quiet;
mod reload;
mod schema;
mod secrets;
mod service;
mod silences;
mod simulate;
mod snippets;
mod stage;
mod store;
mod tls;
mod verdicts;
mod webhook;
mod wrong_clocks;

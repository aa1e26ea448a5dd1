//! Every rule of the watcher: what an answer means, what changed, which alerts fire, which notifications are due.
//!
//! No I/O, no clock, no environment. `now` is an argument, so the same call gives the same result at any time.
//! Gathering the facts is left to `api` and `store`, carrying out the decisions to `engine` and `notify`.

pub mod account;
pub mod account_glob;
pub mod account_names;
pub mod account_state;
pub mod alert_commands;
pub mod alerts;
pub mod backoff;
pub mod change;
pub mod checksum;
pub mod clock;
pub mod clock_skew;
pub mod concurrency_limit;
pub mod configuration;
pub mod credits;
pub mod diff;
pub mod digest;
pub mod duration;
pub mod expiry_tracking;
pub mod failing_period;
pub mod jobs;
pub mod lead_times;
pub mod message;
pub mod notification;
pub mod observation;
pub mod overdue;
pub mod plan;
pub mod policy;
pub mod quiet_hours;
pub mod retry_after;
pub mod route;
pub mod schedule;
pub mod series;
pub mod severity;
pub mod silence;
pub mod summary;
pub mod supervisor;
pub mod text;
pub mod time;
pub mod time_arg;
pub mod time_zone;
pub mod usable;
pub mod verdict;

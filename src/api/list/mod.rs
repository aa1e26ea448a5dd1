//! The list of all accounts of a token, read while it arrives (`[api].fetch = "list"`).
//!
//! Saves, at 10,000 unchanged accounts: two thirds of the CPU time of single requests (docs/measurements.md), and with the default
//! concurrency almost all of the time that requests spend on the way (docs/scale.md). Because the body is never held as a whole, it
//! saves its size in memory as well: 6.5 MB at 10,000 accounts, which is a third of what the process needs, and 65 MB at 100,000.
//!
//! Guarantees: pure. Each account is judged as if it had been requested alone, and no more of it is held than the caller keeps.
//! A list that is incomplete, or invalid between its members, contains no account. An account that is missing is only missing:
//! the caller must request it alone before it counts as deleted (docs/vendor-api.md, trap 10). A list that cannot be used says
//! nothing about its accounts. The engine checks a listing like an account under the empty id, so confirmation, `unreachable` and
//! refusals need no second mechanism.
//!
//! [`ObjectSplitter`](split::ObjectSplitter) finds where each account begins and ends; [`ListReader`] judges them.

mod listing;
mod reader;
mod split;
#[cfg(test)]
mod tests;

pub use listing::Listing;
pub(super) use reader::ListReader;

//! The credits of an account: how many are left, how fast they go, and whether they are low or gone.
//!
//! Readings are given as plain values in any order. Reading them is left to `api`, keeping them to `store`, and how often to read
//! to `engine`.

mod balance;
mod low;
mod out;
mod pace;
mod state;

pub use balance::{AccountCredits, CreditEnd, CreditReading};
pub use low::{CreditsDecision, CreditsOutlook, CreditsPolicy};
pub use out::{
    CreditRefusals, CreditsReturned, JobEvidence, OutOfCredits, OutOfCreditsDecision,
    evaluate_out_of_credits, is_out_by_reading,
};
pub use pace::{PACE_WINDOW, Pace};
pub use state::{CreditsAnswer, CreditsFailure, CreditsState};

//! The exit status of commands (docs/contract.md, section 2).

/// A command that failed, and bad usage; a verdict of UNKNOWN is the same.
pub const FAILED: u8 = 3;

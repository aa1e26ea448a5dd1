//! The operator's decisions: read once, checked whole, then plain data.

mod model;

pub use model::*;

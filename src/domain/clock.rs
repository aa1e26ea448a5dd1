//! The clock as a value. A step that waits for others reads it again after each wait.
//!
//! It does not read the system's clock itself: the shell passes that in; tests, `demo` and `simulate` pass in a clock that they set.

use std::fmt;
use std::sync::Arc;

use super::time::Timestamp;

/// A source of the current time. Clones show the same time.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// A clock that shows what `read` returns.
    pub fn new(read: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    /// A clock that always shows `moment`.
    pub fn fixed(moment: Timestamp) -> Self {
        Self::new(move || moment)
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Clock").field(&self.now()).finish()
    }
}

//! The clock as a value: what a step that waits for others reads again after each wait.
//!
//! Promises: it reads nothing by itself. The shell hands over the system's clock; tests, `demo` and `simulate` hand over a
//! clock that shows what they set.

use std::fmt;
use std::sync::Arc;

use super::time::Timestamp;

/// Says what time it is. Clones show the same.
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

//! The capabilities of many accounts in the memory of a few: most accounts can do the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Every different set of flags so far.
#[derive(Debug, Default)]
pub(super) struct SharedCapabilities(BTreeSet<Arc<BTreeMap<String, bool>>>);

impl SharedCapabilities {
    /// The same flags in memory that is shared.
    pub(super) fn share(&mut self, flags: Arc<BTreeMap<String, bool>>) -> Arc<BTreeMap<String, bool>> {
        if let Some(same) = self.0.get(&flags) {
            return Arc::clone(same);
        }
        self.0.insert(Arc::clone(&flags));
        flags
    }
}

//! Names: of subscriptions, accounts, receivers. Text that was checked once and is then trusted.
//!
//! An account id is opaque (docs/vendor-api.md): it is never read as a number, never trimmed of zeros.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Makes a newtype over text: ordered, printable, serialised as the text itself, and cheap to clone, since every look
/// names its account in several places.
macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
        #[serde(transparent)]
        pub struct $name(std::sync::Arc<str>);

        impl $name {
            /// Takes the text as it is.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into().into())
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
pub(crate) use name;

name! {
    /// One useapi.net API token and the accounts watched with it, by the operator's name for it.
    SubscriptionName
}
name! {
    /// The vendor's opaque id of one account.
    AccountId
}
name! {
    /// A way out, by the operator's name for it.
    ReceiverName
}

/// One account among all subscriptions: the same id may be watched with two tokens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountKey {
    /// Whose token reads it.
    pub subscription: SubscriptionName,
    /// The vendor's id.
    pub id: AccountId,
}

impl AccountKey {
    /// Names the account `id` of `subscription`.
    pub fn new(subscription: &SubscriptionName, id: &AccountId) -> Self {
        Self { subscription: subscription.clone(), id: id.clone() }
    }

    /// Stands for the subscription's list of accounts, which is looked at like an account when the operator wants
    /// accounts discovered. No account has an empty id.
    pub fn listing(subscription: &SubscriptionName) -> Self {
        Self::new(subscription, &AccountId::new(""))
    }

    /// Whether this is the list and not an account.
    pub fn is_listing(&self) -> bool {
        self.id.as_str().is_empty()
    }
}

/// An account as people know it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct AccountRef {
    /// The vendor's id.
    pub id: AccountId,
    /// The operator's name for it; the id when none was given.
    pub name: String,
}

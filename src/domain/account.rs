//! Names of subscriptions, accounts and receivers: text that is checked once where it enters, then trusted.
//!
//! An account id is opaque (docs/vendor-api.md): it is never parsed as a number and keeps its leading zeros.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Defines a newtype over text: ordered, printable, serialised as the text itself, and cheap to clone because every check
/// names its account in several places.
macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
        #[serde(transparent)]
        pub struct $name(std::sync::Arc<str>);

        impl $name {
            /// Wraps the text unchanged.
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

/// Gives an enum `as_str`.
macro_rules! as_str {
    ($name:ident) => {
        impl $name {
            /// Its name in JSON, in the store and in the configuration.
            pub fn as_str(self) -> &'static str {
                self.into()
            }
        }
    };
}
pub(crate) use as_str;

name! {
    /// One useapi.net API token and the accounts watched with it, by the operator's name for it.
    SubscriptionName
}
name! {
    /// The vendor's opaque id of one account.
    AccountId
}
name! {
    /// A destination of notifications, by the operator's name for it.
    ReceiverName
}

/// One account among all subscriptions: the same id may be watched with two tokens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountKey {
    /// The subscription whose token reads it.
    pub subscription: SubscriptionName,
    /// The vendor's id.
    pub id: AccountId,
}

impl AccountKey {
    /// The account `id` of `subscription`.
    pub fn new(subscription: &SubscriptionName, id: &AccountId) -> Self {
        Self { subscription: subscription.clone(), id: id.clone() }
    }

    /// The subscription's list of accounts, which is checked like an account when accounts are discovered. It has an empty id, which
    /// no account has.
    pub fn listing(subscription: &SubscriptionName) -> Self {
        Self::new(subscription, &AccountId::new(""))
    }

    /// Whether this is the list and not an account.
    pub fn is_listing(&self) -> bool {
        self.id.as_str().is_empty()
    }
}

/// An account as it is shown to people.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct AccountRef {
    /// The vendor's id.
    pub id: AccountId,
    /// The operator's name for it; the id when none was given.
    pub name: String,
}

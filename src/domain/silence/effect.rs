//! What a silence suppresses and what passes it, described for the operator who made it.

use super::Matcher;
use strum::IntoEnumIterator;

use crate::domain::alerts::{AlertKind, Severity};
use crate::domain::change::ChangeKind;
use crate::domain::route::Kinds;

/// What a silence suppresses and what passes it. Notifications about resolved alerts always pass, so neither list names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// Not sent before the silence ends.
    pub silenced: Vec<String>,
    /// Sent in spite of it.
    pub passing: Vec<String>,
}

impl Effect {
    /// The effect of a silence with this `matcher`.
    pub fn new(matcher: &Matcher, even_critical: bool) -> Self {
        let mut effect = Self { silenced: Vec::new(), passing: Vec::new() };
        for kind in AlertKind::iter().filter(|kind| matcher.kinds.includes_alert(*kind)) {
            effect.add_alert(kind, matcher, even_critical);
        }
        let changes: Vec<&str> = match &matcher.kinds {
            Kinds::All => vec!["changes of a configuration"],
            Kinds::Only { changes, .. } => changes.iter().copied().map(ChangeKind::as_str).collect(),
        };
        effect.silenced.extend(changes.into_iter().map(str::to_owned));
        let is_silenced = |kind: &AlertKind| {
            let passes = !even_critical && kind.severities().contains(&Severity::Critical);
            matcher.kinds.includes_alert(*kind) && !passes
        };
        let mut silenced = AlertKind::iter().filter(is_silenced);
        let is_partial = !matcher.globs.is_empty() && !matcher.names_every_account();
        if is_partial && silenced.any(AlertKind::concerns_subscriptions) {
            let shared = "an alert of a whole subscription, unless these accounts are all of it";
            effect.passing.push(shared.to_owned());
        }
        effect
    }

    /// Whether the silence suppresses nothing.
    pub const fn is_empty(&self) -> bool {
        self.silenced.is_empty()
    }

    fn add_alert(&mut self, kind: AlertKind, matcher: &Matcher, even_critical: bool) {
        let is_about_accounts = kind != AlertKind::DeliveryFailing;
        if !is_about_accounts && !matcher.covers_receivers() {
            // The operator named it, or everything, so expects it to be silenced.
            if matches!(matcher.kinds, Kinds::Only { .. }) || matcher.names_every_account() {
                self.passing.push(format!("{kind} (it is about a receiver: silence it by --kind alone)"));
            }
            return;
        }
        if kind == AlertKind::ServicesInError && !matcher.covers_subscriptions() {
            if matches!(matcher.kinds, Kinds::Only { .. }) {
                self.passing
                    .push(format!("{kind} (it is about a subscription: silence it by --subscription)"));
            }
            return;
        }
        match kind.severities() {
            [Severity::Critical] if !even_critical => self.passing.push(kind.to_string()),
            severities if severities.contains(&Severity::Critical) && !even_critical => {
                self.silenced.push(format!("{kind} while it is a warning"));
                self.passing.push(format!("{kind} once it is critical"));
            }
            _ => self.silenced.push(kind.to_string()),
        }
    }
}

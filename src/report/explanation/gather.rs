//! Everything about one account, gathered from the store and put before the rules.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use super::gathered::Gathered;
use super::{EndReport, Explanation, KnownReport, NextReport, ladder, receivers, rules};
use crate::config::Config;
use crate::domain::account::{AccountRef, ReceiverName};
use crate::domain::alert::{Alert, AlertId, Subject};
use crate::domain::announce::Telling;
use crate::domain::configuration::EndSource;
use crate::domain::directory::Directory;
use crate::domain::expiry_tracking::{ReadState, TrackedExpiries};
use crate::domain::foresight::{Foretold, Listener, Scene};
use crate::domain::message::Reason;
use crate::domain::standing::Known;
use crate::domain::time::Timestamp;
use crate::report::Expiries;
use crate::report::silences::SilenceReport;
use crate::store::{Store, StoreError, StoredTelling};

/// How far ahead it is looked for what comes next.
const HORIZON: TimeDelta = TimeDelta::days(30);

/// What the service does by its schedule.
const NEXT_RUN: &str = "the next run looks at it";

/// What becomes of that where no service is running.
const NO_SERVICE: &str = "a run is due, but no service is running (no process holds the store): start `minimax-watch run`, \
                          or let cron call `minimax-watch check`";

impl Explanation {
    /// The same where no service is running: nothing happens by itself then.
    #[must_use]
    pub fn without_service(mut self) -> Self {
        for next in self.next.iter_mut().filter(|next| next.receiver.is_none() && next.what == NEXT_RUN) {
            NO_SERVICE.clone_into(&mut next.what);
        }
        self
    }

    /// Entries of what comes next at the most.
    pub const MOST: usize = 12;

    /// Explains the account `known`, watched or not.
    pub async fn of(
        store: &Store,
        config: &Config,
        known: &Known,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let watched = store.watched().await?;
        let is_watched = watched.iter().any(|member| member.account == known.account);
        let subscription = &known.account.subscription;
        let members: Vec<Known> =
            watched.into_iter().filter(|member| member.account.subscription == *subscription).collect();
        let mut directory = Directory::new(members.iter().map(Known::named), config.fallbacks());
        directory.add_name(known.account.clone(), known.name.clone());
        let alerts = alerts(store, known).await?;
        let tellings = store.tellings(alerts.iter().map(|alert| &alert.id)).await?;
        let silences = store.silences_in_force(now).await?;
        let acks = store.acks().await?;
        let policy = config.policy();
        let listeners: Vec<Listener> = config
            .receivers
            .iter()
            .map(|receiver| Listener { name: receiver.name.clone(), route: receiver.route.clone() })
            .collect();
        let before = Scene {
            account: &known.account,
            members: &members,
            directory: &directory,
            policy: &policy,
            silences: &silences,
            listeners: &listeners,
            alerts,
            tellings: by_receiver(&tellings),
            acks: acks.keys().cloned().collect(),
        };
        let mut scene = before.clone();
        scene.assess(now);
        let gathered = Gathered { known, config, scene: &scene, tellings: &tellings, acks: &acks, now };
        let account = AccountRef { id: known.account.id.clone(), name: known.name.clone() };
        let meant = silences.iter().filter(|silence| silence.matcher.covers_account(subscription, &account));
        let standing = known.standing_under(&policy);
        let seen = known.configuration.clone().unwrap_or_default();
        let snapshot = store.present_snapshot(&known.account).await?;
        let mut next: Vec<NextReport> = gathered.to_come(is_watched);
        next.extend(before.foretell(now, now + HORIZON).iter().filter(first_reminders()).map(foretold));
        next.sort_by(|a, b| (a.at, &a.what).cmp(&(b.at, &b.what)));
        next.truncate(Self::MOST);
        Ok(Self {
            generated_at: now,
            subscription: subscription.clone(),
            id: known.account.id.clone(),
            name: known.name.clone(),
            watched: is_watched,
            known: KnownReport {
                outcome: standing.outcome,
                error: standing.error.clone(),
                checked_at: standing.checked_at,
                last_ok_at: standing.last_ok_at,
                unchanged_since: snapshot.map(|snapshot| snapshot.first_seen_at),
                max_jobs: seen.max_jobs,
                host: seen.host,
                capabilities: seen.capabilities,
            },
            end: EndReport {
                expires_at: standing.end,
                expiries: Expiries::new(&standing.expiries),
                source: policy.source,
                why: why_this_end(policy.source, &standing.expiries),
            },
            rungs: ladder::rungs(&gathered),
            rules: rules::rules(&gathered),
            receivers: receivers::words(&gathered),
            silences: meant.map(|silence| SilenceReport::of(silence, now)).collect(),
            next,
        })
    }
}

impl Gathered<'_> {
    /// What comes beside messages: looks, and the ends of silences.
    fn to_come(&self, is_watched: bool) -> Vec<NextReport> {
        let plain =
            |at, what: String| NextReport { at, what, receiver: None, reason: None, kind: None, stage: None };
        let mut next = Vec::new();
        if is_watched {
            let run = self.config.schedule.schedule.next_after(self.now);
            next.extend(run.map(|at| plain(at, NEXT_RUN.to_owned())));
            let suspicion = self.known.standing.suspicion;
            next.extend(suspicion.map(|suspicion| {
                plain(suspicion.ask_at, format!("it is asked again, for {} was seen once", suspicion.fault))
            }));
        }
        next
    }
}

/// Alerts about the account, ended ones included, and those of its subscription that are open.
async fn alerts(store: &Store, known: &Known) -> Result<Vec<Alert>, StoreError> {
    let own = Subject::Account(known.account.clone());
    let mut alerts = store.alerts_about(&own).await?;
    let of_subscription =
        |alert: &Alert| alert.condition.subject.subscription() == Some(&known.account.subscription);
    let others = store.unsettled_alerts().await?.into_iter();
    alerts.extend(others.filter(|alert| of_subscription(alert) && alert.condition.subject != own));
    Ok(alerts)
}

fn by_receiver(tellings: &[StoredTelling]) -> BTreeMap<(AlertId, ReceiverName), Vec<Telling>> {
    let mut by_receiver: BTreeMap<_, Vec<Telling>> = BTreeMap::new();
    for told in tellings {
        by_receiver.entry((told.alert.clone(), told.receiver.clone())).or_default().push(told.telling);
    }
    by_receiver
}

/// Of reminders the first of each kind and receiver is enough.
fn first_reminders() -> impl FnMut(&&Foretold) -> bool {
    let mut reminded = BTreeSet::new();
    move |foretold| {
        foretold.reason != Reason::Repeated
            || reminded.insert((foretold.receiver.clone(), foretold.alert.condition.kind))
    }
}

fn foretold(foretold: &Foretold) -> NextReport {
    let Foretold { at, receiver, reason, alert } = foretold;
    let condition = &alert.condition;
    let stage = condition.stage.map(|stage| stage.to_string());
    let of = stage
        .as_ref()
        .map_or_else(|| condition.kind.to_string(), |stage| format!("{} {stage}", condition.kind));
    NextReport {
        at: *at,
        what: format!("{of} ({})", reason.as_str()),
        receiver: Some(receiver.clone()),
        reason: Some(*reason),
        kind: Some(condition.kind),
        stage,
    }
}

/// Which member counts, and why the configured one does not.
fn why_this_end(source: EndSource, expiries: &TrackedExpiries) -> String {
    let setting = format!("[expiry].source is {}", source.as_str());
    let Some(effective) = expiries.effective(source) else {
        return "neither exp_Expire nor exp was ever readable".to_owned();
    };
    let member = effective.member.as_str();
    let configured = match source {
        EndSource::ExpExpire => &expiries.exp_expire,
        EndSource::Exp => &expiries.exp,
        EndSource::Earliest => {
            return match (expiries.exp_expire.last, expiries.exp.last) {
                (Some(_), Some(_)) if effective.is_replacement => {
                    format!("{setting}; {member} was renewed while the other could not be read")
                }
                (Some(_), Some(_)) => format!("{setting}, and {member} is the earlier one"),
                _ => format!("{setting}, and only {member} was ever readable"),
            };
        }
    };
    let state = match configured.state {
        ReadState::Read => return setting,
        ReadState::Missing => "missing",
        ReadState::Unreadable => "unreadable",
    };
    match (configured.last, member == source.as_str()) {
        (None, _) => format!("{setting}, which is {state} and never was readable; {member} replaces it"),
        (Some(_), true) => format!("{setting}, which is {state} now; its last value counts"),
        (Some(_), false) if effective.is_replacement => {
            format!("{setting}, which is {state} now; {member} was renewed since and replaces it")
        }
        (Some(_), false) => {
            format!("{setting}, which is {state} now; {member} is earlier than its last value")
        }
    }
}

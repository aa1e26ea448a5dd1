//! Reading the credits of accounts, beside the checks of a run, and what the alerts need of them.
//!
//! Guarantees: while credits are not watched, no request and no row. Each request asks MiniMax itself, so there is never more than one at
//! a time, and none about an account before `[credits].every` has passed, except to confirm that its session is dead. Those that were
//! asked about longest ago come first; what a run does not reach stays due. A failure is stored and changes nothing else.

#[cfg(any(test, fuzzing))]
pub(super) mod properties;

use std::collections::{BTreeMap, BTreeSet};

use super::Engine;
use super::reading_log::ReadingSubject;
use crate::api::FeaturesAnswer;
use crate::domain::account::{AccountKey, SubscriptionName};
use crate::domain::account_state::{AccountRecord, AccountState, RunId};
use crate::domain::credits::{
    AccountCredits, CreditsAnswer, CreditsFailure, CreditsOutlook, CreditsState, PACE_WINDOW,
};
use crate::domain::failing_period::FailedReading;
use crate::domain::observation::{Observation, Outcome};
use crate::domain::time::Timestamp;
use crate::store::{StoreError, Writer};

/// What is known of the credits of each account.
pub(super) type CreditsByAccount = BTreeMap<AccountKey, CreditsState>;

/// What was asked in one step of a run.
#[derive(Debug, Default)]
pub(super) struct CreditsAnswers {
    answered: Vec<(AccountKey, FeaturesAnswer)>,
    /// The account about which the request in flight asks.
    asked: Option<AccountKey>,
}

impl Engine {
    /// While credits are not watched, deletes what is known of them: it must not count when they are watched again.
    pub(super) async fn forget_unwatched_credits(&self) -> Result<(), StoreError> {
        if self.config.credits.watch || !self.store.has_credits().await? {
            return Ok(());
        }
        let mut writer = self.store.write().await?;
        writer.remove_credits().await?;
        writer.commit().await
    }

    fn reads_credits(&self) -> bool {
        self.config.credits.watch && !self.sender.is_dry_run()
    }

    /// Those of `accounts` that are due at `now`, in the order in which they are asked about.
    pub(super) async fn credits_to_read(
        &self,
        accounts: &[AccountKey],
        now: Timestamp,
    ) -> Result<Vec<AccountKey>, StoreError> {
        if !self.reads_credits() {
            return Ok(Vec::new());
        }
        let states = self.store.credits_states().await?;
        let paused = paused_subscriptions(&states, now);
        let every = self.config.credits.every;
        let accounts = accounts.iter().filter(|one| !one.is_listing() && !paused.contains(&one.subscription));
        let due = accounts.filter(|one| states.get(*one).is_none_or(|state| state.is_due(every, now)));
        let asked_at = |account: &AccountKey| states.get(account).and_then(|state| state.asked_at);
        let is_confirmed =
            |account: &AccountKey| states.get(account).is_none_or(|state| !state.is_in_doubt());
        let mut due: Vec<_> = due.map(|one| (is_confirmed(one), asked_at(one), one)).collect();
        due.sort();
        Ok(due.into_iter().map(|(.., account)| account.clone()).collect())
    }

    /// Those of the accounts in `scope`, or of all, whose session turned out to be dead, and wait for a second answer.
    pub(super) async fn credits_to_confirm(
        &self,
        scope: Option<&BTreeSet<AccountKey>>,
        now: Timestamp,
    ) -> Result<Vec<AccountKey>, StoreError> {
        if !self.reads_credits() {
            return Ok(Vec::new());
        }
        let is_wanted = |account: &AccountKey| scope.is_none_or(|accounts| accounts.contains(account));
        let states = self.store.credits_states().await?;
        let paused = paused_subscriptions(&states, now);
        let waiting = states.into_iter().filter(|(account, state)| {
            state.awaits_confirmation() && is_wanted(account) && !paused.contains(&account.subscription)
        });
        Ok(waiting.map(|(account, _)| account).collect())
    }

    /// Asks about `accounts`, one after the other, as long as another request `may_begin`. What was answered by the time that this future is
    /// dropped is in `answers`.
    pub(super) async fn read_credits(
        &self,
        accounts: &[AccountKey],
        may_begin: &(dyn Fn() -> bool + Sync),
        answers: &mut CreditsAnswers,
    ) {
        let mut paused: BTreeSet<&SubscriptionName> = BTreeSet::new();
        for account in accounts {
            let name = &account.subscription;
            let is_blocked = self.limit(name).blocked_until(self.clock.now()).is_some();
            let Some(subscription) = self.subscription(name).filter(|_| !is_blocked) else { continue };
            if paused.contains(name) || self.is_stopping() || !may_begin() {
                continue;
            }
            answers.asked = Some(account.clone());
            let token = self.tokens.current(subscription);
            let answer = self.client.features(&token, &account.id, &self.clock).await;
            let answer = shortened(answer, self.clock.now());
            if let FeaturesAnswer::Failed(Observation { outcome: Outcome::RateLimited, .. }) = answer {
                paused.insert(name);
            }
            answers.asked = None;
            answers.answered.push((account.clone(), answer));
        }
    }

    /// Stores what `answers` showed, in a step of a run that began at that moment. `error` describes a request that was not answered in time.
    pub(super) async fn record_credits(
        &self,
        writer: &mut Writer,
        answers: CreditsAnswers,
        step: (RunId, Timestamp),
        error: String,
    ) -> Result<(), StoreError> {
        let CreditsAnswers { answered, asked } = answers;
        if answered.is_empty() && asked.is_none() {
            return Ok(());
        }
        let mut states = writer.credits_states().await?;
        let working = self.with_working_token(writer, &answered, step).await?;
        let (_, begun_at) = step;
        for (account, answer) in answered {
            let before = states.remove(&account).unwrap_or_default();
            let answer = meaning(answer, working.contains(&account));
            log(&account, &before, &answer);
            self.record_answer(writer, &account, &before, answer, begun_at).await?;
        }
        if let Some(account) = asked.filter(|_| !self.is_stopping()) {
            let state = states.remove(&account).unwrap_or_default().after_abandoned(error, begun_at);
            writer.save_credits_state(&account, &state).await?;
        }
        Ok(())
    }

    async fn record_answer(
        &self,
        writer: &mut Writer,
        account: &AccountKey,
        before: &CreditsState,
        answer: CreditsAnswer,
        begun_at: Timestamp,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let left = if let CreditsAnswer::Read(AccountCredits { left, .. }) = &answer { *left } else { None };
        let mut state = before.after(answer, self.config.alerts.confirm_after, (begun_at, now));
        if let Some(credits) = left {
            let about = (state.plan.as_deref(), state.ends_at);
            writer.add_credit_reading(account, credits, about, now).await?;
            let readings = writer.credit_readings_since(account, now - PACE_WINDOW, now).await?;
            state = state
                .with_outlook(CreditsOutlook::from_readings(&readings, now), self.config.credits.policy.low);
        }
        writer.save_credits_state(account, &state).await
    }

    /// Those of the refused accounts whose own check in the same step was ok: the API token works.
    async fn with_working_token(
        &self,
        writer: &mut Writer,
        answered: &[(AccountKey, FeaturesAnswer)],
        (run, begun_at): (RunId, Timestamp),
    ) -> Result<BTreeSet<AccountKey>, StoreError> {
        let is_refused = |answer: &FeaturesAnswer| matches!(answer, FeaturesAnswer::Unauthorized(_));
        let refused: Vec<&AccountKey> =
            answered.iter().filter(|(_, answer)| is_refused(answer)).map(|(account, _)| account).collect();
        if refused.is_empty() {
            return Ok(BTreeSet::new());
        }
        let records = writer.accounts_by_key(refused).await?.into_values();
        // A time alone proves nothing: by a clock that was set back, an earlier ok was later.
        let is_ok = |state: &AccountState| {
            state.outcome == Some(Outcome::Ok)
                && state.last_ok_run == Some(run)
                && state.last_ok_at >= Some(begun_at)
        };
        Ok(records.filter(|record| is_ok(&record.account_state)).map(|record| record.account).collect())
    }

    /// What is known of the credits of each watched account, while they are watched. Accounts about which that may raise an alert may be
    /// stable, and are added to `records`, which stay sorted.
    pub(super) async fn credits_by_account(
        &self,
        writer: &mut Writer,
        records: &mut Vec<AccountRecord>,
        now: Timestamp,
    ) -> Result<CreditsByAccount, StoreError> {
        let Some(policy) = self.config.credits.in_force() else { return Ok(BTreeMap::new()) };
        let states = writer.credits_states().await?;
        let is_loaded =
            |account: &AccountKey| records.binary_search_by(|record| record.account.cmp(account)).is_ok();
        let alarming = states.iter().filter(|(_, state)| state.is_alarming(&policy, now));
        let missing: Vec<&AccountKey> =
            alarming.map(|(account, _)| account).filter(|account| !is_loaded(account)).collect();
        if !missing.is_empty() {
            let added = writer.accounts_by_key(missing).await?.into_values();
            records.extend(added.map(|record| AccountRecord { configuration: None, ..record }));
            records.sort_by(|one, other| one.account.cmp(&other.account));
        }
        Ok(states)
    }
}

/// The subscriptions for which the vendor asked for a pause that goes on.
fn paused_subscriptions(states: &CreditsByAccount, now: Timestamp) -> BTreeSet<SubscriptionName> {
    let paused = states.iter().filter(|(_, state)| state.is_paused(now));
    paused.map(|(account, _)| account.subscription.clone()).collect()
}

/// `answer` with the first of the ends after `now` alone: a run can hold the answers about many accounts.
fn shortened(answer: FeaturesAnswer, now: Timestamp) -> FeaturesAnswer {
    match answer {
        FeaturesAnswer::Read(credits) => {
            let ends = credits.ends.into_iter().find(|end| end.at > now).into_iter().collect();
            FeaturesAnswer::Read(AccountCredits { ends, ..credits })
        }
        other => other,
    }
}

/// What an answer says of an account. Without a token that works, a 401 is about the token.
fn meaning(answer: FeaturesAnswer, is_token_working: bool) -> CreditsAnswer {
    if let Some(error) = answer.session_error(is_token_working) {
        return CreditsAnswer::SessionDead(error.to_owned());
    }
    let failed = |error, is_not_understood, retry_after| {
        CreditsAnswer::Failed(CreditsFailure { error, is_not_understood, retry_after })
    };
    match answer {
        FeaturesAnswer::Read(credits) => CreditsAnswer::Read(credits),
        FeaturesAnswer::Unauthorized(error) | FeaturesAnswer::AccountError(error) => failed(
            format!("{error} (the check of this account was not ok, so the API token may not work)"),
            false,
            None,
        ),
        FeaturesAnswer::NotUnderstood(error) => failed(error, true, None),
        FeaturesAnswer::Failed(Observation { outcome, error, retry_after, .. }) => {
            failed(error.unwrap_or_else(|| outcome.to_string()), outcome == Outcome::Malformed, retry_after)
        }
    }
}

/// Logs an answer. That a session is dead is the matter of an alert.
fn log(account: &AccountKey, before: &CreditsState, answer: &CreditsAnswer) {
    let failed = |is_not_understood| FailedReading { is_not_understood, period: None };
    let (after, error) = match answer {
        CreditsAnswer::SessionDead(_) => return,
        CreditsAnswer::Read(_) => (None, ""),
        CreditsAnswer::Failed(failure) => (Some(failed(failure.is_not_understood)), &*failure.error),
    };
    let before = before.failure.as_ref().map(|_| failed(before.is_not_understood));
    ReadingSubject::Credits(account).log(before, after, error);
}

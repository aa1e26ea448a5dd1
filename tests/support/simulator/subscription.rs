//! One subscription at the simulated vendor: its tokens, its accounts, and the answer for each of them.
//!
//! Precedence for a read: an exception for the account, the answer for the whole subscription, the answer for the account, 404.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use axum::http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::answer::{Answer, NotFoundBody};
use super::lock::lock;
use super::record::Record;
use super::reply::Reply;
use super::script::Script;
use minimax_watch::domain::time::Timestamp;

#[derive(Default)]
struct AccountEntry {
    script: Script<Answer>,
    /// The last configuration before the current answer. The list still shows it while a read of the account fails.
    record: Option<Box<Record>>,
}

impl AccountEntry {
    fn set(&mut self, answer: Option<Answer>) {
        if let Some(Answer::Configuration(record)) = self.script.set(answer) {
            self.record = Some(record);
        }
    }

    /// What the list shows of it; `None` if it does not exist.
    fn listed(&self) -> Option<&Record> {
        match self.script.current()? {
            Answer::Configuration(record) => Some(record),
            Answer::Reply(reply) if reply.code() == StatusCode::NOT_FOUND => None,
            Answer::Reply(_) => self.record.as_deref(),
        }
    }
}

/// The server's side of a subscription.
pub(crate) struct Plan {
    tokens: Vec<SecretString>,
    accounts: BTreeMap<String, AccountEntry>,
    list: Script<Answer>,
    account_info: Script<Answer>,
    job_stats: Script<Answer>,
    features: BTreeMap<String, Script<Answer>>,
    /// The answer to every read.
    all: Option<Answer>,
}

impl Plan {
    pub(crate) fn new(token: SecretString) -> Self {
        Self {
            tokens: vec![token],
            accounts: BTreeMap::new(),
            list: Script::default(),
            account_info: Script::default(),
            job_stats: Script::default(),
            features: BTreeMap::new(),
            all: None,
        }
    }

    pub(crate) fn accepts(&self, token: &str) -> bool {
        self.tokens.iter().any(|accepted| accepted.expose_secret() == token)
    }

    fn account(&mut self, id: &str) -> &mut AccountEntry {
        self.accounts.entry(id.to_owned()).or_default()
    }

    pub(crate) fn account_answer(&mut self, id: &str) -> Answer {
        let exception = self.accounts.get_mut(id).and_then(|account| account.script.take_exception());
        exception
            .or_else(|| self.all.clone())
            .or_else(|| self.accounts.get(id)?.script.current().cloned())
            .unwrap_or_else(|| Answer::not_found(NotFoundBody::default()))
    }

    /// The answer to a read of the plan: an active one, unless another was set.
    pub(crate) fn account_info(&mut self) -> Answer {
        let exception = self.account_info.take_exception();
        let set = exception.or_else(|| self.all.clone()).or_else(|| self.account_info.current().cloned());
        set.unwrap_or_else(|| {
            Answer::account_info(true, &json!({"MiniMax API": {"total": self.accounts.len()}}))
        })
    }

    /// The answer to a read of the statistics of jobs: none, unless another was set.
    pub(crate) fn job_stats(&mut self) -> Answer {
        let exception = self.job_stats.take_exception();
        let set = exception.or_else(|| self.all.clone()).or_else(|| self.job_stats.current().cloned());
        set.unwrap_or_else(|| Answer::job_stats(&[]))
    }

    /// The answer to a read of the credits of an account: plenty, unless another was set.
    pub(crate) fn features(&mut self, id: &str) -> Answer {
        let exception = self.features.get_mut(id).and_then(Script::take_exception);
        let set = exception
            .or_else(|| self.all.clone())
            .or_else(|| self.features.get(id).and_then(|script| script.current().cloned()));
        set.unwrap_or_else(|| Answer::features(&json!(5_000)))
    }

    pub(crate) fn list_reply(&mut self, now: Timestamp, ordinal: usize) -> Reply {
        let exception = self.list.take_exception();
        match exception.or_else(|| self.all.clone()).or_else(|| self.list.current().cloned()) {
            Some(answer) => answer.into_reply(now, ordinal),
            None => Reply::json(StatusCode::OK, self.list_json(now, ordinal)),
        }
    }

    /// An object, account id to configuration; written piece by piece, since it may have 100,000 members.
    fn list_json(&self, now: Timestamp, ordinal: usize) -> String {
        let mut json = String::from("{");
        for (id, account) in &self.accounts {
            let Some(record) = account.listed() else { continue };
            let comma = if json.len() > 1 { "," } else { "" };
            let _ = write!(json, "{comma}{}:{}", Value::from(id.as_str()), record.to_json(now, ordinal));
        }
        json + "}"
    }
}

/// The driver's handle to one subscription of a [`FakeUseApi`](super::FakeUseApi).
#[derive(Clone)]
pub(crate) struct Subscription(Arc<Mutex<Plan>>);

impl Subscription {
    pub(crate) fn new(plan: Arc<Mutex<Plan>>) -> Self {
        Self(plan)
    }

    /// Replaces every token by `token`.
    pub(crate) fn reset_token(&self, token: SecretString) {
        lock(&self.0).tokens = vec![token];
    }

    /// Refuses every token.
    pub(crate) fn revoke_tokens(&self) {
        lock(&self.0).tokens.clear();
    }

    /// Accepts `token` too.
    pub(crate) fn accept_token(&self, token: SecretString) {
        lock(&self.0).tokens.push(token);
    }

    /// Stores a configuration under its own account id.
    pub(crate) fn put(&self, record: Record) {
        let account = record.account().to_owned();
        self.set_answer(&account, record);
    }

    /// Sets the answer to reads of `account`.
    pub(crate) fn set_answer(&self, account: &str, answer: impl Into<Answer>) {
        lock(&self.0).account(account).set(Some(answer.into()));
    }

    /// Deletes `account`.
    pub(crate) fn remove(&self, account: &str) {
        lock(&self.0).account(account).set(None);
    }

    /// Sets the answer to the next read of `account` only.
    pub(crate) fn next(&self, account: &str, answer: impl Into<Answer>) {
        lock(&self.0).account(account).script.once(answer.into());
    }

    /// Sets the answer to every read of this subscription; `None` ends that.
    pub(crate) fn set_all(&self, answer: Option<Answer>) {
        lock(&self.0).all = answer;
    }

    /// Sets the answer to reads of the list; `None` lists what is stored.
    pub(crate) fn set_list(&self, answer: Option<Answer>) {
        drop(lock(&self.0).list.set(answer));
    }

    /// Sets the answer to reads of the plan; `None` shows an active one.
    pub(crate) fn set_account_info(&self, answer: Option<Answer>) {
        drop(lock(&self.0).account_info.set(answer));
    }

    /// Sets the answer to the next read of the plan only.
    pub(crate) fn next_account_info(&self, answer: Answer) {
        lock(&self.0).account_info.once(answer);
    }

    /// Sets the answer to reads of the statistics of jobs.
    pub(crate) fn set_job_stats(&self, answer: impl Into<Answer>) {
        drop(lock(&self.0).job_stats.set(Some(answer.into())));
    }

    /// Sets the answer to reads of the credits of `account`.
    pub(crate) fn set_features(&self, account: &str, answer: impl Into<Answer>) {
        drop(lock(&self.0).features.entry(account.to_owned()).or_default().set(Some(answer.into())));
    }

    /// Sets the answer to the next read of the credits of `account` only.
    pub(crate) fn next_features(&self, account: &str, answer: impl Into<Answer>) {
        lock(&self.0).features.entry(account.to_owned()).or_default().once(answer.into());
    }

    /// Sets the answer to the next read of the list only.
    pub(crate) fn next_list(&self, answer: impl Into<Answer>) {
        lock(&self.0).list.once(answer.into());
    }
}

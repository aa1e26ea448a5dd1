//! One subscription at the simulated vendor: its tokens, its accounts, and what each of them answers when.
//!
//! Precedence of a read: an exception for the account, what stands for the whole subscription, what stands for the
//! account, "not found".

use std::collections::BTreeMap;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

use super::answer::{Answer, Missing};
use super::record::Record;
use super::reply::Reply;
use super::script::Script;
use super::useapi::State;
use crate::domain::time::Timestamp;

/// One account: what it answers, and its configuration as the list shows it.
#[derive(Default)]
struct Shelf {
    script: Script<Answer>,
    /// The last configuration that stood before the script's first step: the list still shows it when the account's own
    /// read answers something else.
    record: Option<Box<Record>>,
}

impl Shelf {
    fn set(&mut self, now: Timestamp, answer: Option<Answer>) {
        if let Some(record) = self.latest(now) {
            self.record = Some(Box::new(record.clone()));
        }
        self.script.set(now, answer);
    }

    fn latest(&self, now: Timestamp) -> Option<&Record> {
        let scripted = self.script.past(now).flatten().find_map(Answer::record);
        scripted.or(self.record.as_deref())
    }

    /// What the list shows of it: nothing when it is gone.
    fn listed(&self, now: Timestamp) -> Option<&Record> {
        let standing = self.script.standing(now)?;
        if standing.is_missing() { None } else { self.latest(now) }
    }
}

/// The server's side of a subscription.
pub(super) struct Plan {
    tokens: Vec<SecretString>,
    accounts: BTreeMap<String, Shelf>,
    list: Script<Answer>,
    all: Script<Answer>,
}

impl Plan {
    pub(super) fn new(token: SecretString) -> Self {
        Self {
            tokens: vec![token],
            accounts: BTreeMap::new(),
            list: Script::default(),
            all: Script::default(),
        }
    }

    pub(super) fn admits(&self, token: &str) -> bool {
        self.tokens.iter().any(|known| known.expose_secret() == token)
    }

    fn shelf(&mut self, account: &str) -> &mut Shelf {
        self.accounts.entry(account.to_owned()).or_default()
    }

    /// What a read of `account` gets.
    pub(super) fn read(&mut self, account: &str, now: Timestamp) -> Answer {
        let exception = self.accounts.get_mut(account).and_then(|shelf| shelf.script.take_once());
        exception
            .or_else(|| self.all.take(now))
            .or_else(|| self.accounts.get(account)?.script.standing(now).cloned())
            .unwrap_or_else(|| Answer::not_found(Missing::default()))
    }

    /// What a read of the list gets.
    pub(super) fn read_list(&mut self, now: Timestamp, ordinal: usize) -> Reply {
        let scripted =
            self.list.take_once().or_else(|| self.all.take(now)).or_else(|| self.list.standing(now).cloned());
        match scripted {
            Some(answer) => answer.into_reply(now, ordinal),
            None => Reply::json(axum::http::StatusCode::OK, self.listing(now, ordinal)),
        }
    }

    /// An object, account id to configuration; written piece by piece, since it may hold 100,000.
    fn listing(&self, now: Timestamp, ordinal: usize) -> String {
        let mut text = String::from("{");
        for (id, shelf) in &self.accounts {
            let Some(record) = shelf.listed(now) else { continue };
            if text.len() > 1 {
                text.push(',');
            }
            text.push_str(&serde_json::Value::from(id.as_str()).to_string());
            text.push(':');
            text.push_str(&record.to_json(now, ordinal).to_string());
        }
        text.push('}');
        text
    }
}

/// The driver's handle on one subscription of a [`UseApi`](super::UseApi).
///
/// "From now on" means the simulated now. Answers planned for later moments survive an immediate change.
#[derive(Clone)]
pub struct Subscription {
    state: Arc<State>,
    index: usize,
}

impl Subscription {
    pub(super) fn new(state: Arc<State>, index: usize) -> Self {
        Self { state, index }
    }

    /// Replaces every token by `token`: the old ones are refused at once.
    pub fn reset_token(&self, token: SecretString) {
        self.change(|plan, _| plan.tokens = vec![token]);
    }

    /// Refuses every token.
    pub fn revoke_tokens(&self) {
        self.change(|plan, _| plan.tokens.clear());
    }

    /// Accepts `token` too.
    pub fn accept_token(&self, token: SecretString) {
        self.change(|plan, _| plan.tokens.push(token));
    }

    /// Stores a configuration under its own account id, from now on.
    pub fn put(&self, record: Record) {
        let account = record.account().to_owned();
        self.set(&account, record);
    }

    /// Answers reads of `account` so, from now on.
    pub fn set(&self, account: &str, answer: impl Into<Answer>) {
        self.change(|plan, now| plan.shelf(account).set(now, Some(answer.into())));
    }

    /// Deletes `account`, from now on.
    pub fn remove(&self, account: &str) {
        self.change(|plan, now| plan.shelf(account).set(now, None));
    }

    /// Answers reads of `account` so, from the moment `from` on.
    pub fn script(&self, account: &str, from: Timestamp, answer: impl Into<Answer>) {
        self.change(|plan, _| plan.shelf(account).script.plan(from, Some(answer.into())));
    }

    /// Answers the next read of `account` so, then as before.
    pub fn next(&self, account: &str, answer: impl Into<Answer>) {
        self.change(|plan, _| plan.shelf(account).script.once(answer.into()));
    }

    /// Answers every read of this subscription so, from now on; `None` ends that.
    pub fn set_all(&self, answer: Option<Answer>) {
        self.change(|plan, now| plan.all.set(now, answer));
    }

    /// The same from the moment `from` on.
    pub fn script_all(&self, from: Timestamp, answer: Option<Answer>) {
        self.change(|plan, _| plan.all.plan(from, answer));
    }

    /// Answers the next read of this subscription so, whatever it reads, unless its account has an exception of its own.
    pub fn next_any(&self, answer: impl Into<Answer>) {
        self.change(|plan, _| plan.all.once(answer.into()));
    }

    /// Answers reads of the list so, from now on; `None` lists what is stored.
    pub fn set_list(&self, answer: Option<Answer>) {
        self.change(|plan, now| plan.list.set(now, answer));
    }

    /// The same from the moment `from` on.
    pub fn script_list(&self, from: Timestamp, answer: Option<Answer>) {
        self.change(|plan, _| plan.list.plan(from, answer));
    }

    /// Answers the next read of the list so, then as before.
    pub fn next_list(&self, answer: impl Into<Answer>) {
        self.change(|plan, _| plan.list.once(answer.into()));
    }

    fn change(&self, change: impl FnOnce(&mut Plan, Timestamp)) {
        self.state.change(self.index, change);
    }
}

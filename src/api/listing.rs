//! What the answer to "all accounts, please" says, read while it comes.
//!
//! Promises: pure; each account in it is judged as if it had been asked for alone, and of each no more is held than what
//! the caller keeps; a list that does not come whole, or breaks between its members, holds nothing. An account that is missing is
//! merely missing: whoever compares must ask for it by itself (docs/vendor-api.md, trap 10).

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use chrono::TimeDelta;

use crate::domain::account::AccountId;
use crate::domain::observation::{Observation, Outcome};

use super::answer::{Answer, Body, larger};
use super::classify::{Reading, content, malformed};
use super::split::{Raw, Splitter};
use super::wire::{self, Record, Skipped, Value};

/// The most accounts that one listing may hold: far above any plan, low enough that a hostile list cannot fill memory.
const MOST_ACCOUNTS: usize = 250_000;
/// The cap of a listing: some hundred thousand configurations of the usual kilobyte, and still bounded.
const LARGEST_LISTING: usize = 256 << 20;
/// Of what is no list no more than this is of interest.
const LARGEST_REFUSAL: usize = 64 << 10;
/// Of an id no more than this can be part of a URL that anybody takes.
const LONGEST_ID: usize = 1_024;
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// What one request for all accounts of a token saw.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing<T> {
    /// What the answer as a whole was; `ok` does not say that every account in it is.
    pub outcome: Outcome,
    /// What an operator would want to read about an outcome other than `ok`.
    pub error: Option<String>,
    /// How long the vendor asked us to wait, when it did.
    pub retry_after: Option<TimeDelta>,
    /// Every account of the list, judged for itself, as far as the caller keeps that; empty unless the outcome is `ok`.
    pub accounts: BTreeMap<AccountId, T>,
}

impl<T> Listing<T> {
    const fn ok(accounts: BTreeMap<AccountId, T>) -> Self {
        Self { outcome: Outcome::Ok, error: None, retry_after: None, accounts }
    }
}

impl<T> From<Observation> for Listing<T> {
    /// The list that was not to be had, for the reason that `observation` gives.
    fn from(observation: Observation) -> Self {
        let Observation { outcome, error, retry_after, configuration: _ } = observation;
        Self { outcome, error, retry_after, accounts: BTreeMap::new() }
    }
}

/// Members that make up a refusal: under one of these names, what is not an object is not an account.
const REFUSAL: [&str; 5] = ["error", "message", "code", "status", "statusCode"];
/// Of these, those without which there is none.
const REFUSES: [&str; 2] = ["error", "message"];

/// An answer about all accounts, as far as it came.
#[expect(clippy::struct_excessive_bools, reason = "four findings, each of which may come with any other")]
pub(super) struct Gathering<T, K> {
    reading: Reading,
    keep: K,
    /// The answer's head.
    answer: Answer,
    /// What came before the list began; all of it, where it is no list.
    before: Vec<u8>,
    /// Bytes of a byte order mark that the body begins with.
    mark: usize,
    /// Whether something else than a byte order mark and white space came before a brace: it is not a list.
    is_other: bool,
    list: Option<Splitter>,
    largest_account: usize,
    length: usize,
    broken: Option<String>,
    accounts: BTreeMap<AccountId, T>,
    /// Whether the value of any member was JSON, and whether that of any was not.
    is_readable: bool,
    is_unreadable: bool,
    /// Whether a member was there that a refusal has.
    refuses: bool,
    /// Whether a member was plainly somebody's configuration, healthy or in error.
    holds_an_account: bool,
}

impl Reading {
    /// Begins to read an answer about all accounts, of each of which `keep` says what is kept; `answer` has no body yet.
    pub(super) const fn listing<T, K: FnMut(Observation) -> T>(
        self,
        answer: Answer,
        largest_account: usize,
        keep: K,
    ) -> Gathering<T, K> {
        Gathering {
            reading: self,
            keep,
            answer,
            before: Vec::new(),
            mark: 0,
            is_other: false,
            list: None,
            largest_account,
            length: 0,
            broken: None,
            accounts: BTreeMap::new(),
            is_readable: false,
            is_unreadable: false,
            refuses: false,
            holds_an_account: false,
        }
    }
}

/// What a list is that cannot be taken apart.
fn broken(length: usize) -> String {
    format!("broken JSON within the first {length} bytes")
}

impl<T, K: FnMut(Observation) -> T> Gathering<T, K> {
    /// Takes the next piece of the body; says when no more is wanted.
    pub(super) fn take(&mut self, mut piece: &[u8]) -> ControlFlow<()> {
        self.length += piece.len();
        if self.list.is_none() {
            let brace = self.brace(piece);
            let (before, list) = piece.split_at(brace.map_or(piece.len(), |brace| brace + 1));
            self.before.extend_from_slice(before);
            if brace.is_none() {
                return self.unless(self.before.len() > LARGEST_REFUSAL, || larger(LARGEST_REFUSAL));
            }
            self.list = Some(Splitter::new(self.largest_account));
            piece = list;
        }
        if let Some(mut list) = self.list.take() {
            let read = list.feed(piece, |member| self.member(member));
            self.list = Some(list);
            let length = self.length;
            self.unless(read.is_err(), || broken(length))?;
        }
        self.unless(self.accounts.len() > MOST_ACCOUNTS, || "more accounts than anybody has".to_owned())?;
        self.unless(self.length > LARGEST_LISTING, || larger(LARGEST_LISTING))
    }

    /// Where in `piece` the list begins, if only a byte order mark and white space came before it. Each byte is read once, however
    /// small the pieces are.
    fn brace(&mut self, piece: &[u8]) -> Option<usize> {
        if self.answer.status != 200 || self.is_other {
            return None;
        }
        for (at, byte) in piece.iter().enumerate() {
            let is_after_mark = matches!(self.mark, 0 | 3);
            let is_in_mark =
                self.before.len() + at == self.mark && BYTE_ORDER_MARK.get(self.mark) == Some(byte);
            match byte {
                b'{' if is_after_mark => return Some(at),
                b' ' | b'\t' | b'\n' | b'\r' if is_after_mark => {}
                _ if is_in_mark => self.mark += 1,
                _ => {
                    self.is_other = true;
                    return None;
                }
            }
        }
        None
    }

    fn unless(&mut self, broken: bool, why: impl FnOnce() -> String) -> ControlFlow<()> {
        if !broken {
            return ControlFlow::Continue(());
        }
        self.broken = Some(why());
        ControlFlow::Break(())
    }

    /// Takes one member. What is wrong with it is the trouble of that account alone, as long as the splitter finds where it ends.
    fn member(&mut self, Raw { name, value }: Raw<'_>) {
        // A name that cannot be read exactly, or that is very long, names no account that could be asked for.
        let name = name.and_then(wire::exact_text).filter(|name| name.len() <= LONGEST_ID);
        let read = value.map(wire::read::<Record>);
        self.is_readable |= matches!(read, Some(Ok(_)) | None);
        self.is_unreadable |= matches!(read, Some(Err(_)));
        let Some(name) = name else { return };
        self.refuses |= REFUSES.contains(&name.as_str());
        let observation = match read {
            None => malformed(larger(self.largest_account)),
            Some(Err(_)) => {
                let body = Body::Whole(value.unwrap_or_default().to_vec());
                let content_type = self.answer.content_type.clone();
                self.reading.account(&Answer { status: 200, retry_after: None, content_type, body })
            }
            Some(Ok(value)) => {
                self.holds_an_account |= matches!(&value, Value::Object(record) if record.is_configuration);
                if !matches!(value, Value::Object(_)) && REFUSAL.contains(&name.as_str()) {
                    return;
                }
                self.reading.configuration(value)
            }
        };
        self.keep(name, observation);
    }

    fn keep(&mut self, name: String, observation: Observation) {
        self.accounts.insert(AccountId::new(name), (self.keep)(observation));
    }

    /// What was said, once all of it came; `cut` is what came instead of the rest.
    pub(super) fn done(mut self, cut: Option<Body>) -> Listing<T> {
        let has_ended = self.list.as_ref().is_some_and(Splitter::has_ended);
        let is_list = self.list.is_some() && cut.is_none();
        self.answer.body = cut.unwrap_or(Body::Whole(self.before));
        match self.answer.status {
            200 => {}
            // An empty set may be told this way, with or without a body (docs/vendor-api.md, "The calls").
            404 => return Listing::ok(BTreeMap::new()),
            _ => return self.reading.refusal(&self.answer).into(),
        }
        if let Some(why) = self.broken {
            return malformed(why).into();
        }
        if !is_list {
            return match content::<Skipped>(&self.answer) {
                Ok(value) => {
                    malformed(format!("JSON, but {} where a list by account id should be", value.kind()))
                        .into()
                }
                Err(unread) => self.reading.unread(&unread).into(),
            };
        }
        if !has_ended {
            return malformed(format!("JSON cut short at byte {}", self.length)).into();
        }
        if self.is_unreadable && !self.is_readable {
            // Nothing in it shows that the pieces were found where they begin and end.
            return malformed(broken(self.length)).into();
        }
        if self.refuses && !self.holds_an_account {
            return malformed("a refusal where a list by account id should be").into();
        }
        Listing::ok(self.accounts)
    }
}

#[cfg(test)]
mod tests;

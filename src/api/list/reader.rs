//! Judges the response to a request for all accounts, piece by piece.

use std::collections::BTreeMap;

use memchr::memchr;

use crate::domain::account::AccountId;
use crate::domain::checksum::Checksum;
use crate::domain::observation::Outcome;

use super::listing::Listing;
use super::split::{InvalidJson, ObjectSplitter, RawMember, trimmed_start};
use crate::api::answer::{Answer, LastAnswers};
use crate::api::classify::{ResponseReader, content, malformed};
use crate::api::response::{ReadFailure, Response, larger_than, with_commas};
use crate::api::wire::{self, Members, Value};

/// Far above any plan, and low enough that a hostile list cannot fill the memory.
pub(super) const MAX_ACCOUNTS: usize = 250_000;
/// Several hundred thousand configurations of the usual kilobyte.
const MAX_LIST: usize = 256 << 20;
/// Cap of a body that is not a list.
pub(super) const MAX_REFUSAL: usize = 64 << 10;
/// Bytes of an id; no server accepts a longer one in a URL.
pub(super) const MAX_ID_LENGTH: usize = 1_024;

/// Members of a refusal: a value under one of these names is an account only if it is an object.
const REFUSAL_MEMBERS: [&str; 5] = ["error", "message", "code", "status", "statusCode"];
/// Every refusal has at least one of these.
const REQUIRED_REFUSAL_MEMBERS: [&str; 2] = ["error", "message"];

/// Reads the response. `keep` selects what to hold of each account.
#[expect(clippy::struct_excessive_bools, reason = "six findings, each of which may come with any other")]
pub(in crate::api) struct ListReader<'t, T, K> {
    responses: ResponseReader<'t>,
    keep: K,
    /// Without a body until the end.
    head: Response,
    max_account: usize,
    known: &'t LastAnswers,
    /// What came before the first `{`, until that shows that the body is a list; the whole body where it is none.
    prefix: Vec<u8>,
    is_list: bool,
    is_no_list: bool,
    splitter: ObjectSplitter,
    length: usize,
    accounts: BTreeMap<AccountId, T>,
    has_readable_value: bool,
    has_unreadable_value: bool,
    looks_like_refusal: bool,
    has_configuration: bool,
}

impl<'t, T, K: FnMut(Answer) -> T> ListReader<'t, T, K> {
    /// Starts with the response's `head`. An account of more than `max_account` bytes is malformed; a `known` answer is not
    /// read again.
    pub(in crate::api) fn new(
        responses: ResponseReader<'t>,
        head: Response,
        max_account: usize,
        known: &'t LastAnswers,
        keep: K,
    ) -> Self {
        Self {
            responses,
            keep,
            is_no_list: head.status != 200,
            head,
            max_account,
            known,
            prefix: Vec::new(),
            is_list: false,
            splitter: ObjectSplitter::new(max_account),
            length: 0,
            accounts: BTreeMap::new(),
            has_readable_value: false,
            has_unreadable_value: false,
            looks_like_refusal: false,
            has_configuration: false,
        }
    }

    /// Reads the next piece of the body.
    ///
    /// # Errors
    /// The rest is not needed: the list cannot be used, for this reason.
    pub(in crate::api) fn feed(&mut self, mut piece: &[u8]) -> Result<(), ReadFailure> {
        self.length += piece.len();
        if !self.is_list {
            let Some(start) = self.find_members(piece) else {
                self.prefix.extend_from_slice(piece);
                return check_size(self.prefix.len(), MAX_REFUSAL);
            };
            self.is_list = true;
            piece = &piece[start..];
        }
        let mut splitter = std::mem::take(&mut self.splitter);
        let result = splitter.feed(piece, |member| self.read_member(member));
        self.splitter = splitter;
        result.map_err(|InvalidJson| unusable(invalid_json(self.length)))?;
        if self.accounts.len() > MAX_ACCOUNTS {
            return Err(unusable(format!("more than {} accounts", with_commas(MAX_ACCOUNTS))));
        }
        check_size(self.length, MAX_LIST)
    }

    /// Where the members of the list begin in `piece`: behind the first brace, if only a byte order mark and white space came
    /// before it.
    fn find_members(&mut self, piece: &[u8]) -> Option<usize> {
        let brace = if self.is_no_list { None } else { memchr(b'{', piece) }?;
        let before = [&self.prefix, &piece[..brace]].concat();
        self.is_no_list = !trimmed_start(wire::without_byte_order_mark(&before)).is_empty();
        (!self.is_no_list).then_some(brace + 1)
    }

    /// Reads one member. If it is invalid, only that account is malformed, as long as the splitter finds its end.
    fn read_member(&mut self, RawMember { name, value }: RawMember<'_>) {
        // A name that cannot be read exactly, or is too long, is not the id of an account that could be requested.
        let name = name.and_then(wire::exact_text).filter(|name| name.len() <= MAX_ID_LENGTH);
        let name = name.map(AccountId::new);
        let checksum = value.map(|value| Checksum::of([value]));
        let last = name.as_ref().and_then(|id| self.known.get(id));
        if let (Some(id), Some(last)) = (&name, last)
            && checksum == Some(last.checksum)
        {
            self.has_readable_value = true;
            self.has_configuration = true;
            self.accounts.insert(id.clone(), (self.keep)(Answer::Unchanged(*last)));
            return;
        }
        let parsed = value.map(wire::parse);
        let is_unreadable = matches!(parsed, Some(Err(_)));
        self.has_unreadable_value |= is_unreadable;
        self.has_readable_value |= !is_unreadable;
        let Some(name) = name else { return };
        self.looks_like_refusal |= REQUIRED_REFUSAL_MEMBERS.contains(&name.as_str());
        let observation = match parsed {
            None => malformed(larger_than(self.max_account)),
            Some(Err(_)) => {
                let body = Ok(value.unwrap_or_default().to_vec());
                let content_type = self.head.content_type.clone();
                self.responses.account(&Response { status: 200, retry_after: None, content_type, body })
            }
            Some(Ok(value)) => {
                let members = if let Value::Object(members) = &value { Some(members) } else { None };
                self.has_configuration |= members.is_some_and(Members::is_configuration);
                if members.is_none() && REFUSAL_MEMBERS.contains(&name.as_str()) {
                    return;
                }
                self.responses.configuration(value)
            }
        };
        let answer = match checksum {
            Some(checksum) => Answer::read(observation, checksum),
            None => observation.into(),
        };
        self.accounts.insert(name, (self.keep)(answer));
    }

    /// Judges the list. `end` says whether the body arrived completely.
    pub(in crate::api) fn finish(mut self, end: Result<(), ReadFailure>) -> Listing<T> {
        self.head.body = end.map(|()| self.prefix);
        match self.head.status {
            200 => {}
            // This may mean an empty set, with or without a body (docs/vendor-api.md, "The calls").
            404 => return Listing::ok(BTreeMap::new()),
            _ => return self.responses.refusal(&self.head).into(),
        }
        let fault = if !self.is_list || self.head.body.is_err() {
            match content(&self.head) {
                Ok(value) => format!("JSON, but {} where a list by account id should be", value.kind()),
                Err(failure) => return self.responses.failure(&failure).into(),
            }
        } else if !self.splitter.has_ended() {
            format!("JSON cut short at byte {}", self.length)
        } else if self.has_unreadable_value && !self.has_readable_value {
            // Then nothing shows that the splitter found the right boundaries.
            invalid_json(self.length)
        } else if self.looks_like_refusal && !self.has_configuration {
            "a refusal where a list by account id should be".to_owned()
        } else {
            return Listing::ok(self.accounts);
        };
        malformed(fault).into()
    }
}

fn unusable(reason: String) -> ReadFailure {
    ReadFailure { outcome: Outcome::Malformed, reason }
}

fn check_size(size: usize, limit: usize) -> Result<(), ReadFailure> {
    if size > limit { Err(unusable(larger_than(limit))) } else { Ok(()) }
}

fn invalid_json(length: usize) -> String {
    format!("broken JSON within the first {length} bytes")
}

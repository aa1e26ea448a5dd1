//! One stored account configuration, as the vendor returns it.
//!
//! Guarantees: by default, it is the documented example for the given account, including the contradictory expiries. Every member
//! can be changed, removed, or replaced by any JSON.

use std::borrow::Cow;

use chrono::{SecondsFormat, TimeDelta};
use serde_json::{Map, Value, json};

use minimax_watch::domain::time::Timestamp;

const MASKED_TOKEN: &str = "abc…secured…xyz";
const SEARCH_PARAMS: &str = "device_platform=web&app_id=3001&version_code=22201\
    &uuid=b5df53d1-4c0d-4c77-8422-87e3f3b1a1d6&device_id=123456789&os_name=Windows&browser_name=chrome\
    &device_memory=8&cpu_core_num=4&browser_language=en-US&browser_platform=Win32&screen_width=1920\
    &screen_height=1080&unix=1732266598000";

type Text = Cow<'static, str>;

#[derive(Clone, Debug, PartialEq, Eq)]
enum ErrorMember {
    Text(Text),
    /// With a time stamp that differs in each response.
    Stamped(Text),
}

/// One account's configuration. It is small, since a server may hold 100,000.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Record {
    account: String,
    issued: Option<Timestamp>,
    exp: Option<Timestamp>,
    exp_expire: Option<Timestamp>,
    host: Option<Text>,
    max_jobs: Option<i64>,
    flags: Vec<(Text, bool)>,
    user_id: Option<Text>,
    error: Option<ErrorMember>,
    /// Members replaced (or, with `None`, removed) by JSON pointer.
    planted: Vec<(Text, Option<Value>)>,
}

impl Record {
    /// The documented example, for `account`; its two expiries are three weeks apart.
    pub(crate) fn new(account: impl Into<String>) -> Self {
        let account = account.into();
        Self {
            user_id: Some(Text::Owned(account.clone())),
            account,
            issued: milliseconds(1_732_266_598_864),
            exp: milliseconds(1_734_858_598_864),
            exp_expire: milliseconds(1_733_011_200_000),
            host: Some(Text::Borrowed("hailuoai.video")),
            max_jobs: Some(1),
            flags: ["supportVideo", "supportChat", "supportAudio"]
                .map(|name| (Text::Borrowed(name), true))
                .to_vec(),
            error: None,
            planted: Vec::new(),
        }
    }

    /// The example with both expiries at `end`, issued 30 days before.
    pub(crate) fn ending(account: impl Into<String>, end: Timestamp) -> Self {
        Self::new(account).end(end)
    }

    /// The account's id.
    pub(crate) fn account(&self) -> &str {
        &self.account
    }

    /// Sets both expiries to `end`, issued 30 days before.
    #[must_use]
    pub(crate) fn end(self, end: Timestamp) -> Self {
        Self { issued: Some(end - TimeDelta::days(30)), exp: Some(end), exp_expire: Some(end), ..self }
    }

    /// Sets `jwt.exp`.
    #[must_use]
    pub(crate) fn exp(self, exp: Option<Timestamp>) -> Self {
        Self { exp, ..self }
    }

    /// Sets `jwt.exp_Expire`.
    #[must_use]
    pub(crate) fn exp_expire(self, exp_expire: Option<Timestamp>) -> Self {
        Self { exp_expire, ..self }
    }

    /// Sets `jwt.host`; it may be empty.
    #[must_use]
    pub(crate) fn host<'a>(self, host: impl Into<Option<&'a str>>) -> Self {
        Self { host: owned(host), ..self }
    }

    /// Sets `maxJobs`.
    #[must_use]
    pub(crate) fn max_jobs(self, max_jobs: impl Into<Option<i64>>) -> Self {
        Self { max_jobs: max_jobs.into(), ..self }
    }

    /// Sets a `support*` flag to true or false, or removes it.
    #[must_use]
    pub(crate) fn flag(mut self, name: &str, value: impl Into<Option<bool>>) -> Self {
        self.flags.retain(|(known, _)| known != name);
        self.flags.extend(value.into().map(|value| (Text::Owned(name.to_owned()), value)));
        self
    }

    /// Sets `jwt.user.id`.
    #[must_use]
    pub(crate) fn user_id<'a>(self, id: impl Into<Option<&'a str>>) -> Self {
        Self { user_id: owned(id), ..self }
    }

    /// Sets `error` to a text.
    #[must_use]
    pub(crate) fn error<'a>(self, text: impl Into<Option<&'a str>>) -> Self {
        Self { error: owned(text).map(ErrorMember::Text), ..self }
    }

    /// Sets `error` to a text with a time stamp that differs in each response.
    #[must_use]
    pub(crate) fn stamped_error(self, text: &str) -> Self {
        Self { error: Some(ErrorMember::Stamped(Text::Owned(text.to_owned()))), ..self }
    }

    /// Sets any JSON at a JSON pointer such as `/jwt/exp` or `/jwt/user/phone`; `None` removes the member. Applied last.
    #[must_use]
    pub(crate) fn plant(mut self, pointer: &str, value: impl Into<Option<Value>>) -> Self {
        self.planted.push((Text::Owned(pointer.to_owned()), value.into()));
        self
    }

    /// The JSON at `now`, in the response with that ordinal.
    pub(crate) fn to_json(&self, now: Timestamp, ordinal: usize) -> Value {
        let mut jwt = Map::new();
        put(&mut jwt, "token", Some(MASKED_TOKEN));
        put(&mut jwt, "user", Some(self.user()));
        put(&mut jwt, "exp", self.exp.and_then(unix));
        put(&mut jwt, "iat", self.issued.and_then(unix));
        put(&mut jwt, "host", self.host.as_deref());
        put(&mut jwt, "searchParams", Some(SEARCH_PARAMS));
        put(&mut jwt, "iat_Issued", self.issued.map(iso));
        put(&mut jwt, "exp_Expire", self.exp_expire.map(iso));
        let mut record = Map::new();
        put(&mut record, "account", Some(self.account.as_str()));
        put(&mut record, "jwt", Some(jwt));
        put(&mut record, "maxJobs", self.max_jobs);
        for (name, value) in &self.flags {
            put(&mut record, name, Some(*value));
        }
        put(&mut record, "error", self.error.as_ref().map(|error| error.to_json(now, ordinal)));
        let mut record = Value::Object(record);
        for (pointer, value) in &self.planted {
            plant(&mut record, pointer, value.clone());
        }
        record
    }

    fn user(&self) -> Map<String, Value> {
        let mut user = Map::new();
        put(&mut user, "deviceID", Some("123456789"));
        put(&mut user, "id", self.user_id.as_deref());
        put(&mut user, "isAnonymous", Some(true));
        put(&mut user, "name", Some("<name>"));
        put(&mut user, "avatar", Some("<url>"));
        user
    }
}

impl ErrorMember {
    fn to_json(&self, now: Timestamp, ordinal: usize) -> Value {
        match self {
            Self::Text(text) => json!(text),
            Self::Stamped(text) => {
                let milliseconds = i64::try_from(ordinal % 86_400_000).unwrap_or_default();
                json!(format!("{text} [{}]", iso(now + TimeDelta::milliseconds(milliseconds))))
            }
        }
    }
}

fn milliseconds(since_epoch: i64) -> Option<Timestamp> {
    Timestamp::from_timestamp_millis(since_epoch)
}

fn owned<'a>(text: impl Into<Option<&'a str>>) -> Option<Text> {
    text.into().map(|text| Text::Owned(text.to_owned()))
}

fn put(object: &mut Map<String, Value>, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        object.insert(name.to_owned(), value.into());
    }
}

/// Unix seconds with a fraction, like the vendor's.
fn unix(at: Timestamp) -> Option<f64> {
    format!("{}.{:03}", at.timestamp(), at.timestamp_subsec_millis()).parse().ok()
}

fn iso(at: Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Sets or removes the member at `pointer`; creates missing objects on the way.
fn plant(root: &mut Value, pointer: &str, value: Option<Value>) {
    let mut names: Vec<String> =
        pointer.split('/').skip(1).map(|name| name.replace("~1", "/").replace("~0", "~")).collect();
    let Some(last) = names.pop() else {
        *root = value.unwrap_or_default();
        return;
    };
    let mut place = root;
    for name in names {
        place = object(place).entry(name).or_insert_with(|| json!({}));
    }
    match value {
        Some(value) => object(place).insert(last, value),
        None => object(place).remove(&last),
    };
}

/// `place` as an object; another value is replaced.
fn object(place: &mut Value) -> &mut Map<String, Value> {
    if !place.is_object() {
        *place = json!({});
    }
    place.as_object_mut().expect("it was made an object the line before")
}

//! One stored account configuration, as the vendor returns it.
//!
//! Promises: untouched, it is the documented example for the given account, contradictory ends included; every
//! member can be changed, left out, or replaced by any JSON.

use std::borrow::Cow;

use chrono::{SecondsFormat, TimeDelta};
use serde_json::{Map, Value, json};

use crate::domain::time::Timestamp;

const MASKED_TOKEN: &str = "abc…secured…xyz";
const SEARCH_PARAMS: &str = "device_platform=web&app_id=3001&version_code=22201\
    &uuid=b5df53d1-4c0d-4c77-8422-87e3f3b1a1d6&device_id=123456789&os_name=Windows&browser_name=chrome\
    &device_memory=8&cpu_core_num=4&browser_language=en-US&browser_platform=Win32&screen_width=1920\
    &screen_height=1080&unix=1732266598000";

type Text = Cow<'static, str>;

/// An `error` member; the last one never reads the same twice.
#[derive(Clone, Debug, PartialEq, Eq)]
enum ErrorMember {
    Text(Text),
    Object { code: u16, message: Text },
    Stamped(Text),
}

/// One account's configuration. Small: a server may hold 100,000.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    account: String,
    issued: Option<Timestamp>,
    exp: Option<Timestamp>,
    exp_expire: Option<Timestamp>,
    host: Option<Text>,
    max_jobs: Option<i64>,
    flags: Vec<(Text, bool)>,
    token: Option<Text>,
    search_params: Option<Text>,
    user_id: Option<Text>,
    user_name: Option<Text>,
    error: Option<ErrorMember>,
    /// Replaced (or, with `None`, removed) members by their JSON pointer.
    planted: Vec<(Text, Option<Value>)>,
}

impl Record {
    /// The documented example, for `account`; its two ends are three weeks apart.
    pub fn new(account: impl Into<String>) -> Self {
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
            token: Some(Text::Borrowed(MASKED_TOKEN)),
            search_params: Some(Text::Borrowed(SEARCH_PARAMS)),
            user_name: Some(Text::Borrowed("<name>")),
            error: None,
            planted: Vec::new(),
        }
    }

    /// The example with both ends at `end`, issued 30 days before.
    pub fn ending(account: impl Into<String>, end: Timestamp) -> Self {
        Self::new(account).end(end)
    }

    /// Whose it is.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// Both ends at `end`, issued 30 days before.
    #[must_use]
    pub fn end(self, end: Timestamp) -> Self {
        Self { issued: Some(end - TimeDelta::days(30)), exp: Some(end), exp_expire: Some(end), ..self }
    }

    /// `jwt.exp`, or none.
    #[must_use]
    pub fn exp(self, exp: Option<Timestamp>) -> Self {
        Self { exp, ..self }
    }

    /// `jwt.exp_Expire`, or none.
    #[must_use]
    pub fn exp_expire(self, exp_expire: Option<Timestamp>) -> Self {
        Self { exp_expire, ..self }
    }

    /// `jwt.host`, or none; may be empty.
    #[must_use]
    pub fn host<'a>(self, host: impl Into<Option<&'a str>>) -> Self {
        Self { host: owned(host), ..self }
    }

    /// `maxJobs`, or none.
    #[must_use]
    pub fn max_jobs(self, max_jobs: impl Into<Option<i64>>) -> Self {
        Self { max_jobs: max_jobs.into(), ..self }
    }

    /// A `support*` flag: true, false, or absent.
    #[must_use]
    pub fn flag(mut self, name: &str, value: impl Into<Option<bool>>) -> Self {
        self.flags.retain(|(known, _)| known != name);
        self.flags.extend(value.into().map(|value| (Text::Owned(name.to_owned()), value)));
        self
    }

    /// `jwt.token`, or none: masked by default, which may stop one day.
    #[must_use]
    pub fn token<'a>(self, token: impl Into<Option<&'a str>>) -> Self {
        Self { token: owned(token), ..self }
    }

    /// `jwt.searchParams`, or none.
    #[must_use]
    pub fn search_params<'a>(self, text: impl Into<Option<&'a str>>) -> Self {
        Self { search_params: owned(text), ..self }
    }

    /// `jwt.user.id`, or none.
    #[must_use]
    pub fn user_id<'a>(self, id: impl Into<Option<&'a str>>) -> Self {
        Self { user_id: owned(id), ..self }
    }

    /// `jwt.user.name`, or none.
    #[must_use]
    pub fn user_name<'a>(self, name: impl Into<Option<&'a str>>) -> Self {
        Self { user_name: owned(name), ..self }
    }

    /// `error` as a text, or none.
    #[must_use]
    pub fn error<'a>(self, text: impl Into<Option<&'a str>>) -> Self {
        Self { error: owned(text).map(ErrorMember::Text), ..self }
    }

    /// `error` as an object with `code`, `message`, `status` and `details`.
    #[must_use]
    pub fn error_object(self, code: u16, message: &str) -> Self {
        Self { error: Some(ErrorMember::Object { code, message: Text::Owned(message.to_owned()) }), ..self }
    }

    /// `error` as a text with a time stamp that differs in each answer.
    #[must_use]
    pub fn stamped_error(self, text: &str) -> Self {
        Self { error: Some(ErrorMember::Stamped(Text::Owned(text.to_owned()))), ..self }
    }

    /// Any JSON at a JSON pointer such as `/jwt/exp` or `/jwt/user/phone`; `None` removes the member. Applied last.
    #[must_use]
    pub fn plant(mut self, pointer: &str, value: impl Into<Option<Value>>) -> Self {
        self.planted.push((Text::Owned(pointer.to_owned()), value.into()));
        self
    }

    /// As JSON at `now`, in the answer with that ordinal.
    pub fn to_json(&self, now: Timestamp, ordinal: usize) -> Value {
        let mut jwt = Map::new();
        put(&mut jwt, "token", self.token.as_deref());
        put(&mut jwt, "user", Some(self.user()));
        put(&mut jwt, "exp", self.exp.and_then(unix));
        put(&mut jwt, "iat", self.issued.and_then(unix));
        put(&mut jwt, "host", self.host.as_deref());
        put(&mut jwt, "searchParams", self.search_params.as_deref());
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
        put(&mut user, "name", self.user_name.as_deref());
        put(&mut user, "avatar", Some("<url>"));
        user
    }
}

impl ErrorMember {
    fn to_json(&self, now: Timestamp, ordinal: usize) -> Value {
        match self {
            Self::Text(text) => json!(text),
            Self::Object { code, message } => {
                json!({"code": code, "message": message, "status": "FAILED", "details": []})
            }
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

/// Unix seconds with the fraction that the vendor's have.
fn unix(moment: Timestamp) -> Option<f64> {
    format!("{}.{:03}", moment.timestamp(), moment.timestamp_subsec_millis()).parse().ok()
}

fn iso(moment: Timestamp) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Sets or removes the member at `pointer`; objects on the way are made.
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

/// `place` as an object; what else it was is replaced.
fn object(place: &mut Value) -> &mut Map<String, Value> {
    if !place.is_object() {
        *place = json!({});
    }
    place.as_object_mut().expect("it was made an object the line before")
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};

    use super::*;

    fn now() -> Timestamp {
        Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap()
    }

    #[test]
    fn an_untouched_record_is_the_documented_example() {
        let record = Record::new("123456").to_json(now(), 1);
        assert_eq!(record["account"], "123456");
        assert_eq!(record["jwt"]["token"], "abc…secured…xyz");
        assert_eq!(record["jwt"]["exp"].to_string(), "1734858598.864");
        assert_eq!(record["jwt"]["iat"].to_string(), "1732266598.864");
        assert_eq!(record["jwt"]["exp_Expire"], "2024-12-01T00:00:00.000Z");
        assert_eq!(record["jwt"]["user"]["deviceID"], "123456789");
        assert_eq!(record["maxJobs"], 1);
        for flag in ["supportVideo", "supportChat", "supportAudio"] {
            assert_eq!(record[flag], true, "{flag}");
        }
        assert_eq!(record.get("supportMusic"), None);
        assert_eq!(record.get("error"), None);
    }

    #[test]
    fn a_flag_is_true_false_or_absent() {
        let record = Record::new("1").flag("supportVideo", false).flag("supportChat", None);
        let record = record.flag("supportAgent", true).to_json(now(), 1);
        assert_eq!(record["supportVideo"], false);
        assert_eq!(record.get("supportChat"), None);
        assert_eq!(record["supportAgent"], true);
    }

    #[test]
    fn a_stamped_error_never_reads_the_same_twice() {
        let record = Record::new("1").stamped_error("Session expired");
        let texts: Vec<_> = (1..=3).map(|ordinal| record.to_json(now(), ordinal)["error"].clone()).collect();
        assert_eq!(texts[0], "Session expired [2026-11-23T07:15:00.001Z]");
        assert!(texts[0] != texts[1] && texts[1] != texts[2], "{texts:?}");
    }

    #[test]
    fn anything_can_be_planted_anywhere() {
        let record = Record::new("1")
            .plant("/jwt/exp", json!("soon"))
            .plant("/a~1b/c", json!([1]))
            .plant("/maxJobs", None)
            .plant("/account/id", json!(7))
            .to_json(now(), 1);
        assert_eq!(record["jwt"]["exp"], "soon");
        assert_eq!(record["a/b"]["c"], json!([1]));
        assert_eq!(record.get("maxJobs"), None);
        assert_eq!(record["account"], json!({"id": 7}));
        assert_eq!(Record::new("1").plant("", json!([])).to_json(now(), 1), json!([]));
    }
}

//! `[api]`: how useapi.net is asked.

use strum::VariantArray as _;
use url::Url;

use super::super::model::{Api, FetchMode};
use super::super::schema::{self, TableSchema};
use super::super::table::Table;
use super::super::values::{REQUEST_TIMEOUT, TIMEOUTS};
use super::super::{address, size};

/// Where the API of useapi.net is.
pub const DEFAULT_BASE_URL: &str = "https://api.useapi.net";
const CONCURRENCY: usize = 16;
const MAX_CONCURRENCY: usize = 1024;
const MAX_BODY: usize = 1 << 20;
const SMALLEST_MAX_BODY: usize = 1 << 10;
const LARGEST_MAX_BODY: usize = 64 << 20;

pub(super) fn read(mut table: Table<'_>) -> Api {
    let default_url = Url::parse(DEFAULT_BASE_URL).expect("the default is a URL");
    let api = Api {
        base_url: table.parsed("base_url", default_url, base_url),
        fetch: table.choice("fetch", FetchMode::Each, FetchMode::VARIANTS, FetchMode::into),
        timeout: table.duration("timeout", REQUEST_TIMEOUT, TIMEOUTS).to_std().unwrap_or_default(),
        concurrency: table.number("concurrency", CONCURRENCY, concurrency),
        max_body: table.parsed("max_body", MAX_BODY, max_body),
    };
    table.finish();
    api
}

/// The keys that [`read`] reads.
pub(super) fn schema() -> TableSchema {
    let modes = FetchMode::VARIANTS.iter().map(<&str>::from);
    let concurrency = schema::number(1..=i64::try_from(MAX_CONCURRENCY).unwrap_or(i64::MAX));
    TableSchema::new("How useapi.net is asked.")
        .key(
            "base_url",
            "https, or http on loopback for a simulator; without a path.",
            schema::url().default(DEFAULT_BASE_URL),
        )
        .key(
            "fetch",
            "each: one request for each account; list: one request for all accounts of a subscription.",
            schema::choice(modes).default(<&str>::from(FetchMode::Each)),
        )
        .key("timeout", "Time limit for one whole request.", schema::duration(REQUEST_TIMEOUT, &TIMEOUTS))
        .key(
            "concurrency",
            "How many requests at once. It is lowered where the process may open fewer files.",
            concurrency.default(CONCURRENCY),
        )
        .key(
            "max_body",
            "A larger answer for an account counts as malformed; 1KiB to 64MiB.",
            schema::size().default(size::text(MAX_BODY)),
        )
}

fn base_url(typed: &str) -> Result<Url, String> {
    let mut url = address::parse(typed).map_err(|error| error.to_string())?;
    let part = if !url.username().is_empty() || url.password().is_some() {
        "a user name or password"
    } else if url.query().is_some() || url.fragment().is_some() {
        "a query or a fragment"
    } else if !url.path().trim_matches('/').is_empty() {
        "a path"
    } else {
        url.set_path("");
        return Ok(url);
    };
    // Repeats only the part that cannot be a secret.
    Err(format!("must not hold {part}: write \"{}\"", url.origin().ascii_serialization()))
}

fn concurrency(typed: i64) -> Result<usize, String> {
    let count = usize::try_from(typed).ok().filter(|count| (1..=MAX_CONCURRENCY).contains(count));
    count.ok_or_else(|| format!("{typed} is not between 1 and {MAX_CONCURRENCY}"))
}

fn max_body(typed: &str) -> Result<usize, String> {
    let size = size::parse(typed).map_err(|error| error.to_string())?;
    if (SMALLEST_MAX_BODY..=LARGEST_MAX_BODY).contains(&size) {
        return Ok(size);
    }
    let [least, most] = [SMALLEST_MAX_BODY, LARGEST_MAX_BODY].map(size::text);
    Err(format!("\"{typed}\" is not between {least} and {most}"))
}

//! `[api]`: how the vendor is asked.

use url::Url;

use super::super::address;
use super::super::model::{Api, Fetch};
use super::super::reader::Table;
use super::super::size;
use super::bounds;

const BASE_URL: &str = "https://api.useapi.net";
const MAX_BODY: &str = "1MiB";
const LEAST_BODY: usize = 1 << 10;
const MOST_BODY: usize = 64 << 20;

/// Reads the section.
pub(super) fn read(mut table: Table<'_>) -> Option<Api> {
    let base_url = if table.has("base_url") {
        table.text("base_url").and_then(|field| field.read(|typed| base(&typed)))
    } else {
        base(BASE_URL).ok()
    };
    let ways = [("each", Fetch::Each), ("list", Fetch::List)];
    let fetch = bounds::word_or(&mut table, "fetch", Fetch::Each, &ways);
    let timeout = bounds::timeout(&mut table);
    let concurrency = table.number("concurrency").map(|field| field.read(concurrency));
    let max_body = match table.text("max_body") {
        Some(field) => field.read(|typed| max_body(&typed)),
        None => max_body(MAX_BODY).ok(),
    };
    table.finish();
    Some(Api {
        base_url: base_url?,
        timeout: timeout?,
        concurrency: concurrency.unwrap_or(Some(16))?,
        max_body: max_body?,
        fetch: fetch?,
    })
}

fn base(typed: &str) -> Result<Url, String> {
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
    // Only what is no secret is repeated.
    Err(format!("must not hold {part}: write \"{}\"", url.origin().ascii_serialization()))
}

fn concurrency(typed: i64) -> Result<usize, String> {
    usize::try_from(typed)
        .ok()
        .filter(|count| (1..=1024).contains(count))
        .ok_or_else(|| format!("{typed} is not between 1 and 1024"))
}

fn max_body(typed: &str) -> Result<usize, String> {
    let size = size::parse(typed).map_err(|error| error.to_string())?;
    if (LEAST_BODY..=MOST_BODY).contains(&size) {
        return Ok(size);
    }
    Err(format!("`{typed}` is not between {} and {}", size::text(LEAST_BODY), size::text(MOST_BODY)))
}

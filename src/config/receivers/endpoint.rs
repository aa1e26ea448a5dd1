//! Where a receiver takes HTTP requests: an address that is often a secret itself, or the address of a service's API.

use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::super::address;
use super::super::context::Context;
use super::super::model::{Endpoint, Origin, Secret};
use super::super::page::{Page, quoted};
use super::super::place::Place;
use super::super::schema::{self, TableSchema, keys_of};
use super::super::secrets::{self, Form};
use super::super::table::Table;
use super::super::values::{REQUEST_TIMEOUT, TIMEOUTS};

/// Reads `url`, `url_file` or `url_env`, and the keys that go with an address. `check` refuses an address with the rest of a sentence that
/// begins with it.
pub(super) fn read(
    table: &mut Table<'_>,
    context: &Context<'_>,
    check: impl Fn(&Url) -> Result<(), String>,
) -> Option<Endpoint> {
    let allow_http = table.flag("allow_http", false);
    let url = url(table, context, |typed| {
        let url = address::parse_receiver(typed, allow_http).map_err(|error| error.to_string())?;
        check(&url).map(|()| url)
    });
    let timeout = table.duration("timeout", REQUEST_TIMEOUT, TIMEOUTS).to_std().unwrap_or_default();
    Some(Endpoint { url: url?, timeout, allow_http })
}

/// As [`read`], for an address that always is a secret: it must not be in the file.
pub(super) fn read_secret(
    table: &mut Table<'_>,
    context: &Context<'_>,
    check: impl Fn(&Url) -> Result<(), String>,
) -> Option<Endpoint> {
    if table.has("url") {
        table.refuse(
            "url",
            "this address is a secret, which must not be in the file: give url_file or url_env",
        );
        if !secrets::is_given(table, "url") {
            return None;
        }
    } else if !secrets::is_given(table, "url") {
        table.place.problem("url is missing: give url_file or url_env");
        return None;
    }
    read(table, context, check)
}

/// Reads `api_url`, the address of a service's API without a path, and the keys that go with it.
pub(super) fn read_api(table: &mut Table<'_>, default: &str) -> Option<Endpoint> {
    let allow_http = table.flag("allow_http", false);
    let url = match table.text("api_url") {
        Some(field) => {
            let url = field.parse(|typed| api_base(typed, allow_http))?;
            warn_unencrypted(&url, &field.place);
            url.as_str().trim_end_matches('/').to_owned()
        }
        None => default.to_owned(),
    };
    let timeout = table.duration("timeout", REQUEST_TIMEOUT, TIMEOUTS).to_std().unwrap_or_default();
    let url = Secret { value: SecretString::from(url), origin: Origin::Inline };
    Some(Endpoint { url, timeout, allow_http })
}

/// The base address of an API. A copied address of one request is refused, since it may hold a token.
fn api_base(typed: &str, allow_http: bool) -> Result<Url, String> {
    let url = address::parse_receiver(typed, allow_http).map_err(|error| error.to_string())?;
    refuse_login(&url)?;
    if url.query().is_some() || url.fragment().is_some() || url.path().contains("/bot") {
        return Err("must be the base address, such as https://api.example.com".to_owned());
    }
    Ok(url)
}

/// The keys that [`read`] reads, added to `table`.
pub(super) fn schema(table: TableSchema) -> TableSchema {
    let table = table
        .key(
            "url",
            "The address. It is often a secret: then give url_file or url_env instead.",
            schema::url(),
        )
        .file("url_file", "the address")
        .variable("url_env", "the address")
        .rule("oneOf", keys_of(&["url", "url_file", "url_env"]));
    rest_schema(table)
}

/// The keys that [`read_secret`] reads, added to `table`.
pub(super) fn secret_schema(table: TableSchema) -> TableSchema {
    rest_schema(table.required_secret("url", "the address, which is a secret"))
}

/// The keys that [`read_api`] reads, added to `table`.
pub(super) fn api_schema(table: TableSchema, default: &str) -> TableSchema {
    let table =
        table.key("api_url", "The base address of the service's API.", schema::url().default(default));
    rest_schema(table)
}

fn rest_schema(table: TableSchema) -> TableSchema {
    table
        .key("timeout", "Time limit for one whole request.", schema::duration(REQUEST_TIMEOUT, &TIMEOUTS))
        .key(
            "allow_http",
            "Permits http:// outside of loopback and private networks. Messages then travel unencrypted.",
            schema::flag(false),
        )
}

/// Shows the keys that [`read`] reads.
pub(super) fn show(endpoint: &Endpoint, page: &mut Page) {
    match &endpoint.url.origin {
        Origin::Inline => {
            // Its path often is a secret.
            let url = Url::parse(endpoint.url.value.expose_secret());
            let host = url.map(|url| url.origin().ascii_serialization()).unwrap_or_default();
            page.line(&format!("url = {} # path hidden", quoted(&host)));
        }
        origin => page.origin("url", '_', origin),
    }
    show_rest(endpoint, page);
}

/// Shows the keys that [`read_api`] reads.
pub(super) fn show_api(endpoint: &Endpoint, page: &mut Page) {
    page.text("api_url", endpoint.url.value.expose_secret());
    show_rest(endpoint, page);
}

fn show_rest(endpoint: &Endpoint, page: &mut Page) {
    page.timeout("timeout", endpoint.timeout);
    page.allow_http(endpoint.allow_http);
}

/// The address, by exactly one of `url`, `url_file` and `url_env`.
fn url(
    table: &mut Table<'_>,
    context: &Context<'_>,
    parse: impl Fn(&str) -> Result<Url, String>,
) -> Option<Secret> {
    let (is_inline, is_elsewhere) = (table.has("url"), secrets::is_given(table, "url"));
    if !is_inline && !is_elsewhere {
        table.place.problem("url is missing: give url, url_file or url_env");
    }
    let typed = table.text("url");
    let secret = context.secret_elsewhere(table, "url", Form::Url);
    if is_inline && is_elsewhere {
        if let Some(field) = typed {
            field.place.problem("is given twice: keep one of url, url_file and url_env");
        }
        return None;
    }
    let (place, secret, url) = if let Some(field) = typed {
        let url = field.parse(|typed| {
            let url = parse(typed)?;
            refuse_login(&url).map(|()| url)
        })?;
        (field.place, Secret { value: SecretString::from(field.value), origin: Origin::Inline }, url)
    } else {
        let (place, secret) = (table.place.member("url"), secret?);
        let url = parse(secret.value.expose_secret());
        let refuse = |reason| place.problem(format!("the value in {} {reason}", secret.origin));
        let url = url.map_err(refuse).ok()?;
        (place, secret, url)
    };
    warn_unencrypted(&url, &place);
    Some(secret)
}

fn warn_unencrypted(url: &Url, place: &Place<'_>) {
    if address::is_unencrypted(url) {
        // Names the host alone: the rest of the address may be a secret.
        let host = url.host_str().unwrap_or_default();
        place.warning(format!(
            "messages and headers to {host} travel unencrypted: use https if the receiver offers it, else only in a network of your own"
        ));
    }
}

/// An address in the file itself must not hold a password.
fn refuse_login(url: &Url) -> Result<(), String> {
    if url.password().is_some() || !url.username().is_empty() {
        return Err(
            "holds a user name or password, which must not be in the file: give url_file or url_env".into()
        );
    }
    Ok(())
}

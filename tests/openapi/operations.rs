//! The routes with their parameters and answers.

use serde_json::{Value, json};

use super::Schemas;
use super::answers::{as_json, as_text, header, or_plain_text, refer, with_those_of_every_route};

/// Who may read, and in which form it is refused.
#[derive(Clone, Copy)]
enum Access {
    /// Everyone.
    Public,
    /// With the token; refused in JSON.
    Program,
    /// With the token or a session; refused with the log-in form.
    Browser,
}

/// One GET route.
fn get(
    (id, summary): (&str, &str),
    access: Access,
    parameters: &[Value],
    mut answers: Vec<(&str, Value)>,
) -> Value {
    match access {
        Access::Public => {}
        Access::Program => answers.push(("401", refer("Unauthorized"))),
        Access::Browser => answers.push(("401", refer("LogIn"))),
    }
    let is_public = matches!(access, Access::Public);
    if !is_public {
        answers.push(("429", refer("TooManyTokens")));
        if !answers.iter().any(|(status, _)| *status == "503") {
            answers.push(("503", refer("Unavailable")));
        }
    }
    let answers = with_those_of_every_route(answers);
    let mut operation = json!({"operationId": id, "summary": summary, "responses": answers});
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    if is_public {
        operation["security"] = json!([]);
    }
    json!({"get": operation})
}

/// Every path.
pub(crate) fn paths(schemas: &Schemas) -> Value {
    let mut paths = pages();
    for more in [for_monitors(schemas), api(schemas), vendor_reads(schemas)] {
        paths.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    }
    paths
}

fn pages() -> Value {
    let unknown = as_text("No such account is watched.", "text/html");
    let page = || as_text("The page.", "text/html");
    json!({
        "/": get(
            ("statusPage", "The status page"),
            Access::Browser,
            &[
                query("q", "Only accounts whose name, id or subscription contains this text.", &json!({"type": "string", "maxLength": 256})),
                query("show", "Only accounts in this state.", &json!({"enum": ["", "all", "problems", "usable", "unusable"]})),
                query("page", "The next accounts.", &json!({"type": "integer", "minimum": 1, "maximum": u16::MAX})),
            ],
            vec![("200", page()), ("400", refer("BadRequest"))],
        ),
        "/accounts/{subscription}/{id}": get(
            ("accountPage", "The page of one account; the query is not read"),
            Access::Browser,
            &[path("subscription", "The name of the subscription.", "main"), path("id", "The vendor's id.", "123456")],
            vec![("200", page()), ("400", refer("BadPath")), ("404", unknown)],
        ),
        "/style.css": get(
            ("styleSheet", "The style sheet; the query is not read"),
            Access::Public,
            &[],
            vec![("200", as_text("The style sheet.", "text/css"))],
        ),
        "/icon.svg": get(
            ("icon", "The icon; the query is not read"),
            Access::Public,
            &[],
            vec![("200", as_text("The icon.", "image/svg+xml"))],
        ),
        "/login": {"post": log_in()},
    })
}

fn log_in() -> Value {
    let form = json!({"type": "object", "properties": {"token": {"type": "string"}}, "required": ["token"]});
    let text = json!({"type": "string"});
    let slow = json!({
        "description": "The headers did not arrive within 5 seconds (no body), or the form within 15 (plain text).",
        "content": {"text/plain": {"schema": text}},
    });
    let started = json!({
        "description": "The token is right: a session began.",
        "headers": {
            "Location": header("The status page.", &text),
            "Set-Cookie": header("The session, for 30 days.", &text),
        },
    });
    json!({
        "operationId": "logIn",
        "summary": "What the log-in form sends; the query is not read",
        "security": [],
        "requestBody": {"required": true, "content": {"application/x-www-form-urlencoded": {"schema": form}}},
        "responses": with_those_of_every_route(vec![
            ("303", started),
            ("401", as_text("The token is wrong: the log-in form again.", "text/html")),
            ("404", as_text("No token is configured.", "text/plain")),
            ("408", slow),
            ("415", as_text("The body is not a form.", "text/plain")),
            ("429", refer("TooManyTokens")),
        ]),
    })
}

fn for_monitors(schemas: &Schemas) -> Value {
    let mut metrics = as_text("Every number.", "text/plain");
    metrics["content"]["application/openmetrics-text"] = metrics["content"]["text/plain"].clone();
    metrics["headers"] =
        json!({"Vary": header("`Accept` decides on the format.", &json!({"type": "string"}))});
    json!({
        "/healthz": get(
            ("liveness", "Whether the listener runs; the query is not read"),
            Access::Public,
            &[],
            vec![("200", as_text("It does.", "text/plain"))],
        ),
        "/readyz": get(
            ("readiness", "Whether the service is able to do its work; the query is not read"),
            Access::Public,
            &[],
            vec![
                ("200", as_json("It is.", &schemas.health)),
                ("503", or_plain_text(as_json("It is not, with the reasons (JSON), or the store cannot be read.", &schemas.health))),
            ],
        ),
        "/metrics": get(
            ("metrics", "Every number in OpenMetrics 1.0 when `Accept` prefers it, else in the Prometheus text format"),
            Access::Program,
            &[],
            vec![("200", metrics), ("400", refer("BadRequest"))],
        ),
    })
}

fn api(schemas: &Schemas) -> Value {
    let read = |id: &str, summary: &str, parameters: &[Value], schema: &Value| {
        let answers = vec![("200", as_json("The answer.", schema)), ("400", refer("BadRequest"))];
        get((id, summary), Access::Program, parameters, answers)
    };
    let unknown =
        as_json("No account with this id is watched.", &json!({"$ref": "#/components/schemas/Error"}));
    let document = json!({"type": "object", "required": ["openapi", "paths"]});
    json!({
        "/api/v1/openapi.json": read("openapi", "This document", &[], &document),
        "/api/v1/status": read("status", "What `status --json` prints", &[], &schemas.report),
        "/api/v1/alerts": read(
            "alerts",
            "What `alerts --json` prints: the open alerts, and with `since` those that resolved since then",
            &[since("Also alerts that resolved since then.")],
            &schemas.alerts,
        ),
        "/api/v1/deliveries": read(
            "deliveries",
            "What `deliveries --json` prints",
            &[since("Messages since then; by default of the last seven days.")],
            &schemas.deliveries,
        ),
        "/api/v1/usable": get(
            ("usable", "What `usable --json` prints: the accounts that can take jobs, best first"),
            Access::Program,
            &[needs(), query("for", "Only accounts that are usable for so long: `2h`, `1h30m`, `7d`.", &duration())],
            vec![
                ("200", as_json("At least one account is usable.", &schemas.usable)),
                ("400", refer("BadRequest")),
                ("503", or_plain_text(as_json("No account is usable (JSON), or as for every route (plain text).", &schemas.usable))),
            ],
        ),
        "/api/v1/accounts/{id}/history": get(
            ("history", "What `history --json` prints; of equal ids the account of the first subscription"),
            Access::Program,
            &[path("id", "The vendor's id.", "123456"), since("What happened since then; by default all of it.")],
            vec![
                ("200", as_json("The answer.", &schemas.history)),
                ("400", refer("BadPathOrRequest")),
                ("404", unknown),
            ],
        ),
    })
}

fn vendor_reads(schemas: &Schemas) -> Value {
    let text = json!({"type": "string"});
    let headers = |is_required: bool| {
        let of = |description: &str, schema: &Value| json!({"description": description, "required": is_required, "schema": schema});
        json!({
            "Age": of("Seconds since a check last saw it, or its error; in the list, since the oldest one.", &json!({"type": "integer", "minimum": 0})),
            "Last-Modified": of("When it last changed, at the latest; in the list, the latest change.", &text),
        })
    };
    let all = json!({"type": "object", "additionalProperties": schemas.configuration});
    let list = |id: &str| {
        let mut answer = as_json("The configurations by account.", &all);
        // Without any account there is no age.
        answer["headers"] = headers(false);
        let summary = "The vendor's list, from the last snapshots; the query is not read";
        get((id, summary), Access::Program, &[], vec![("200", answer)])
    };
    let mut one =
        as_json("The configuration; members that are never stored are absent.", &schemas.configuration);
    one["headers"] = headers(true);
    let unknown =
        as_text("The last conclusive check got 404, or no configuration was ever seen.", "text/plain");
    json!({
        "/v1/minimax/accounts": list("configurations"),
        "/v1/minimax/accounts/": list("configurationsWithSlash"),
        "/v1/minimax/accounts/{account}": get(
            ("configuration", "The vendor's read of one configuration, from the last snapshot; the query is not read"),
            Access::Program,
            &[path("account", "The vendor's id.", "123456")],
            vec![("200", one), ("400", refer("BadPath")), ("404", unknown)],
        ),
    })
}

fn query(name: &str, description: &str, schema: &Value) -> Value {
    json!({"name": name, "in": "query", "description": description, "schema": schema})
}

fn path(name: &str, description: &str, example: &str) -> Value {
    let schema = json!({"type": "string", "minLength": 1, "examples": [example]});
    json!({"name": name, "in": "path", "required": true, "description": description, "schema": schema})
}

/// A length of time. The pattern holds for all of them; what follows the number is said in words.
fn duration() -> Value {
    json!({"type": "string", "pattern": r"^\s*[0-9]", "examples": ["2h", "1h30m", "7d"]})
}

/// A moment in the past.
fn since(description: &str) -> Value {
    let syntax = "a length of time before now (`7d`, `1h30m`, `-3d`) or a moment (`2026-11-23`, `2026-11-23 07:15`, \
                  `2026-11-23 08:15 Europe/Berlin`, `2026-11-23T07:15:00Z`; UTC unless it names a zone)";
    let schema = json!({
        "type": "string",
        "pattern": r"^\s*[-+]?\s*[0-9]",
        "examples": ["7d", "2026-11-23", "2026-11-23T07:15:00Z"],
    });
    query("since", &format!("{description} Syntax: {syntax}."), &schema)
}

fn needs() -> Value {
    let name = "[A-Za-z0-9_]{1,64}";
    let schema = json!({
        "type": "string",
        "pattern": format!("^ *{name} *(, *{name} *)*$"),
        "examples": ["video", "video,audio"],
    });
    let description = "Only accounts that can do all of this: `support*` flags by name, separated by commas; `video` is `supportVideo`.";
    query("needs", description, &schema)
}

//! The answers that many routes have, and their parts.

use serde_json::{Map, Value, json};

/// Answers of the listener itself, whatever the route.
const OF_EVERY_ROUTE: [(&str, &str); 5] = [
    ("405", "MethodNotAllowed"),
    ("408", "RequestTimeout"),
    ("413", "ContentTooLarge"),
    ("421", "Misdirected"),
    ("431", "HeadersTooLarge"),
];

/// An answer with a body of this media type.
pub(crate) fn answer(description: &str, media_type: &str, schema: &Value) -> Value {
    json!({"description": description, "content": {media_type: {"schema": schema}}})
}

/// JSON.
pub(crate) fn as_json(description: &str, schema: &Value) -> Value {
    answer(description, "application/json", schema)
}

/// A text of any other media type.
pub(crate) fn as_text(description: &str, media_type: &str) -> Value {
    answer(description, media_type, &json!({"type": "string"}))
}

/// `answer`, which can have plain text in place of its body too.
pub(crate) fn or_plain_text(mut answer: Value) -> Value {
    answer["content"]["text/plain"] = json!({"schema": {"type": "string"}});
    answer
}

/// A shared answer.
pub(crate) fn refer(name: &str) -> Value {
    json!({"$ref": format!("#/components/responses/{name}")})
}

/// A header that an answer always carries.
pub(crate) fn header(description: &str, schema: &Value) -> Value {
    json!({"description": description, "required": true, "schema": schema})
}

/// `own` with the answers that every route can give, by status.
pub(crate) fn with_those_of_every_route(own: Vec<(&str, Value)>) -> Value {
    let shared = OF_EVERY_ROUTE.map(|(status, name)| (status, refer(name)));
    let all: Map<String, Value> =
        shared.into_iter().chain(own).map(|(status, answer)| (status.to_owned(), answer)).collect();
    all.into()
}

/// The JSON of 400, 401 and 404.
pub(crate) fn error_schema() -> Value {
    json!({
        "description": "Why a request is refused.",
        "type": "object",
        "properties": {
            "error": {"type": "string", "description": "The reason, for people."},
            "code": {"type": "integer", "description": "The status."},
        },
        "required": ["error", "code"],
    })
}

/// The shared answers by name.
pub(crate) fn shared() -> Value {
    let error = json!({"$ref": "#/components/schemas/Error"});
    let challenge = json!({"WWW-Authenticate": header("How to authenticate.", &json!({"type": "string"}))});
    let mut unauthorized = as_json("The token is missing or wrong.", &error);
    unauthorized["headers"].clone_from(&challenge);
    let mut log_in =
        as_text("The page with the log-in form: the token or session is missing or wrong.", "text/html");
    log_in["headers"] = challenge;
    let mut too_many =
        as_text("Too many wrong tokens from this address; the token was not compared.", "text/plain");
    let seconds = json!({"type": "integer", "minimum": 0});
    too_many["headers"] = json!({"Retry-After": header("Seconds to wait.", &seconds)});
    let mut unavailable = as_text(
        "The store cannot be read, other clients are still reading large answers, or the answer took too long.",
        "text/plain",
    );
    unavailable["headers"] = json!({
        "Retry-After": {"description": "Seconds to wait; only while other clients read.", "schema": seconds},
    });
    let allow = header("The methods that are answered.", &json!({"type": "string"}));
    json!({
        "BadRequest": as_json("A parameter is unknown, unreadable or given twice.", &error),
        "BadPathOrRequest": or_plain_text(as_json(
            "A parameter is unknown, unreadable or given twice (JSON), or the path is not UTF-8 (plain text).",
            &error,
        )),
        "BadPath": as_text("The path is not UTF-8.", "text/plain"),
        "Unauthorized": unauthorized,
        "LogIn": log_in,
        "MethodNotAllowed": {"description": "Another method than those of this path.", "headers": {"Allow": allow}},
        "RequestTimeout": {"description": "The headers did not arrive within 5 seconds."},
        "ContentTooLarge": as_text("The body is larger than 4 KiB.", "text/plain"),
        "Misdirected": as_text("No token is configured, and the request does not address localhost or a loopback address.", "text/plain"),
        "HeadersTooLarge": {"description": "The headers take more than 16 KiB, or are more than 64."},
        "TooManyTokens": too_many,
        "Unavailable": unavailable,
    })
}

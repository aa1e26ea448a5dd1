//! `docs/openapi.json`: what the HTTP listener answers, assembled from the schemas of the commands' JSON. The listener serves the file.

mod answers;
mod operations;

use minimax_watch::report::{
    Alerts, Deliveries, Health, History, Report, UsableAccounts, VendorConfiguration,
};
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

/// What every answer has in common.
const DESCRIPTION: &str = "What the service knows, from its store alone: no request asks useapi.net. Every GET route answers HEAD too. \
    Unless stated otherwise, an unknown parameter, or one that is given twice, is refused with 400. Every answer to a request that could \
    be parsed carries security headers (among them a Content-Security-Policy, and `Cache-Control: private, no-cache`). A wrong token is \
    answered after a second; after four of them within a second, further ones from the same address are answered 429 without a look at \
    them. Without a token in the configuration, requests to localhost or a loopback address need none, and others are answered 421.";

/// The schemas that answers refer to.
pub(crate) struct Schemas {
    pub(crate) alerts: Value,
    pub(crate) deliveries: Value,
    pub(crate) health: Value,
    pub(crate) history: Value,
    pub(crate) report: Value,
    pub(crate) usable: Value,
    pub(crate) configuration: Value,
}

impl Schemas {
    fn new(generator: &mut SchemaGenerator) -> Self {
        Self {
            alerts: generator.subschema_for::<Alerts>().into(),
            deliveries: generator.subschema_for::<Deliveries>().into(),
            health: generator.subschema_for::<Health>().into(),
            history: generator.subschema_for::<History>().into(),
            report: generator.subschema_for::<Report>().into(),
            usable: generator.subschema_for::<UsableAccounts>().into(),
            configuration: generator.subschema_for::<VendorConfiguration>().into(),
        }
    }
}

/// The document (OpenAPI 3.1).
pub(crate) fn document() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let settings = settings.with(|settings| settings.definitions_path = "/components/schemas".into());
    let mut generator = settings.into_generator();
    let schemas = Schemas::new(&mut generator);
    let mut definitions = generator.take_definitions(true);
    definitions.insert("Error".to_owned(), answers::error_schema());
    json!({
        "openapi": "3.1.1",
        "info": {
            "title": "minimax-watch",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "../..", "description": "The root of the listener, also behind a path prefix of a proxy."}],
        "security": [{"bearerAuth": []}],
        "paths": operations::paths(&schemas),
        "components": {
            "securitySchemes": {
                "bearerAuth": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The token of `[http]`. Browsers get a session cookie from `/login` instead.",
                },
            },
            "responses": answers::shared(),
            "schemas": definitions,
        },
    })
}

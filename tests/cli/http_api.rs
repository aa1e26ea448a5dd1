//! What the listener answers from the store: the JSON of the commands, and the vendor's two reads (docs/contract.md, section 6).

use chrono::{DateTime, TimeDelta};
use serde_json::Value;

use crate::child::Service;
use crate::http_client::{Client, TOKEN};
use crate::schema::valid;
use crate::setup::{Setup, healthy};
use crate::simulator::{Answer, Record};

const PROTECTED: &str = "[http]\nlisten = \"127.0.0.1:0\"\ntoken_file = \"http-token\"\n";

/// A service whose first run has finished, with these accounts at the vendor.
async fn serving(records: Vec<Record>, accounts: &[&str]) -> (Setup, Service, Client) {
    let setup = Setup::open().await;
    for record in records {
        setup.vendor.put(record);
    }
    setup.configure(accounts, PROTECTED);
    setup.secret("http-token", TOKEN);
    let mut service = setup.serve(&[]);
    let client = Client::after_first_run(&mut service);
    (setup, service, client)
}

/// Without the members that name the moment of the answer.
fn timeless(mut answer: Value) -> Value {
    for name in ["generated_at", "since"] {
        answer.as_object_mut().unwrap().remove(name);
    }
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_answers_as_the_commands_print() {
    let setup = Setup::open().await;
    setup.vendor.put(Record::ending("a", healthy()));
    setup.vendor.put(Record::ending("b", healthy() - TimeDelta::days(40)));
    setup.configure(&["a", "b"], PROTECTED);
    setup.secret("http-token", TOKEN);
    assert_eq!(setup.run(&["check"]).status, Some(2));
    // What the check stored stays: the next run is due in a year.
    let mut service = setup.serve(&[]);
    let client = Client::of(&mut service);
    for (path, arguments, schema) in [
        ("/api/v1/status", &["status"][..], "status"),
        ("/api/v1/alerts", &["alerts"], "alerts"),
        ("/api/v1/alerts?since=7d", &["alerts", "--since", "7d"], "alerts"),
        ("/api/v1/deliveries", &["deliveries"], "deliveries"),
        ("/api/v1/accounts/a/history", &["history", "a"], "history"),
        ("/api/v1/usable", &["usable"], "usable"),
        ("/api/v1/usable?needs=video&for=2h", &["usable", "--needs", "video", "--for", "2h"], "usable"),
    ] {
        assert_eq!(client.get(path).status, 401, "{path}");
        let answer = client.get_as_owner(path);
        let printed = setup.run(&[arguments, &["--json"]].concat());
        assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        assert_eq!(timeless(valid(schema, &answer.body)), timeless(valid(schema, &printed.out)), "{path}");
        assert_eq!(
            answer.body.lines().count(),
            printed.out.lines().count(),
            "{path}: the same bytes but for the times"
        );
    }
    assert_eq!(client.get("/api/v1/openapi.json").status, 401);
    let document = client.get_as_owner("/api/v1/openapi.json");
    assert_eq!(document.header("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(document.body, include_str!("../../docs/openapi.json"));
    let none = client.get_as_owner("/api/v1/usable?for=365d");
    assert_eq!((none.status, valid("usable", &none.body)["usable"].clone()), (503, Value::Array(Vec::new())));
    for (path, status) in [
        ("/api/v1/accounts/nobody/history", 404),
        ("/api/v1/usable?need=video", 400),
        ("/api/v1/usable?for=soon", 400),
        ("/api/v1/usable?needs=", 400),
        ("/api/v1/status?x", 400),
        ("/api/v1/alerts?since=tomorrow&since=1d", 400),
        ("/api/v1/accounts/%ff/history", 400),
        ("/api/v1", 404),
    ] {
        let answer = client.get_as_owner(path);
        assert_eq!(answer.status, status, "{path}: {answer:?}");
    }
    assert_eq!(service.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_vendors_two_reads_are_answered_from_the_last_snapshot() {
    let ids = ["a", "gone", "refused"];
    let records = ids.iter().map(|id| Record::ending(*id, healthy())).collect();
    let (setup, mut service, client) = serving(records, &[&ids[..], &["never"]].concat()).await;
    let one = client.get_as_owner("/v1/minimax/accounts/a");
    assert_eq!(one.status, 200, "{one:?}");
    let configuration = one.json();
    assert_eq!((&configuration["account"], &configuration["supportVideo"]), (&"a".into(), &true.into()));
    assert!(configuration["jwt"]["exp"].is_i64() && configuration["jwt"]["exp_Expire"].is_string());
    assert!(configuration["jwt"].get("token").is_none(), "what is not stored is absent");
    let age: i64 = one.header("age").unwrap().parse().unwrap();
    let changed = DateTime::parse_from_rfc2822(one.header("last-modified").unwrap()).unwrap();
    assert!((0..60).contains(&age) && minimax_watch::clock::now() - changed.to_utc() < TimeDelta::minutes(1));
    // A wrong token, as the vendor answers it.
    let refused = client.get_with("/v1/minimax/accounts/a", "Authorization: Bearer user:1-wrong\r\n");
    assert_eq!((refused.status, refused.body.trim()), (401, "{\"code\":401,\"error\":\"Unauthorized\"}"));
    for unknown in ["never", "nobody", "a/b", "", "a%2Fb"] {
        let answer = client.get_as_owner(&format!("/v1/minimax/accounts/{unknown}"));
        assert_eq!(answer.status, if unknown.is_empty() { 200 } else { 404 }, "{unknown}: {answer:?}");
    }
    // Another fault than 404 keeps the last snapshot.
    setup.vendor.remove("gone");
    setup.vendor.set_answer("refused", Answer::account_error("held"));
    service.signal("HUP");
    service.until("configuration reloaded");
    service.until("run finished");
    assert_eq!(client.get_as_owner("/v1/minimax/accounts/gone").status, 404);
    let refused = client.get_as_owner("/v1/minimax/accounts/refused");
    assert_eq!((refused.status, &refused.json()["error"]), (200, &"596: held".into()), "{refused:?}");
    let all = client.get_as_owner("/v1/minimax/accounts");
    let listed: Vec<String> = all.json().as_object().unwrap().keys().cloned().collect();
    assert_eq!((all.status, listed), (200, vec!["a".to_owned(), "refused".to_owned()]));
    assert!(all.header("age").is_some() && all.header("last-modified").is_some());
    assert_eq!(service.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_ids_and_names_come_out_as_text() {
    let id = "<script>alert(1)</script>\"&é/ x";
    let setup = Setup::open().await;
    setup.vendor.put(Record::ending(id, healthy()));
    setup.configure(&[], PROTECTED);
    setup.secret("http-token", TOKEN);
    let path = setup.path("minimax-watch.toml");
    let (token, account) = ("token_file = \"token\"\n", format!("id = '{id}'\nname = '<img src=x>'\n"));
    let config = std::fs::read_to_string(&path).unwrap();
    let with_account = format!("{token}[[subscriptions.accounts]]\n{account}");
    std::fs::write(&path, config.replacen(token, &with_account, 1)).unwrap();
    let mut service = setup.serve(&[]);
    let client = Client::after_first_run(&mut service);
    let path = "/v1/minimax/accounts/%3Cscript%3Ealert(1)%3C%2Fscript%3E%22%26%C3%A9%2F%20x";
    let answer = client.get_as_owner(path);
    assert_eq!((answer.status, &answer.json()["account"]), (200, &Value::from(id)), "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    let page = client.get_as_owner("/");
    assert!(page.status == 200 && !page.body.contains("<script") && !page.body.contains("<img"), "{page:?}");
    assert_eq!(service.stop(), Some(0));
}

//! `resend`: beside a running service, before the next `check`, and its errors (docs/contract.md, section 2).

use axum::http::StatusCode;
use chrono::TimeDelta;
use minimax_watch::clock;
use serde_json::{Value, json};

use crate::child::within_timeout;
use crate::schema::valid;
use crate::setup::{Setup, healthy, webhook};
use crate::simulator::{Delivery, Record, Reply, WebhookServer};

/// A store with two delivered messages: an alert and its end.
async fn setup() -> (Setup, WebhookServer) {
    let setup = Setup::open().await;
    let hook = WebhookServer::open(&setup.now, None).await.unwrap();
    setup.configure(&["a"], &webhook(&hook));
    setup.vendor.put(Record::ending("a", clock::now() + TimeDelta::days(2)));
    assert_eq!(setup.run(&["check"]).status, Some(1));
    setup.vendor.put(Record::ending("a", healthy()));
    assert_eq!(setup.run(&["check"]).status, Some(0));
    assert_eq!(hook.count(), 2);
    (setup, hook)
}

fn deliveries(setup: &Setup) -> Vec<Value> {
    let list = valid("deliveries", &setup.run(&["deliveries", "--json"]).out);
    list["deliveries"].as_array().unwrap().clone()
}

fn resend(setup: &Setup, arguments: &[&str]) -> Vec<Value> {
    let ended = setup.run(&[&["resend", "--json"], arguments].concat());
    assert_eq!((ended.status, ended.err.as_str()), (Some(0), ""), "{ended:?}");
    valid("resend", &ended.out)["messages"].as_array().unwrap().clone()
}

fn id(delivery: &Delivery) -> &str {
    delivery.header("webhook-id").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn running_service_sends_a_resent_message_under_its_id_or_a_new_one() {
    let (mut setup, hook) = setup().await;
    // The loop wakes each second; with the schedule of the other tests, within a minute.
    setup.set("MINIMAX_WATCH__SCHEDULE__CRON", "* * * * * *");
    let before = hook.deliveries();
    let mut service = setup.serve(&[]);
    service.until("run finished");
    let same = resend(&setup, &["--same-id", id(&before[0])]);
    assert_eq!((&same[0]["id"], &same[0]["resend_of"]), (&json!(id(&before[0])), &json!(id(&before[0]))));
    within_timeout(hook.wait_for(3)).await;
    let new = resend(&setup, &[id(&before[0])]);
    within_timeout(hook.wait_for(4)).await;
    service.until("message delivered");
    service.until("message delivered");
    assert_eq!(service.stop(), Some(0));
    let again = hook.deliveries().split_off(2);
    assert_eq!((id(&again[0]), &again[0].body), (id(&before[0]), &before[0].body));
    assert_eq!((json!(id(&again[1])), &again[1].body), (new[0]["id"].clone(), &before[0].body));
    assert_ne!(id(&again[1]), id(&before[0]));
    for message in deliveries(&setup) {
        assert_eq!((&message["state"], &message["attempts"]), (&json!("delivered"), &json!(1)), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn next_check_sends_resent_messages_once_in_their_order() {
    let (setup, hook) = setup().await;
    let before = hook.deliveries();
    let [first, second] = [id(&before[0]).to_owned(), id(&before[1]).to_owned()];
    // The second by its last characters, the first without the prefix; each twice.
    let end = second[second.len() - 8..].to_lowercase();
    let ended = setup.run(&["resend", &end, &first[4..], &second, &first]);
    assert_eq!((ended.status, ended.err.as_str()), (Some(0), ""), "{ended:?}");
    let lines: Vec<&str> = ended.out.lines().collect();
    assert!(lines[0].starts_with(&format!("pager: {first} is sent again as msg_")), "{}", ended.out);
    assert!(lines[0].contains(": a: token expires in "), "{}", ended.out);
    assert!(lines[1].starts_with(&format!("pager: {second} is sent again as msg_")), "{}", ended.out);
    assert_eq!(lines[2], "The running service sends this within a minute, else the next `check` does.");
    assert_eq!(hook.count(), 2);
    let waiting = deliveries(&setup);
    assert_eq!((&waiting[2]["state"], &waiting[2]["attempts"]), (&json!("pending"), &json!(0)));
    assert_eq!(waiting[2]["resend_of"], json!(first));
    assert_eq!((&waiting[0]["state"], &waiting[0]["resend_of"]), (&json!("delivered"), &Value::Null));
    let text = setup.run(&["deliveries"]).out;
    assert!(
        text.split_whitespace().collect::<Vec<_>>().join(" ").contains(&format!("repeats {first}")),
        "{text}"
    );
    for _ in 0..2 {
        assert_eq!(setup.run(&["check"]).status, Some(0));
    }
    let bodies: Vec<_> = hook.deliveries().into_iter().map(|delivery| delivery.body).collect();
    assert_eq!(bodies[2..], [before[0].body.clone(), before[1].body.clone()]);
    let resolved = valid("alerts", &setup.run(&["alerts", "--all", "--json"]).out);
    let notified = &resolved["alerts"][0]["notified"][0];
    assert_eq!((&notified["times"], &notified["last_state"]), (&json!(2), &json!("delivered")));
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_message_is_resent_under_its_id_and_a_pending_one_is_refused() {
    let setup = Setup::open().await;
    let hook = WebhookServer::open(&setup.now, None).await.unwrap();
    setup.configure(&["a"], &webhook(&hook));
    setup.vendor.put(Record::ending("a", clock::now() + TimeDelta::days(2)));
    hook.set(Some(Reply::status(StatusCode::GONE)));
    setup.run(&["check"]);
    let failed = deliveries(&setup).remove(0);
    assert_eq!(failed["state"], "failed");
    let text = failed["id"].as_str().unwrap();
    let resent = setup.run(&["resend", text]);
    assert!(resent.out.starts_with(&format!("pager: {text} is sent again under its id: a: ")), "{resent:?}");
    let open = setup.run(&["alerts"]).out;
    assert!(open.contains("Not delivered yet: pager"), "{open}");
    let refused = setup.run(&["resend", text, "--same-id"]);
    let words = format!(
        "minimax-watch: message {text} to pager is still pending: the running service tries it now, else the next `check`; \
         nothing was resent\n"
    );
    assert_eq!((refused.status, refused.err), (Some(3), words));
    hook.set(Some(Reply::status(StatusCode::BAD_GATEWAY)));
    setup.run(&["check"]);
    let refused = setup.run(&["resend", text]);
    assert!(refused.err.contains("is still pending: the next attempt is due 20"), "{}", refused.err);
    setup.vendor.put(Record::ending("a", healthy()));
    setup.run(&["check"]);
    let behind = deliveries(&setup).pop().unwrap()["id"].as_str().unwrap().to_owned();
    let refused = setup.run(&["resend", &behind]);
    let words =
        format!("message {behind} to pager is still pending behind {text}: the next attempt is due 20");
    assert!(refused.err.contains(&words), "{}", refused.err);
    assert_eq!(refused.status, Some(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn message_that_cannot_be_resent_is_refused_with_the_next_step_and_nothing_is_resent() {
    let empty = Setup::with(&["a"], "").await;
    let none = empty.run(&["resend", "msg_01KAQ9Z0X0000000000000000"]);
    assert_eq!(none.status, Some(3));
    assert!(none.err.contains("there is no store at "), "{}", none.err);
    assert!(!empty.store().exists(), "a refused command leaves nothing behind");
    let (setup, hook) = setup().await;
    let known = id(&hook.deliveries()[0]).to_owned();
    let short = "is too short for an id: give at least 4 characters; `minimax-watch deliveries --since 30d`";
    for (typed, words) in [
        (
            "msg_01KAQ9Z0X0000000000000000",
            "unknown message \"msg_01KAQ9Z0X0000000000000000\"; `minimax-watch del",
        ),
        ("", "unknown message \"\""),
        ("msg_", "\"msg_\" matches several messages: msg_"),
        (&known[..3], short),
        (&known[known.len() - 3..], short),
    ] {
        let refused = setup.run(&["resend", &known, typed]);
        assert_eq!(refused.status, Some(3), "{typed}");
        assert!(refused.err.contains(words), "{typed}: {}", refused.err);
        assert!(refused.err.ends_with("; nothing was resent\n"), "{typed}: {}", refused.err);
    }
    let other = WebhookServer::open(&setup.now, None).await.unwrap();
    setup.configure(&["a"], &webhook(&other).replace("\"pager\"", "\"desk\""));
    let gone = setup.run(&["resend", &known]);
    let words = format!(
        "minimax-watch: message {known} is to receiver \"pager\", which is not in the configuration: add the receiver first; \
         configured: desk; nothing was resent\n"
    );
    assert_eq!((gone.status, gone.err), (Some(3), words));
    setup.configure(&["a"], &webhook(&hook));
    let store = sqlx::SqlitePool::connect(&format!("sqlite://{}", setup.store().display())).await.unwrap();
    sqlx::query("UPDATE messages SET content = 'x' WHERE seq = 2").execute(&store).await.unwrap();
    store.close().await;
    let unreadable = id(&hook.deliveries()[1]).to_owned();
    let refused = setup.run(&["resend", &known, &unreadable]);
    let words = format!("minimax-watch: the stored content of message {unreadable} cannot be read, so");
    assert!(refused.status == Some(3) && refused.err.starts_with(&words), "{refused:?}");
    assert_eq!(deliveries(&setup).len(), 2, "all are resent or none");
    setup.run(&["check"]);
    assert_eq!(hook.count(), 2);
}

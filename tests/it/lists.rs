//! `fetch = "list"`: one request for all accounts, with the same results as one request for each.

use axum::http::StatusCode;
use minimax_watch::domain::account_state::AccountRecord;
use proptest::prelude::*;

use crate::simulator::{Answer, ErrorBody, NotFoundBody, Record, Refusal, Reply};
use crate::world::{Settings, World, days, healthy, minutes, start};

const THREE: &str = "accounts = [{ id = \"1\" }, { id = \"2\" }, { id = \"3\" }]";

fn by_list(rest: &str) -> Settings {
    Settings::subscriptions(rest).api("fetch = \"list\"")
}

async fn with_three() -> World {
    let world = World::open(by_list(THREE)).await;
    world.all_healthy(&[("1", "1"), ("2", "2"), ("3", "3")]);
    let pass = world.run().await;
    assert_eq!((pass.counts.checked, pass.counts.ok), (3, 3));
    assert!(world.received().is_empty());
    world.api.forget_requests();
    world
}

#[tokio::test]
async fn all_accounts_are_one_request() {
    let world = with_three().await;
    let pass = world.run().await;
    assert_eq!((pass.counts.checked, pass.counts.ok), (3, 3));
    assert_eq!(world.api.requests().len(), 1);
}

#[tokio::test]
async fn account_missing_from_the_list_is_not_found_only_by_its_own_check() {
    let world = with_three().await;
    let only_one = format!(r#"{{"1":{},"x":{{"maxJobs":1}}}}"#, healthy("1").to_json(world.now(), 0));
    world.main.set_list(Some(Reply::json(StatusCode::OK, only_one).into()));
    let pass = world.run().await;
    assert_eq!((pass.counts.checked, pass.counts.ok, pass.next_recheck.is_some()), (3, 3, false));
    assert_eq!(world.api.requests().len(), 3, "the list, and each of the two accounts that it lacks");
    assert!(world.received().is_empty());
    world.main.set_list(None);
    world.main.remove("2");
    world.api.forget_requests();
    world.run().await;
    assert_eq!(world.api.requests_for("2").len(), 2, "its own check, and the confirmation");
    assert_eq!(world.api.requests().len(), 3, "one confirmation does not request the list");
    assert_eq!(world.received(), ["opened not_found critical 2"]);
}

#[tokio::test]
async fn many_confirmations_are_one_more_list_request() {
    let world = with_three().await;
    let held = r#"{"1":{"error":"On hold"},"2":{"error":"On hold"},"3":{"error":"On hold"}}"#;
    world.main.set_list(Some(Reply::json(StatusCode::OK, held).into()));
    world.run().await;
    assert_eq!(world.api.requests().len(), 2);
    let opened = ["1", "2", "3"].map(|id| format!("opened account_error critical {id}"));
    assert_eq!(world.received(), [opened.join(" + ")]);
}

#[tokio::test]
async fn empty_list_makes_every_account_be_checked_by_itself() {
    let world = with_three().await;
    for list in [Reply::json(StatusCode::OK, "{}").into(), Answer::not_found(NotFoundBody::Empty)] {
        world.main.set_list(Some(list));
        world.api.forget_requests();
        let pass = world.run().await;
        assert_eq!((pass.counts.checked, pass.counts.ok), (3, 3));
        assert_eq!(world.api.requests().len(), 4);
    }
}

#[tokio::test]
async fn unusable_list_is_inconclusive_for_every_account() {
    let world = with_three().await;
    let cut = r#"{"1":{"error":"On hold"},"2":{"error":"On hold"},"3":{"#;
    for list in [
        Answer::unavailable(StatusCode::BAD_GATEWAY, ErrorBody::Html),
        Answer::account_error("On hold"),
        Answer::not_json(),
        Answer::close(),
        Reply::json(StatusCode::OK, "[]").into(),
        Reply::json(StatusCode::OK, cut).into(),
        Reply::json(StatusCode::FORBIDDEN, "{}").into(),
        Reply::json(StatusCode::from_u16(596).unwrap(), "{}").into(),
    ] {
        world.main.set_list(Some(list));
        world.advance(minutes(1));
        let before = world.api.requests().len();
        let pass = world.run().await;
        assert_eq!(
            (pass.counts.checked, pass.counts.inconclusive, pass.next_recheck.is_some()),
            (3, 3, false)
        );
        let requests = world.api.requests().split_off(before);
        // A request on a connection that the server closes is repeated once on a new one.
        assert!((1..=2).contains(&requests.len()), "{} requests", requests.len());
        let is_list = |path: &str| path == "/v1/minimax/accounts";
        assert!(requests.iter().all(|request| is_list(&request.path)), "no account is checked by itself");
        assert!(world.received().is_empty());
    }
    let notified = world.engine.store.watched().await.unwrap()[0].account_state.error.clone().unwrap();
    assert!(notified.starts_with("the list of accounts cannot be used: 596"), "{notified}");
}

#[tokio::test]
async fn refused_token_costs_two_requests_and_one_message() {
    let world = with_three().await;
    world.main.revoke_tokens();
    world.api.refuse_with(Refusal::WithoutCode);
    world.run().await;
    assert_eq!(world.api.requests().len(), 2);
    assert_eq!(world.received(), ["opened unauthorized critical main(3)"]);
}

#[tokio::test]
async fn one_list_request_both_discovers_and_checks_accounts() {
    let world = World::open(by_list("discover = true")).await;
    world.main.put(healthy("1"));
    world.main.put(Record::ending("2", start() + days(2)));
    let pass = world.run().await;
    assert_eq!((pass.counts.checked, pass.counts.ok), (2, 2));
    assert_eq!(world.api.requests().len(), 1);
    assert_eq!(world.received(), ["opened expiry 3d warning 2"]);
}

/// What an account answers to its own check, and its member in the list; `None` when it does not exist.
fn any_answer() -> impl Strategy<Value = Option<String>> {
    let configuration = (0_i64..3, any::<bool>(), prop::option::of(0_i64..40)).prop_map(|(jobs, on, end)| {
        let end = end.map(|end| (start() + days(end)).to_rfc3339());
        serde_json::json!({"maxJobs": jobs, "supportVideo": on, "jwt": {"exp_Expire": end}}).to_string()
    });
    prop_oneof![
        5 => configuration.prop_map(Some),
        2 => Just(None),
        2 => Just(Some(r#"{"error":"On hold"}"#.to_owned())),
        1 => prop::sample::select(vec![
            "{}", "[1]", "null", "7", "\"x\"", r#"{"maxJobs":1,"maxJobs":2}"#, r#"{"error":"\ud83d"}"#, r#"{"maxJobs":1e999}"#,
        ])
        .prop_map(|odd| Some(odd.to_owned())),
    ]
}

/// What the whole subscription answers instead, if anything.
fn any_outage() -> impl Strategy<Value = Option<Answer>> {
    prop_oneof![
        4 => Just(None),
        1 => Just(Some(Answer::unauthorized(Refusal::WithCode))),
        1 => Just(Some(Answer::unavailable(StatusCode::BAD_GATEWAY, ErrorBody::Html))),
    ]
}

async fn records(world: &World) -> Vec<AccountRecord> {
    world.engine.store.watched().await.unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn state_and_messages_are_the_same_by_list_as_one_by_one(
        course in prop::collection::vec((prop::array::uniform3(any_answer()), any_outage()), 1..6),
        discover in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let rest = format!("discover = {discover}\n{THREE}");
            let each = World::open(Settings::subscriptions(&rest)).await;
            let list = World::open(by_list(&rest)).await;
            for (answers, outage) in &course {
                for world in [&each, &list] {
                    let mut members = Vec::new();
                    for (id, answer) in (1..).zip(answers) {
                        match answer {
                            Some(text) => {
                                world.main.set_answer(&id.to_string(), Reply::json(StatusCode::OK, text.clone()));
                                members.push(format!("\"{id}\":{text}"));
                            }
                            None => world.main.remove(&id.to_string()),
                        }
                    }
                    let members = format!("{{{}}}", members.join(","));
                    world.main.set_list(Some(Reply::json(StatusCode::OK, members).into()));
                    world.main.set_all(outage.clone());
                    world.advance(minutes(15));
                    world.run().await;
                }
                prop_assert_eq!(records(&each).await, records(&list).await);
                prop_assert_eq!(each.received(), list.received());
            }
            Ok(())
        })?;
    }
}

//! `fetch = "list"`: one request for many, and the same to be known by it as by one for each.

use axum::http::StatusCode;
use minimax_watch::domain::standing::Known;
use minimax_watch::simulator::{Answer, Missing, Page, Record, Refusal, Reply};
use proptest::prelude::*;

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
    assert!(world.heard().is_empty());
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
async fn an_account_that_is_missing_is_gone_only_when_its_own_read_says_so() {
    let world = with_three().await;
    let only_one = format!(r#"{{"1":{},"x":{{"maxJobs":1}}}}"#, healthy("1").to_json(world.now(), 0));
    world.main.set_list(Some(Reply::json(StatusCode::OK, only_one).into()));
    let pass = world.run().await;
    assert_eq!((pass.counts.checked, pass.counts.ok, pass.doubts), (3, 3, false));
    assert_eq!(world.api.requests().len(), 3, "the list, and each of the two that it lacks");
    assert!(world.heard().is_empty());
    world.main.set_list(None);
    world.main.remove("2");
    world.api.forget_requests();
    world.run().await;
    assert_eq!(world.api.requests_for("2").len(), 2, "asked by itself, and again");
    assert_eq!(world.api.requests().len(), 3, "one doubt is not worth a list");
    assert_eq!(world.heard(), ["opened not_found critical 2"]);
}

#[tokio::test]
async fn many_doubts_are_one_more_list() {
    let world = with_three().await;
    let held = r#"{"1":{"error":"On hold"},"2":{"error":"On hold"},"3":{"error":"On hold"}}"#;
    world.main.set_list(Some(Reply::json(StatusCode::OK, held).into()));
    world.run().await;
    assert_eq!(world.api.requests().len(), 2);
    let opened = ["1", "2", "3"].map(|id| format!("opened account_error critical {id}"));
    assert_eq!(world.heard(), [opened.join(" + ")]);
}

#[tokio::test]
async fn an_empty_list_has_every_account_asked_for_by_itself() {
    let world = with_three().await;
    for list in [Reply::json(StatusCode::OK, "{}").into(), Answer::not_found(Missing::Empty)] {
        world.main.set_list(Some(list));
        world.api.forget_requests();
        let pass = world.run().await;
        assert_eq!((pass.counts.checked, pass.counts.ok), (3, 3));
        assert_eq!(world.api.requests().len(), 4);
    }
}

#[tokio::test]
async fn a_list_that_cannot_be_used_is_no_verdict_about_anybody() {
    let world = with_three().await;
    let cut = r#"{"1":{"error":"On hold"},"2":{"error":"On hold"},"3":{"#;
    for list in [
        Answer::unavailable(StatusCode::BAD_GATEWAY, Page::Html),
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
        assert_eq!((pass.counts.checked, pass.counts.no_verdict, pass.doubts), (3, 3, false));
        let requests = world.api.requests().split_off(before);
        // A connection that closes under the request is asked once more over a new one.
        assert!((1..=2).contains(&requests.len()), "{} requests", requests.len());
        let is_list = |path: &str| path == "/v1/minimax/accounts";
        assert!(requests.iter().all(|request| is_list(&request.path)), "nobody is asked for alone");
        assert!(world.heard().is_empty());
    }
    let told = world.engine.store.watched().await.unwrap()[0].standing.error.clone().unwrap();
    assert!(told.starts_with("the list of accounts cannot be used: 596"), "{told}");
}

#[tokio::test]
async fn a_refused_token_is_one_request_twice_and_one_message() {
    let world = with_three().await;
    world.main.revoke_tokens();
    world.api.refuse_with(Refusal::WithoutCode);
    world.run().await;
    assert_eq!(world.api.requests().len(), 2);
    assert_eq!(world.heard(), ["opened unauthorized critical main(3)"]);
}

#[tokio::test]
async fn with_discovery_the_same_list_says_whom_to_watch_and_how_they_are() {
    let world = World::open(by_list("discover = true")).await;
    world.main.put(healthy("1"));
    world.main.put(Record::ending("2", start() + days(2)));
    let pass = world.run().await;
    assert_eq!((pass.counts.checked, pass.counts.ok), (2, 2));
    assert_eq!(world.api.requests().len(), 1);
    assert_eq!(world.heard(), ["opened expiry 3d warning 2"]);
}

/// What an account answers for itself, and stands in the list as; nothing when it is gone.
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
        1 => Just(Some(Answer::unavailable(StatusCode::BAD_GATEWAY, Page::Html))),
    ]
}

async fn remembered(world: &World) -> Vec<Known> {
    world.engine.store.watched().await.unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn what_is_known_and_told_is_the_same_by_list_as_one_by_one(
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
                                world.main.set(&id.to_string(), Reply::json(StatusCode::OK, text.clone()));
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
                prop_assert_eq!(remembered(&each).await, remembered(&list).await);
                prop_assert_eq!(each.heard(), list.heard());
            }
            Ok(())
        })?;
    }
}

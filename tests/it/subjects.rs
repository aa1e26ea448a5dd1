//! Accounts are opaque: odd ids, and the same id under two tokens.

use crate::simulator::{Answer, Record};

use crate::received::{array, body};
use crate::world::{MAIL, PAGER, Settings, World, days, healthy, start};

const ODD: [&str; 9] =
    ["someone@example.com", "a/b", "a%2Fb", "ünïcødé-帳號", "007", "7", "with space", "?x=1#y", "..hidden"];

#[tokio::test]
async fn any_id_is_checked_reported_and_distinguished() {
    let accounts: Vec<(&str, &str)> = ODD.iter().map(|id| (*id, *id)).collect();
    let world = World::watching(&accounts).await;
    let pass = world.run().await;
    assert_eq!((pass.counts.checked, pass.counts.ok), (9, 9), "each answers under its own id");
    let paths: Vec<String> = world.api.requests().into_iter().map(|request| request.path).collect();
    for path in
        ["someone@example.com", "a%2Fb", "a%252Fb", "007", "7", "with%20space", "%3Fx=1%23y", "..hidden"]
    {
        assert!(paths.contains(&format!("/v1/minimax/accounts/{path}")), "{path}: {paths:?}");
    }
    for id in ODD {
        assert_eq!(world.api.requests_for(id).len(), 1, "{id}");
    }
    for id in ODD {
        world.main.set_answer(id, Answer::account_error("On hold"));
        world.run().await;
        let message = body(&world.pager.deliveries()[0]);
        let alerts = array(&message["data"]["alerts"]);
        assert_eq!((alerts.len(), alerts[0]["account"]["id"].as_str()), (1, Some(id)));
        world.received();
        world.main.put(healthy(id));
        world.run().await;
        assert_eq!(world.received(), [format!("resolved account_error critical {id}")]);
    }
}

#[tokio::test]
async fn hostile_id_forges_neither_a_header_nor_markup() {
    const EVIL: &str = "x\r\nBcc: evil@example.com\r\n\r\n<script>alert(1)</script>\u{202e}";
    let world = World::open(Settings::subscriptions("discover = true").receivers(&[PAGER, MAIL])).await;
    world.main.put(Record::ending(EVIL, start() + days(2)));
    let pass = world.run().await;
    assert_eq!((pass.counts.checked, pass.counts.ok), (1, 1));
    let message = body(&world.pager.deliveries()[0]);
    assert_eq!(message["data"]["alerts"][0]["account"]["id"], EVIL);
    assert!(!message["data"]["summary"].as_str().unwrap().contains(['\r', '\n', '\u{202e}']));
    let mails = world.mailbox.mails();
    assert_eq!((mails.len(), mails[0].header("Bcc")), (1, None));
    assert_eq!(mails[0].to, ["ops@example.com", "boss@example.com"]);
    let html = mails[0].text().replace("=\r\n", "");
    assert!(html.contains("&lt;script&gt;") && !html[html.find("text/html").unwrap()..].contains("<script"));
}

/// The account `1` under two tokens.
fn one_id_in_two_subscriptions() -> Settings {
    Settings::subscriptions(
        "accounts = [{ id = \"1\", name = \"ours\" }]\n[[subscriptions]]\nname = \"second\"\n\
         token_file = \"other-token\"\naccounts = [{ id = \"1\", name = \"theirs\" }]",
    )
}

#[tokio::test]
async fn one_id_under_two_tokens_is_two_accounts() {
    let world = World::open(one_id_in_two_subscriptions()).await;
    world.main.put(healthy("1"));
    world.other.put(Record::ending("1", start() + days(2)));
    world.run().await;
    assert_eq!(world.received(), ["opened expiry 3d warning theirs"]);
    world.main.put(healthy("1").max_jobs(4));
    world.other.remove("1");
    world.run().await;
    let message = body(&world.pager.deliveries()[0]);
    assert_eq!(message["data"]["alerts"][0]["subscription"], "second");
    assert_eq!(message["data"]["changes"][0]["subscription"], "main");
    assert_eq!(
        world.received(),
        ["max_jobs_changed info ours maxJobs 1>4 + opened not_found critical theirs"]
    );
}

#[tokio::test]
async fn healthy_account_of_another_subscription_proves_nothing() {
    let world = World::open(one_id_in_two_subscriptions()).await;
    world.main.put(healthy("1"));
    world.other.put(healthy("1"));
    world.run().await;
    world.other.revoke_tokens();
    world.run().await;
    assert_eq!(world.received(), ["opened unauthorized critical second(1)"]);
    world.main.revoke_tokens();
    world.run().await;
    assert_eq!(world.received(), ["opened unauthorized critical main(1)"], "two subscriptions, two alerts");
}

#[tokio::test]
async fn removed_subscription_resolves_only_its_own_alerts() {
    let mut world = World::open(one_id_in_two_subscriptions()).await;
    world.run().await;
    assert_eq!(world.received(), ["opened not_found critical ours + opened not_found critical theirs"]);
    world.other.revoke_tokens();
    world.run().await;
    assert_eq!(world.received(), ["opened unauthorized critical second(1)"]);
    world.reload(Settings::watching(&[("1", "ours")])).await;
    world.tick().await;
    assert_eq!(
        world.received(),
        ["resolved not_found critical theirs + resolved unauthorized critical second(1)"]
    );
    assert_eq!(world.firing().await.len(), 1);
}

#[tokio::test]
async fn returning_account_is_checked_before_old_faults_count() {
    let both = &[("1", "ours"), ("2", "theirs")];
    let mut world = World::watching(both).await;
    world.main.remove("1");
    world.run().await;
    assert_eq!(world.received(), ["opened not_found critical ours"]);
    world.reload(Settings::watching(&both[1..])).await;
    world.tick().await;
    assert_eq!(world.received(), ["resolved not_found critical ours"]);
    world.advance(days(30));
    world.main.put(healthy("1"));
    world.reload(Settings::watching(both)).await;
    world.tick().await;
    world.run().await;
    assert!(world.received().is_empty(), "the account is healthy again");
    world.main.remove("1");
    world.run().await;
    assert_eq!(world.received(), ["opened not_found critical ours"]);
}

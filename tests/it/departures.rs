//! Alerts of a subscription or receiver that leaves the configuration resolve as no longer watched, never as a recovery.

use crate::simulator::{Answer, Refusal};

use crate::received::body;
use crate::world::{DESK, MAIL, PAGER, Settings, World, healthy, hours, minutes};

const BOTH: &[(&str, &str)] = &[("1", "studio-a"), ("2", "office-b")];

/// Phrases of a recovery.
const RECOVERY: [&str; 3] = ["renewed", "takes the API token again", "takes messages again"];

/// The detail of the only alert in the only message, and the subject and text of the mail about it.
fn detail_and_mail(world: &World) -> (String, String) {
    let messages = world.pager.deliveries();
    assert_eq!(messages.len(), 1);
    let message = body(&messages[0]);
    assert_eq!(message["type"], "alert.resolved");
    let mails = world.mailbox.mails();
    assert_eq!(mails.len(), 1);
    let mail = format!("{}\n{}", mails[0].header("Subject").unwrap(), mails[0].text());
    (message["data"]["alerts"][0]["detail"].as_str().unwrap().to_owned(), mail)
}

#[tokio::test]
async fn removed_subscription_resolves_its_alerts_as_no_longer_watched() {
    let other = "accounts = [{ id = \"1\", name = \"studio-a\" }]\n[[subscriptions]]\nname = \"other\"\ntoken_file = \"other-token\"\n\
                 accounts = [{ id = \"9\", name = \"far-c\" }]";
    let mut world = World::open(Settings::subscriptions(other).receivers(&[PAGER, MAIL])).await;
    world.main.put(healthy("1"));
    world.other.revoke_tokens();
    world.api.refuse_with(Refusal::WithCode);
    world.run().await;
    assert_eq!(world.received(), ["opened unauthorized critical other(1)"]);
    world.mailbox.forget();
    world.reload(Settings::watching(&BOTH[..1]).receivers(&[PAGER, MAIL])).await;
    world.tick().await;
    let (detail, mail) = detail_and_mail(&world);
    assert!(detail.starts_with("No longer watched: the subscription left the configuration."), "{detail}");
    assert!(mail.contains("no longer watched"), "{mail}");
    assert!(!RECOVERY.iter().any(|word| detail.contains(word)), "{detail}");
    assert!(world.firing().await.is_empty());
    world.run().await;
    assert_eq!(world.received(), ["resolved unauthorized critical other(1)"], "once");
}

#[tokio::test]
async fn removed_failing_receiver_resolves_its_alert_as_no_longer_watched() {
    let mut world = World::open(Settings::watching(BOTH).receivers(&[PAGER, MAIL, DESK])).await;
    world.all_healthy(BOTH);
    world.run().await;
    world.desk.go_down();
    world.main.set_answer("1", Answer::account_error("On hold"));
    world.run().await;
    world.live_until(world.now() + hours(2)).await;
    assert!(world.received().iter().any(|line| line.contains("opened delivery_failing")));
    world.mailbox.forget();
    world.reload(Settings::watching(BOTH).receivers(&[PAGER, MAIL])).await;
    world.advance(minutes(1));
    world.tick().await;
    let (detail, mail) = detail_and_mail(&world);
    assert!(detail.starts_with("No longer watched: the receiver left the configuration."), "{detail}");
    assert!(mail.contains("no longer watched"), "{mail}");
    assert_eq!(world.received(), ["resolved delivery_failing warning desk"]);
    assert_eq!(world.firing().await.len(), 1, "the account's own alert still fires");
}

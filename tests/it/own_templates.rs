//! A template of the operator's that gets another text.

use axum::http::StatusCode;

use crate::simulator::{Delivery, Reply};
use crate::world::{PAGER, Settings, World, minutes};

#[tokio::test]
async fn changed_template_repeats_nothing_and_pending_messages_keep_their_bytes() {
    const ACCOUNTS: &[(&str, &str)] = &[("1", "studio-a"), ("2", "studio-b")];
    const FIRST: [&str; 2] = [
        "[CRITICAL] studio-a: useapi.net knows no such account (404) / first",
        "[CRITICAL] studio-b: useapi.net knows no such account (404) / first",
    ];
    for is_restarted in [false, true] {
        let mut world = World::open(Settings::watching(ACCOUNTS).receivers(&[PAGER])).await;
        world.all_healthy(ACCOUNTS);
        world.run().await;
        let receiver = format!("{PAGER}format = \"text\"\ntext_template_file = \"own.txt\"\n");
        let own = Settings::watching(ACCOUNTS).receivers(&[&receiver]);
        std::fs::write(world.folder().join("own.txt"), "first").unwrap();
        world.reload(own.clone()).await;
        world.main.remove("1");
        world.run().await;
        assert_eq!(texts(&world), FIRST[..1]);
        world.pager.set(Some(Reply::status(StatusCode::SERVICE_UNAVAILABLE)));
        world.main.remove("2");
        world.run().await;
        assert_eq!(texts(&world), FIRST[1..]);

        std::fs::write(world.folder().join("own.txt"), "second").unwrap();
        if is_restarted {
            world.reopen(own.clone()).await;
        } else {
            world.reload(own.clone()).await;
        }
        world.pager.set(None);
        world.live_until(world.now() + minutes(10)).await;
        assert_eq!(texts(&world), FIRST[1..], "the same bytes, and neither alert again");
        world.run().await;
        assert_eq!(texts(&world), [""; 0]);
        world.all_healthy(ACCOUNTS);
        world.run().await;
        assert_eq!(
            texts(&world),
            ["[RESOLVED] studio-a: useapi.net knows the account again (and 1 alert resolved) / second"],
            "both are remembered"
        );
    }
}

/// The texts that the pager received since the last call, each as its title and what the template gave.
fn texts(world: &World) -> Vec<String> {
    let deliveries = world.pager.deliveries();
    world.pager.forget();
    let text = |delivery: &Delivery| String::from_utf8(delivery.body.to_vec()).unwrap();
    deliveries.iter().map(|delivery| text(delivery).trim().replace("\n\n", " / ")).collect()
}

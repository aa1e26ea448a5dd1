//! A token that is replaced while the program runs.

use crate::simulator::Refusal;

use crate::world::{MAIN_TOKEN, Settings, World, healthy, minutes};

const NEW_TOKEN: &str = "user:1001-nEwToKeN9876543210zY";

#[tokio::test]
async fn replaced_token_file_is_read_before_a_401_counts() {
    for fetch in ["each", "list"] {
        let ids: Vec<String> = (0..40).map(|id| id.to_string()).collect();
        let accounts: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), id.as_str())).collect();
        let world =
            World::open(Settings::watching(&accounts).api(&format!("fetch = {fetch:?}\nconcurrency = 8")))
                .await;
        world.all_healthy(&accounts);
        world.run().await;
        world.main.reset_token(NEW_TOKEN.into());
        std::fs::write(world.folder().join("main-token"), format!("{NEW_TOKEN}\n")).unwrap();
        world.advance(minutes(15));
        world.api.forget_requests();
        let pass = world.run().await;
        assert_eq!((pass.counts.ok, pass.next_recheck.is_some()), (40, false), "{fetch}");
        let refused = world.api.requests().iter().filter(|request| !request.authorized).count();
        // Those that were in flight when the first answer came.
        assert!((1..=8).contains(&refused), "{fetch}: {refused}");
        world.advance(minutes(15));
        world.api.forget_requests();
        world.run().await;
        assert!(world.api.requests().iter().all(|request| request.authorized), "{fetch}");
        assert!(world.received().is_empty(), "{fetch}");
    }
}

#[tokio::test]
async fn unauthorized_counts_when_the_file_holds_the_same_token_or_no_valid_one() {
    let world = World::watching(&[("1", "studio-a")]).await;
    world.run().await;
    world.main.revoke_tokens();
    world.api.refuse_with(Refusal::WithCode);
    for content in [MAIN_TOKEN, "", "two words", "user:1001-hush\nmore"] {
        std::fs::write(world.folder().join("main-token"), content).unwrap();
        world.advance(minutes(15));
        world.api.forget_requests();
        world.run().await;
        assert!(world.api.requests().len() <= 2, "one check and one confirmation: {content:?}");
    }
    std::fs::remove_file(world.folder().join("main-token")).unwrap();
    world.advance(minutes(15));
    world.run().await;
    assert_eq!(world.received(), ["opened unauthorized critical main(1)"]);
    // A valid token that comes later resolves the alert without a reload.
    world.main.accept_token(NEW_TOKEN.into());
    std::fs::write(world.folder().join("main-token"), NEW_TOKEN).unwrap();
    world.main.put(healthy("1"));
    world.advance(minutes(15));
    world.run().await;
    assert_eq!(world.received(), ["resolved unauthorized critical main(1)"]);
}

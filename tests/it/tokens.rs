//! A token that was changed under the running program.

use minimax_watch::simulator::Refusal;

use crate::world::{MAIN_TOKEN, Settings, World, healthy, minutes};

const NEW_TOKEN: &str = "user:1001-nEwToKeN9876543210zY";

#[tokio::test]
async fn a_token_that_was_replaced_in_its_file_is_read_before_a_401_is_believed() {
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
        assert_eq!((pass.counts.ok, pass.doubts), (40, false), "{fetch}");
        let refused = world.api.requests().iter().filter(|request| !request.authorized).count();
        // Those that were under way when the first answer came.
        assert!((1..=8).contains(&refused), "{fetch}: {refused}");
        world.advance(minutes(15));
        world.api.forget_requests();
        world.run().await;
        assert!(world.api.requests().iter().all(|request| request.authorized), "{fetch}");
        assert!(world.heard().is_empty(), "{fetch}");
    }
}

#[tokio::test]
async fn a_401_is_believed_when_the_file_holds_the_same_token_or_no_sound_one() {
    let world = World::watching(&[("1", "studio-a")]).await;
    world.run().await;
    world.main.revoke_tokens();
    world.api.refuse_with(Refusal::WithCode);
    for content in [MAIN_TOKEN, "", "two words", "user:1001-hush\nmore"] {
        std::fs::write(world.folder().join("main-token"), content).unwrap();
        world.advance(minutes(15));
        world.api.forget_requests();
        world.run().await;
        assert!(world.api.requests().len() <= 2, "asked once, and once more to confirm: {content:?}");
    }
    std::fs::remove_file(world.folder().join("main-token")).unwrap();
    world.advance(minutes(15));
    world.run().await;
    assert_eq!(world.heard(), ["opened unauthorized critical main(1)"]);
    // A token that comes later ends it, without a reload.
    world.main.accept_token(NEW_TOKEN.into());
    std::fs::write(world.folder().join("main-token"), NEW_TOKEN).unwrap();
    world.main.put(healthy("1"));
    world.advance(minutes(15));
    world.run().await;
    assert_eq!(world.heard(), ["resolved unauthorized critical main(1)"]);
}

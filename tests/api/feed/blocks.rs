//! Blocks.

use support::World;

#[tokio::test]
async fn people_of_whom_one_has_blocked_the_other_do_not_see_each_other() {
    let world = World::new().await;
    let feed = world.feed().await;
    let [alice, bob, carol] = world.log_in_all(["alice", "bob", "carol"]).await;
    let by_alice = feed.post(&alice, "by alice").await;
    let by_bob = feed.post(&bob, "by bob").await;
    for _ in 0..2 {
        feed.block(&alice, &bob.id).await.expect(204);
    }
    for (reader, own, other) in [(&alice, "by alice", &by_bob), (&bob, "by bob", &by_alice)] {
        assert_eq!(feed.texts(reader).await, [own]);
        feed.read(reader, other)
            .await
            .expect_problem(404, "not_found");
        feed.like(reader, other)
            .await
            .expect_problem(404, "not_found");
        let report = feed.report(reader, other, "abuse").await;
        report.expect_problem(404, "not_found");
    }
    assert_eq!(feed.texts(&carol).await.len(), 2);

    let blocks = feed.0.get("/v1/blocks").bearer(&alice.token);
    assert_eq!(blocks.await.expect(200).items()[0]["user"], bob.id.as_str());
    let blocks = feed.0.get("/v1/blocks").bearer(&bob.token);
    assert!(blocks.await.expect(200).items().is_empty());
    // Only who has blocked takes it back.
    feed.unblock(&bob, &alice.id).await.expect(204);
    assert_eq!(feed.texts(&bob).await, ["by bob"]);
    for _ in 0..2 {
        feed.unblock(&alice, &bob.id).await.expect(204);
    }
    for reader in [&alice, &bob] {
        assert_eq!(feed.texts(reader).await.len(), 2);
    }
}

#[tokio::test]
async fn nobody_blocks_themselves_or_what_is_no_user() {
    let world = World::new().await;
    let feed = world.feed().await;
    let alice = world.log_in("alice").await;
    feed.block(&alice, &alice.id).await.expect_invalid(["id"]);
    feed.block(&alice, "bob")
        .await
        .expect_problem(404, "not_found");
}

#[tokio::test]
async fn a_block_goes_with_the_account_of_who_has_blocked() {
    let world = World::new().await;
    let feed = world.feed().await;
    let [alice, bob] = world.log_in_all(["alice", "bob"]).await;
    feed.block(&alice, &bob.id).await.expect(204);
    alice.delete_account().await.expect(204);
    world.purge_announced().await;
    world.advance(std::time::Duration::from_secs(1));
    let returned = world.log_in("alice").await;
    feed.post(&returned, "back").await;
    assert_eq!(feed.texts(&bob).await, ["back"]);
}

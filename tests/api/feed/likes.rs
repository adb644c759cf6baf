//! Likes.

use futures_util::future::join_all;
use serde_json::json;
use support::World;

#[tokio::test]
async fn each_person_likes_a_post_once() {
    let world = World::new().await;
    let feed = world.feed().await;
    let [alice, bob] = world.log_in_all(["alice", "bob"]).await;
    let post = feed.post(&alice, "hello").await;
    for _ in 0..2 {
        let liked = feed.like(&bob, &post).await.expect(200);
        assert_eq!(liked.json, json!({"likes": 1, "liked": true}));
    }
    feed.like(&alice, &post).await.expect(200);
    assert_eq!(feed.likes(&bob, &post).await, (2, true));
    for _ in 0..2 {
        let unliked = feed.unlike(&bob, &post).await.expect(200);
        assert_eq!(unliked.json, json!({"likes": 1, "liked": false}));
    }
    assert_eq!(feed.likes(&alice, &post).await, (1, true));
    let other = feed.post(&alice, "another").await;
    assert_eq!(feed.likes(&alice, &other).await, (0, false));
}

#[tokio::test]
async fn nobody_is_lost_and_nobody_counted_twice_when_many_like_at_once() {
    let world = World::new().await;
    let feed = world.feed().await;
    let author = world.log_in("author").await;
    let post = feed.post(&author, "hello").await;
    let mut people = Vec::new();
    for i in 0..12 {
        people.push(world.log_in(&format!("person{i}")).await);
    }
    let twice = people.iter().chain(&people);
    for liked in join_all(twice.map(|person| feed.like(person, &post).send())).await {
        liked.expect(200);
    }
    assert_eq!(feed.likes(&author, &post).await, (12, false));
    let marks = world.items().await;
    let partitions: std::collections::BTreeSet<_> = marks
        .keys()
        .filter(|(pk, sk)| pk.starts_with("OF#feed#") && sk.starts_with("feed-likes#"))
        .map(|(pk, _)| pk)
        .collect();
    assert!(partitions.len() > 1, "{partitions:?}");
}

#[tokio::test]
async fn a_like_goes_with_the_account_and_comes_back_with_none() {
    let world = World::new().await;
    let feed = world.feed().await;
    let [alice, bob] = world.log_in_all(["alice", "bob"]).await;
    let post = feed.post(&alice, "hello").await;
    feed.like(&bob, &post).await.expect(200);
    bob.delete_account().await.expect(204);
    feed.like(&bob, &post)
        .await
        .expect_problem(401, "unauthorized");
    feed.unlike(&bob, &post)
        .await
        .expect_problem(401, "unauthorized");
    world.purge_announced().await;
    assert_eq!(feed.likes(&alice, &post).await, (0, false));

    world.advance(std::time::Duration::from_secs(1));
    let returned = world.log_in("bob").await;
    assert_eq!(feed.likes(&returned, &post).await, (0, false));
    feed.like(&returned, &post).await.expect(200);
    assert_eq!(feed.likes(&returned, &post).await, (1, true));
}

//! What goes with a post, and with an account; and what an export has of it.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use support::events::Message;
use support::{Session, World};

/// The keys of all that the feed stores, the owner states aside.
async fn keys(world: &World) -> BTreeSet<(String, String)> {
    let items = world.items().await;
    let keys = items.into_keys();
    keys.filter(|(pk, sk)| (pk.starts_with("OI#") && sk != "~") || pk.starts_with("OF#"))
        .collect()
}

/// The kinds of what is there, with the number of each.
async fn kinds(world: &World) -> std::collections::BTreeMap<String, usize> {
    let mut kinds = std::collections::BTreeMap::new();
    for (pk, sk) in keys(world).await {
        let kind = format!("{} {}", &pk[..3], sk.split('#').next().unwrap_or_default());
        *kinds.entry(kind).or_default() += 1;
    }
    kinds
}

async fn exported(person: &Session) -> Vec<Value> {
    let (mut items, mut query) = (Vec::new(), String::new());
    loop {
        let page = person
            .get(&format!("/v1/users/me/export{query}"))
            .await
            .expect(200);
        items.extend(
            page.items()
                .iter()
                .filter(|item| item["kind"] == "own_item")
                .cloned(),
        );
        match page["next_cursor"].as_str() {
            Some(cursor) => query = format!("?cursor={cursor}"),
            None => return items,
        }
    }
}

#[tokio::test]
async fn a_post_is_deleted_by_its_author_with_all_its_likes() {
    let world = World::new().await;
    let feed = world.feed().await;
    let [alice, bob] = world.log_in_all(["alice", "bob"]).await;
    let post = feed.post(&alice, "hello").await;
    feed.like(&alice, &post).await.expect(200);
    feed.like(&bob, &post).await.expect(200);
    feed.delete(&bob, &post)
        .await
        .expect_problem(404, "not_found");
    assert!(
        world.purge_messages().await.is_empty(),
        "nobody announces what is not theirs"
    );
    feed.delete(&alice, &post).await.expect(204);
    assert!(feed.texts(&bob).await.is_empty());
    for request in [
        feed.read(&bob, &post),
        feed.like(&bob, &post),
        feed.delete(&alice, &post),
    ] {
        request.await.expect_problem(404, "not_found");
    }
    world.purge_announced().await;
    assert_eq!(keys(&world).await, BTreeSet::new());
    feed.unlike(&bob, &post)
        .await
        .expect_problem(404, "not_found");
}

#[tokio::test]
async fn an_administrator_deletes_anybodys_post_and_nobody_else_does() {
    let world = World::new().await;
    let feed = world.feed().await;
    let [alice, admin] = world.log_in_all(["alice", "admin"]).await;
    let post = feed.post(&alice, "hello").await;
    feed.like(&admin, &post).await.expect(200);
    feed.delete(&admin, &post).await.expect(204);
    feed.delete(&admin, &post)
        .await
        .expect_problem(404, "not_found");
    world.purge_announced().await;
    assert_eq!(keys(&world).await, BTreeSet::new());
    let own = feed.post(&admin, "own").await;
    feed.delete(&admin, &own).await.expect(204);
}

#[tokio::test]
async fn likes_of_a_post_that_was_not_deleted_stay() {
    let world = World::new().await;
    let feed = world.feed().await;
    let alice = world.log_in("alice").await;
    let post = feed.post(&alice, "hello").await;
    feed.like(&alice, &post).await.expect(200);
    let found = keys(&world).await;
    let at = found
        .iter()
        .find(|(pk, sk)| pk.starts_with("OF#") && sk.starts_with("feed-posts#"));
    let (pk, sk) = at.unwrap();
    let message = json!({"pk": pk, "sk": sk}).to_string();
    assert_eq!(
        world.deliver_to_purge([&message]).await.len(),
        1,
        "it may yet be deleted"
    );
    let last = Message::from(&message).received(3);
    assert!(world.deliver_to_purge([last]).await.is_empty());
    assert_eq!(feed.likes(&alice, &post).await, (1, true));
}

#[tokio::test]
async fn more_likes_than_one_step_removes_go_in_several() {
    let world = World::new().await;
    let feed = world.feed().await;
    let alice = world.log_in("alice").await;
    let post = feed.post(&alice, "hello").await;
    feed.like(&alice, &post).await.expect(200);
    let items = world.items().await;
    let like = items
        .iter()
        .find(|((pk, sk), _)| pk.starts_with("OF#") && sk.starts_with("feed-likes#"));
    let (_, like) = like.unwrap();
    for i in 0..150 {
        let mut other = like.clone();
        other.insert(
            "sk".to_owned(),
            support::storage::s(&format!("feed-likes#{i:026}")),
        );
        let put = world
            .emulator
            .dynamodb()
            .put_item()
            .table_name(&world.table);
        put.set_item(Some(other)).send().await.unwrap();
    }
    alice.delete_account().await.expect(204);
    world.purge_announced().await;
    assert_eq!(keys(&world).await, BTreeSet::new());
}

#[tokio::test]
async fn an_account_takes_with_it_what_it_posted_liked_blocked_and_reported() {
    let world = World::new().await;
    let feed = world.feed().await;
    let [alice, bob, carol] = world.log_in_all(["alice", "bob", "carol"]).await;
    let by_alice = feed.post(&alice, "by alice").await;
    let by_bob = feed.post(&bob, "by bob").await;
    for person in [&alice, &bob] {
        feed.like(person, &by_alice).await.expect(200);
        feed.like(person, &by_bob).await.expect(200);
    }
    feed.report(&alice, &by_bob, "other").await.expect(201);
    feed.block(&alice, &carol.id).await.expect(204);

    let items = exported(&alice).await;
    let names: Vec<_> = items
        .iter()
        .map(|item| item["name"].as_str().unwrap())
        .collect();
    let expected = [
        "feed-blocks",
        "feed-likes",
        "feed-likes",
        "feed-posts",
        "feed-reports",
    ];
    assert_eq!(names, expected, "{items:?}");
    assert_eq!(items[3]["data"]["text"], "by alice");
    assert_eq!(items[0]["data"]["user"], carol.id.as_str());
    let liked: BTreeSet<_> = items[1..3]
        .iter()
        .map(|like| like["data"]["on"].as_str().unwrap())
        .collect();
    let posts: BTreeSet<_> = [&by_alice, &by_bob]
        .map(|post| post.split_once('-').unwrap().1)
        .into();
    assert_eq!(liked, posts);

    alice.delete_account().await.expect(204);
    world.purge_announced().await;
    assert_eq!(feed.texts(&bob).await, ["by bob"]);
    assert_eq!(feed.likes(&bob, &by_bob).await, (1, true));
    // What is left is Bob's post with its counts, and his like of it.
    let left = kinds(&world).await;
    let expected = [
        ("OF# feed-likes", 1),
        ("OF# feed-posts", 1),
        ("OF# ~feed-likes", 4),
        ("OI# feed-likes", 1),
        ("OI# feed-posts", 1),
    ];
    let expected = expected.map(|(kind, count)| (kind.to_owned(), count));
    assert_eq!(left, expected.into());
}

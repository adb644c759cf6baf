//! Posting, and the page of the newest posts.

use std::time::Duration;

use serde_json::json;
use support::uploads::download;
use support::{World, samples};

#[tokio::test]
async fn a_post_is_seen_by_all_as_its_author_wrote_it() {
    let world = World::new().await;
    let feed = world.feed().await;
    let [alice, bob] = world.log_in_all(["alice", "bob"]).await;
    let bytes = samples::jpeg();
    let picture = world.upload(&alice, "file", &bytes).await.id;
    let body = json!({"text": " hello\nworld ", "pictures": [picture]});
    let sent = feed.send(&alice, &body).await.expect(201);
    let id = sent.text("id");
    assert_eq!(sent.header("location"), format!("/v1/posts/{id}"));
    assert_eq!(
        (&sent["is_mine"], &sent["status"]),
        (&json!(true), &json!("ready"))
    );

    let seen = feed.read(&bob, &id).await.expect(200);
    assert_eq!(seen["text"], "hello\nworld");
    assert_eq!(seen["author"], alice.id.as_str());
    assert_eq!((&seen["likes"], &seen["liked"]), (&json!(0), &json!(false)));
    assert_eq!(seen["is_mine"], false);
    let link = seen["pictures"][0]["download_url"].as_str().unwrap();
    assert_eq!(download(link).await, (200, bytes));
    assert_eq!(feed.page(&bob, "").await.items(), [seen.json]);
}

#[tokio::test]
async fn a_repeated_request_posts_once() {
    let world = World::new().await;
    let feed = world.feed().await;
    let alice = world.log_in("alice").await;
    let send = || {
        feed.send(&alice, &json!({"text": "once"}))
            .idempotency_key("key")
    };
    let first = send().await.expect(201);
    assert_eq!(send().await.expect(201).json, first.json);
    assert_eq!(feed.texts(&alice).await, ["once"]);
}

#[tokio::test]
async fn a_post_needs_a_text_or_pictures_of_ones_own() {
    let world = World::new().await;
    let feed = world.feed().await;
    let [alice, bob] = world.log_in_all(["alice", "bob"]).await;
    let own = world.upload(&alice, "file", &samples::png()).await.id;
    let foreign = world.upload(&bob, "file", &samples::png()).await.id;
    for (body, field) in [
        (json!({}), "text"),
        (json!({"text": " "}), "text"),
        (json!({"text": "x".repeat(1001)}), "text"),
        (json!({"text": 1}), "text"),
        (json!({"text": "x", "pictures": "x"}), "pictures"),
        (json!({"text": "x", "pictures": ["x"]}), "pictures"),
        (json!({"text": "x", "pictures": vec![&own; 10]}), "pictures"),
        (json!({"pictures": [own, own]}), "pictures[1]"),
        (json!({"pictures": [own, foreign]}), "pictures[1]"),
    ] {
        feed.send(&alice, &body).await.expect_invalid([field]);
    }
    let alone = feed.send(&alice, &json!({"pictures": [own]})).await;
    assert_eq!(alone.expect(201)["text"], "");
}

#[tokio::test]
async fn pages_go_from_the_newest_to_the_oldest_whoever_posted() {
    let world = World::new().await;
    let feed = world.feed().await;
    let people = world.log_in_all(["a", "b", "c", "d", "e", "f"]).await;
    let mut posted = Vec::new();
    for round in 0..3 {
        for author in &people {
            let text = format!("{round} by {}", author.id);
            feed.post(author, &text).await;
            posted.push(text);
            world.advance(Duration::from_millis(1));
        }
    }
    let (mut found, mut query) = (Vec::new(), "?limit=4".to_owned());
    let mut second = None;
    loop {
        let page = feed.page(&people[0], &query).await.expect(200);
        assert!(page.items().len() <= 4);
        let texts = page
            .items()
            .iter()
            .map(|post| post["text"].as_str().unwrap().to_owned());
        found.extend(texts);
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        query = format!("?limit=4&cursor={cursor}");
        second.get_or_insert(query.clone());
    }
    found.reverse();
    assert_eq!(found, posted);
    let foreign = feed.page(&people[1], &second.unwrap()).await;
    foreign.expect_problem(400, "invalid_cursor");
}

#[tokio::test]
async fn posts_are_spread_among_partitions_and_found_by_their_ids() {
    let world = World::new().await;
    let feed = world.feed().await;
    let mut partitions = std::collections::BTreeSet::new();
    for i in 0..16 {
        let author = world.log_in(&format!("person{i}")).await;
        let id = feed.post(&author, "hello").await;
        partitions.insert(id.split('-').next().unwrap().to_owned());
        feed.read(&author, &id).await.expect(200);
    }
    assert!(partitions.len() > 1, "{partitions:?}");
}

#[tokio::test]
async fn what_is_no_post_is_not_found() {
    let world = World::new().await;
    let feed = world.feed().await;
    let alice = world.log_in("alice").await;
    let id = feed.post(&alice, "hello").await;
    let (partition, item) = id.split_once('-').unwrap();
    let elsewhere = (partition.parse::<u8>().unwrap() + 1) % 4;
    for other in [
        format!("{elsewhere}-{item}"),
        format!("9-{item}"),
        "me".to_owned(),
    ] {
        feed.read(&alice, &other)
            .await
            .expect_problem(404, "not_found");
        feed.like(&alice, &other)
            .await
            .expect_problem(404, "not_found");
        feed.delete(&alice, &other)
            .await
            .expect_problem(404, "not_found");
        let report = feed.report(&alice, &other, "other").await;
        report.expect_problem(404, "not_found");
    }
}

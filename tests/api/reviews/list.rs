//! The list: what is on it, in which order, and what leaves it by itself.

use std::time::Duration;

use serde_json::{Value, json};
use shared::ids::Epoch;
use shared::store::review::{Cause, Finding, Subject};
use support::uploads::download;
use support::{World, samples};

use super::{ids, of_nickname, of_profile, of_upload, open, open_for, open_nickname, waiting};

#[tokio::test]
async fn what_waits_is_listed_from_the_oldest_to_the_newest() {
    let world = World::new().await;
    let [admin, alice] = world.log_in_all(["admin", "alice"]).await;
    let upload = world.upload(&alice, "file", &samples::jpeg()).await;
    let mut opened = Vec::new();
    // Their keys sort otherwise.
    opened.push(open(&world, &of_upload(&upload)).await);
    world.advance(Duration::from_millis(5));
    opened.push(open_nickname(&world, &alice, &Finding::default()).await);
    world.advance(Duration::from_millis(5));
    opened.push(open(&world, &of_profile(&alice)).await);
    assert_eq!(ids(&waiting(&admin).await), opened);

    let mut paged = Vec::new();
    let mut path = "/v1/reviews?limit=1".to_owned();
    loop {
        let page = admin.get(&path).await.expect(200).json;
        paged.push(page["items"][0]["id"].as_str().unwrap().to_owned());
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/v1/reviews?limit=1&cursor={cursor}");
    }
    assert_eq!(paged, opened);
}

#[tokio::test]
async fn a_review_shows_what_there_is_to_decide_on_and_no_openid() {
    let world = World::new().await;
    let [admin, alice] = world.log_in_all(["admin", "secretopenid"]).await;
    let picture = samples::jpeg();
    let avatar = world.upload(&alice, "avatar", &picture).await;
    let nickname = alice.edit(json!({"nickname": "Alice"}));
    nickname.await.expect(200);
    let finding = Finding {
        labels: vec!["20002".to_owned(), "10001".to_owned()],
        text: Some("bad words".to_owned()),
    };
    open_for(&world, &of_upload(&avatar), Cause::Overdue, &finding).await;
    world.advance(Duration::from_millis(5));
    open_nickname(&world, &alice, &finding).await;
    world.advance(Duration::from_millis(5));
    open_for(
        &world,
        &of_profile(&alice),
        Cause::Report,
        &Finding::default(),
    )
    .await;

    let found = waiting(&admin).await;
    let [upload, nickname, profile] = found.as_slice() else {
        panic!("{found:#?}");
    };
    assert_eq!(upload["subject"], "upload");
    assert_eq!(upload["cause"], "overdue");
    assert_eq!(upload["labels"], json!(["10001", "20002"]));
    assert_eq!(upload["upload"]["id"], avatar.id);
    let url = upload["upload"]["download_url"].as_str().unwrap();
    assert_eq!(download(url).await, (200, picture));
    assert_eq!(nickname["subject"], "nickname");
    assert_eq!(nickname["cause"], "content_check");
    assert_eq!(nickname["text"], "bad words");
    assert_eq!(nickname["upload"], Value::Null);
    assert_eq!(profile["subject"], "profile");
    assert_eq!(profile["profile"]["nickname"], "Alice");
    assert!(profile["profile"]["avatar_url"].is_string());
    for review in &found {
        assert_eq!(review["user"], alice.id);
        assert_eq!(review["reports"], 0);
        assert!(!review.to_string().contains("secretopenid"));
    }
}

#[tokio::test]
async fn to_open_a_review_again_adds_what_was_found_and_keeps_its_place() {
    let world = World::new().await;
    let [admin, alice] = world.log_in_all(["admin", "alice"]).await;
    let upload = world.upload(&alice, "file", &samples::jpeg()).await;
    let labelled = |label: &str| Finding {
        labels: vec![label.to_owned()],
        text: None,
    };
    let subject = of_upload(&upload);
    let first = open_for(&world, &subject, Cause::Unsupported, &labelled("a")).await;
    world.advance(Duration::from_millis(5));
    let second = open(&world, &of_profile(&alice)).await;
    world.advance(Duration::from_millis(5));
    open_for(&world, &subject, Cause::ContentCheck, &labelled("b")).await;
    let found = waiting(&admin).await;
    assert_eq!(ids(&found), [first, second]);
    assert_eq!(found[0]["cause"], "unsupported");
    assert_eq!(found[0]["labels"], json!(["a", "b"]));
}

#[tokio::test]
async fn a_review_of_what_is_gone_is_left_out_and_removed() {
    let world = World::new().await;
    let [admin, alice, bob] = world.log_in_all(["admin", "alice", "bob"]).await;
    let deleted = world.upload(&alice, "file", &samples::jpeg()).await;
    let hidden = world.upload(&alice, "file", &samples::png()).await;
    let kept = world.upload(&alice, "file", &samples::jpeg()).await;
    for upload in [&deleted, &hidden, &kept] {
        open(&world, &of_upload(upload)).await;
        world.advance(Duration::from_millis(5));
    }
    // The nickname is another by now.
    open(&world, &of_nickname(&alice, "other")).await;
    open(&world, &of_profile(&bob)).await;
    alice.delete_upload(&deleted).await.expect(204);
    let marker = world.hide(&hidden.key).await;
    let event = "ObjectRemoved:DeleteMarkerCreated";
    let event = world.notification(event, &hidden.key, Some(&marker));
    world.deliver_all([event]).await;
    bob.delete_account().await.expect(204);

    let left = of_upload(&kept).review().to_string();
    // A page can be empty without being the last.
    let page = admin.get("/v1/reviews?limit=1").await.expect(200).json;
    assert_eq!(page["items"], json!([]));
    assert!(page["next_cursor"].is_string());
    assert_eq!(ids(&waiting(&admin).await), [left.as_str()]);
    let items = world.items().await;
    let stored: Vec<_> = items
        .keys()
        .filter(|(pk, _)| pk.starts_with("RV#"))
        .collect();
    assert_eq!(stored.len(), 1, "{stored:?}");
}

#[tokio::test]
async fn nothing_is_opened_about_an_account_that_has_ended() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let upload = world.upload(&alice, "file", &samples::jpeg()).await;
    alice.delete_account().await.expect(204);
    let before = world.items().await;
    open(&world, &of_upload(&upload)).await;
    open(&world, &of_profile(&alice)).await;
    // Neither about what an earlier generation has left, once the person is back.
    world.advance(Duration::from_secs(1));
    assert_eq!(world.items().await, before);
    world.log_in("alice").await;
    let before = world.items().await;
    open(&world, &of_nickname(&alice, "1")).await;
    assert_eq!(world.items().await, before);
}

#[tokio::test]
async fn a_cursor_is_good_for_the_administrator_who_got_it() {
    let world = World::new().await;
    let [admin, alice] = world.log_in_all(["admin", "alice"]).await;
    open(&world, &of_profile(&alice)).await;
    open_nickname(&world, &alice, &Finding::default()).await;
    let promote = admin.edit_user(&alice.id, json!({"role": "admin"}));
    promote.await.expect(200);
    let second = alice.refreshed().await;
    let page = admin.get("/v1/reviews?limit=1").await.expect(200).json;
    let path = format!(
        "/v1/reviews?cursor={}",
        page["next_cursor"].as_str().unwrap()
    );
    admin.get(&path).await.expect(200);
    second
        .get(&path)
        .await
        .expect_problem(400, "invalid_cursor");
    for position in ["", "x", "001794000000000#x", "1#x"] {
        let scope = format!("reviews {}", admin.id);
        let forged = shared::http::cursor::encode(position, &scope);
        let path = format!("/v1/reviews?cursor={forged}");
        admin.get(&path).await.expect_problem(400, "invalid_cursor");
    }
}

#[tokio::test]
async fn a_page_of_a_hundred_reads_more_than_one_call_takes() {
    let world = World::new().await;
    let admin = world.log_in("admin").await;
    for i in 0..101 {
        let body = json!({"openid": format!("person{i}")});
        let created = admin.create_user(&body).await.expect(201);
        let subject = Subject::Account {
            user: created.text("id").parse().unwrap(),
            epoch: Epoch::FIRST,
        };
        open(&world, &subject).await;
    }
    assert_eq!(waiting(&admin).await.len(), 100);
}

//! Texts of own functions, by one that lets people post on walls.

use serde_json::{Value, json};
use support::api::Call;
use support::events::Message;
use support::storage;
use support::{Api, Session, World};

use super::{enforcing, moderate, reviews};

/// A post, which others see on the wall when its text has passed.
struct Post {
    path: String,
    etag: String,
}

async fn post(function: &Api, author: &Session, text: &str) -> Post {
    let call = function.post("/v1/walls/square", &json!({"text": text}));
    let created = call.bearer(&author.token).send().await.expect(201);
    Post {
        path: format!("/v1/walls/square/{}", created.text("id")),
        etag: created.etag(),
    }
}

fn edit(function: &Api, author: &Session, post: &Post, text: &str) -> Call {
    let call = function.put(&post.path, &json!({"text": text}));
    call.bearer(&author.token)
}

/// The post as its author sees it.
async fn own(function: &Api, author: &Session, post: &Post) -> Value {
    let read = function.get(&post.path).bearer(&author.token);
    read.send().await.expect(200).json
}

/// What stands on the wall for others, and for those whom nobody knows.
async fn wall(function: &Api, reader: &Session) -> Vec<String> {
    let members = function.get("/v1/members/walls/square");
    let members = members.bearer(&reader.token).send().await.expect(200);
    let anyone = function.get("/v1/walls/square").send().await.expect(200);
    assert_eq!(members.items(), anyone.items());
    let texts = members.items().iter().map(|post| post["text"].as_str());
    texts.map(|text| text.unwrap().to_owned()).collect()
}

/// The message that announced the text which the only post names.
async fn announced(world: &World) -> String {
    let items = world.items().await;
    let mut checks = items.iter().filter_map(|((pk, sk), item)| {
        let check = storage::text(item, "text_check")?;
        Some(json!({"task": "text_changed", "pk": pk, "sk": sk, "check": check}).to_string())
    });
    checks.next().expect("an announced text")
}

#[tokio::test]
async fn others_see_a_text_when_it_has_passed() {
    let world = enforcing().await;
    let function = world.own_function().await;
    let [alice, bob] = world.log_in_all(["alice", "bob"]).await;
    let first = post(&function, &alice, "hello").await;
    let read = own(&function, &alice, &first).await;
    assert_eq!(
        (&read["text"], &read["text_status"]),
        (&json!("hello"), &json!("checking"))
    );
    assert_eq!(wall(&function, &bob).await, [""; 0]);
    let hidden = function.get(&first.path).bearer(&bob.token).send().await;
    hidden.expect_problem(404, "not_found");

    let message = announced(&world).await;
    moderate(&world, &*message).await;
    assert_eq!(wall(&function, &bob).await, ["hello"]);
    let read = own(&function, &alice, &first).await;
    assert_eq!(read.get("text_status"), None);
    // Its author's copy from before the verdict is an older version.
    let stale = edit(&function, &alice, &first, "stale").if_match(&first.etag);
    stale.send().await.expect_problem(412, "version_mismatch");

    edit(&function, &alice, &first, "hello")
        .send()
        .await
        .expect(200);
    assert_eq!(wall(&function, &bob).await, ["hello"], "the same text");
    edit(&function, &alice, &first, "risky")
        .send()
        .await
        .expect(200);
    assert_eq!(wall(&function, &bob).await, [""; 0]);
    moderate(&world, Message::new(message).received(3)).await;
    moderate(&world, announced(&world).await).await;
    let read = own(&function, &alice, &first).await;
    assert_eq!(
        (&read["text"], &read["text_status"]),
        (&json!("risky"), &json!("rejected"))
    );
    assert_eq!(wall(&function, &bob).await, [""; 0]);
}

#[tokio::test]
async fn a_moderator_decides_about_a_text() {
    for (decision, seen) in [("approve", vec!["review"]), ("reject", vec![])] {
        let world = enforcing().await;
        let function = world.own_function().await;
        let [alice, bob, admin] = world.log_in_all(["alice", "bob", "admin"]).await;
        let posted = post(&function, &alice, "review").await;
        let message = announced(&world).await;
        for _ in 0..2 {
            moderate(&world, &*message).await;
            let read = own(&function, &alice, &posted).await;
            assert_eq!(read["text_status"], "review");
        }
        let waiting = reviews(&admin).await;
        assert_eq!(waiting.len(), 1);
        assert_eq!(
            (&waiting[0]["subject"], &waiting[0]["text"]),
            (&json!("text"), &json!("review"))
        );
        let id = waiting[0]["id"].as_str().unwrap();
        let decide = admin.post(&format!("/v1/reviews/{id}"), json!({"decision": decision}));
        decide.await.expect(204);
        let decided = json!({"task": "review_decided", "review": id});
        moderate(&world, decided.to_string()).await;
        assert_eq!(wall(&function, &bob).await, seen, "{decision}");
    }
}

#[tokio::test]
async fn a_text_of_many_pieces_passes_whole_or_not_at_all() {
    let world = enforcing().await;
    let function = world.own_function().await;
    let [alice, bob] = world.log_in_all(["alice", "bob"]).await;
    let long = |end: &str| format!("{}{end}", "x".repeat(6000));
    let posted = post(&function, &alice, &long("risky")).await;
    moderate(&world, announced(&world).await).await;
    let read = own(&function, &alice, &posted).await;
    assert_eq!(read["text_status"], "rejected");
    edit(&function, &alice, &posted, &long(""))
        .send()
        .await
        .expect(200);
    moderate(&world, announced(&world).await).await;
    assert_eq!(wall(&function, &bob).await, [long("")]);
    let too_long = edit(&function, &alice, &posted, &"x".repeat(10_001));
    too_long.send().await.expect_problem(413, "body_too_large");
}

#[tokio::test]
async fn a_text_that_is_gone_or_never_came_is_harmless() {
    let world = enforcing().await;
    let function = world.own_function().await;
    let alice = world.log_in("alice").await;
    post(&function, &alice, "hello").await;
    let message = announced(&world).await;
    alice.delete_account().await.expect(204);
    let late = |receives| Message::new(&*message).received(receives);
    assert_eq!(world.moderate([late(1)]).await, ["m0"]);
    moderate(&world, late(3)).await;
    world.purge_announced().await;
    moderate(&world, late(3)).await;
    for (pk, sk) in [("U#x", "A"), ("OI#x", "~"), ("OF#x#y", "posts#1")] {
        let other = json!({"task": "text_changed", "pk": pk, "sk": sk, "check": "c"});
        moderate(&world, Message::new(other.to_string()).received(3)).await;
    }
}

#[tokio::test]
async fn without_checks_a_text_is_shown_at_once() {
    for (policy, is_reported) in [("off", false), ("log", true)] {
        let world = World::limited(&[("CONTENT_CHECK_TEXT", policy)]).await;
        let function = world.own_function().await;
        let [alice, bob, admin] = world.log_in_all(["alice", "bob", "admin"]).await;
        let posted = post(&function, &alice, "risky").await;
        assert_eq!(wall(&function, &bob).await, ["risky"]);
        let read = own(&function, &alice, &posted).await;
        assert_eq!(read.get("text_status"), None);
        if is_reported {
            moderate(&world, announced(&world).await).await;
        }
        assert_eq!(wall(&function, &bob).await, ["risky"]);
        assert_eq!(reviews(&admin).await.len(), usize::from(is_reported));
    }
}

#[tokio::test]
async fn a_text_that_a_person_keeps_is_checked_too() {
    let world = enforcing().await;
    let function = world.own_function().await;
    let alice = world.log_in("alice").await;
    for (text, status) in [("hello", Value::Null), ("risky", json!("rejected"))] {
        let note = json!({"text": text, "stars": 1});
        let created = function.post("/v1/notes", &note).bearer(&alice.token);
        let created = created.send().await.expect(201);
        assert_eq!(created["text_status"], "checking");
        moderate(&world, announced(&world).await).await;
        let path = format!("/v1/notes/{}", created.text("id"));
        let read = function.get(&path).bearer(&alice.token).send().await;
        assert_eq!(read.expect(200).json["text_status"], status, "{text}");
    }
}

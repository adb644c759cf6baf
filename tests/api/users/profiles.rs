//! The public profiles of several users at once.

use serde_json::json;
use support::{Answer, Session, World, samples};

use super::{id_of, ids, names_of};

async fn profiles(reader: &Session, ids: &[&str]) -> Answer {
    let path = format!("/v1/profiles?ids={}", ids.join(","));
    reader.get(&path).await
}

#[tokio::test]
async fn profiles_come_in_the_order_asked_for_and_as_strangers_see_them() {
    let world = World::new().await;
    let [alice, bob, admin] = world.log_in_all(["alice", "bob", "admin"]).await;
    let named = json!({"username": "three", "email": "t@x.cn", "nickname": "三"});
    bob.edit(named).await.expect(200);
    world.upload(&bob, "avatar", &samples::png()).await;
    let nobody = id_of(&world, "nobody");
    let mixed = [&bob.id, &nobody, "me", "", &alice.id, "%ff", &admin.id];
    let found = profiles(&admin, &mixed).await.expect(200);
    assert_eq!(ids(&found), [&*bob.id, &alice.id, &admin.id]);
    for item in found.items() {
        // Also by an administrator, also their own.
        assert_eq!(names_of(item), ["avatar_url", "id", "nickname"]);
    }
    let bobs = &found.items()[0];
    assert_eq!(bobs["nickname"], "三");
    assert_eq!(bobs["avatar_url"], bob.profile().await["avatar_url"]);
    alice.delete_account().await.expect(204);
    let left = profiles(&admin, &[&alice.id, &bob.id]).await;
    assert_eq!(ids(&left), [&*bob.id]);
}

#[tokio::test]
async fn a_request_names_fifty_profiles_at_most() {
    let world = World::new().await;
    let mut people = Vec::new();
    for i in 0..51 {
        people.push(world.log_in(&format!("p{i}")).await.id);
    }
    let people: Vec<_> = people.iter().rev().map(String::as_str).collect();
    let reader = world.log_in("p0").await;
    let all = profiles(&reader, &people[..50]).await.expect(200);
    assert_eq!(ids(&all), people[..50]);
    let too_many = profiles(&reader, &people).await;
    too_many.expect_invalid(["ids"]);
    let unnamed = reader.get("/v1/profiles").await;
    unnamed.expect_invalid(["ids"]);
    let undescribed = reader.get("/v1/profiles?ids=x&limit=1").await;
    undescribed.expect_invalid(["limit"]);
    let nobody = profiles(&reader, &[]).await.expect(200);
    assert!(nobody.items().is_empty());
}

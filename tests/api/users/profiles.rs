//! The public profiles of several users at once.

use serde_json::json;
use support::{World, samples};

use super::{delete, edit, id_of, ids, names_of, own, upload};

#[tokio::test]
async fn profiles_come_in_the_order_asked_for_and_as_strangers_see_them() {
    let world = World::new().await;
    let mut people = Vec::new();
    for i in 0..50 {
        people.push(world.log_in(&format!("p{i}")).await);
    }
    edit(
        &world,
        &people[3],
        json!({"username": "three", "email": "t@x.cn", "nickname": "三"}),
    )
    .await
    .expect(200);
    upload(&world, &people[3], "avatar", &samples::png()).await;
    let reader = world.log_in("admin").await;
    let get = async |ids: &str| {
        world
            .users
            .get(&format!("/v1/profiles{ids}"))
            .bearer(&reader.token)
            .send()
            .await
    };
    let mixed = [
        &people[3].id,
        &*id_of(&world, "nobody"),
        &people[0].id,
        "me",
        "",
        "%ff",
        &people[7].id,
        &reader.id,
    ];
    let answer = get(&format!("?ids={}", mixed.join(","))).await.expect(200);
    assert_eq!(
        ids(&answer),
        [&*people[3].id, &people[0].id, &people[7].id, &reader.id]
    );
    for item in answer.json["items"].as_array().unwrap() {
        assert_eq!(
            names_of(item),
            ["avatar_url", "id", "nickname"],
            "also an administrator, also their own"
        );
    }
    let three = &answer.json["items"][0];
    assert_eq!(three["nickname"], "三");
    assert_eq!(
        three["avatar_url"],
        own(&world, &people[3]).await.json["avatar_url"]
    );

    let all: Vec<_> = people
        .iter()
        .rev()
        .map(|person| person.id.clone())
        .collect();
    assert_eq!(
        ids(&get(&format!("?ids={}", all.join(","))).await.expect(200)),
        all
    );
    let too_many = get(&format!("?ids={},{}", all.join(","), reader.id)).await;
    assert_eq!(
        too_many.expect_error(400, "invalid_request").fields(),
        ["ids"]
    );
    assert_eq!(
        get("").await.expect_error(400, "invalid_request").fields(),
        ["ids"]
    );
    assert_eq!(
        get("?ids=x&limit=1")
            .await
            .expect_error(400, "invalid_request")
            .fields(),
        ["limit"]
    );
    assert_eq!(get("?ids=").await.expect(200).json["items"], json!([]));
    delete(&world, &people[0], "me").await.expect(204);
    assert_eq!(
        ids(&get(&format!("?ids={},{}", people[0].id, people[1].id)).await),
        [&*people[1].id]
    );
}

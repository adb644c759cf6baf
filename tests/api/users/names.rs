//! Usernames and email addresses, each of which one account can have.

use futures_util::future::join_all;
use serde_json::{Value, json};
use support::{Session, World};

use super::{assert_claims_are_whole, create, edit, own};

#[tokio::test]
async fn names_that_look_alike_are_one_name() {
    let world = World::new().await;
    let (alice, bob) = (world.log_in("alice").await, world.log_in("bob").await);
    edit(
        &world,
        &alice,
        json!({"username": "Bob", "email": "Bob@Example.com"}),
    )
    .await
    .expect(200);
    let before = own(&world, &bob).await.json;
    for username in ["Bob", "bob", "BOB", "Ｂｏｂ", "ｂOb"] {
        let refused = edit(&world, &bob, json!({"username": username, "nickname": "x"})).await;
        refused.expect_error(409, "username_taken");
    }
    for email in ["bob@example.com", "BOB@EXAMPLE.COM", "ｂob@example.com"] {
        let refused = edit(&world, &bob, json!({"email": email, "username": "fresh"})).await;
        refused.expect_error(409, "email_taken");
    }
    assert_eq!(own(&world, &bob).await.json, before, "all or nothing");
    for own_form in ["Ｂｏｂ", "bob", "bob"] {
        let stored = edit(
            &world,
            &alice,
            json!({"username": own_form, "email": "BOB@example.com"}),
        )
        .await;
        assert_eq!(stored.expect(200).json["username"], own_form);
        edit(&world, &bob, json!({"username": "BOB"}))
            .await
            .expect_error(409, "username_taken");
    }
    assert_claims_are_whole(&world).await;
}

#[tokio::test]
async fn a_name_that_is_given_up_can_be_taken() {
    let world = World::new().await;
    let (alice, bob) = (world.log_in("alice").await, world.log_in("bob").await);
    let name = async |session: &Session, username: Value| {
        edit(&world, session, json!({"username": username})).await
    };
    name(&alice, json!("first")).await.expect(200);
    name(&bob, json!("FIRST"))
        .await
        .expect_error(409, "username_taken");
    name(&alice, json!("second")).await.expect(200);
    name(&bob, json!("FIRST")).await.expect(200);
    name(&alice, json!("first"))
        .await
        .expect_error(409, "username_taken");
    name(&bob, Value::Null).await.expect(200);
    name(&alice, json!("first")).await.expect(200);
    name(&bob, json!("second")).await.expect(200);
    // Two people swap their names, by way of a third.
    name(&alice, json!("third")).await.expect(200);
    name(&bob, json!("first")).await.expect(200);
    name(&alice, json!("second")).await.expect(200);
    let names = [&alice, &bob].map(|session| own(&world, session));
    let names = join_all(names)
        .await
        .into_iter()
        .map(|answer| answer.json["username"].clone());
    assert_eq!(names.collect::<Vec<_>>(), ["second", "first"]);
    assert_claims_are_whole(&world).await;
}

#[tokio::test]
async fn twenty_people_racing_for_three_names_leave_one_winner_each() {
    let world = World::new().await;
    let sessions = join_all((0..20).map(|i| {
        let world = &world;
        async move { world.log_in(&format!("p{i}")).await }
    }))
    .await;
    let forms = [
        ["Ann", "ann", "ＡＮＮ"],
        ["Bob", "BOB", "Ｂｏｂ"],
        ["Eve", "eve", "ｅｖｅ"],
    ];
    for round in 0..4 {
        for field in ["username", "email"] {
            let races = sessions.iter().enumerate().map(|(i, session)| {
                let form = forms[(i + round) % 3][i % 2 + usize::from(i % 5 == 0)];
                let value = if field == "email" {
                    format!("{form}{round}@x.cn")
                } else {
                    format!("{form}{round}")
                };
                edit(&world, session, json!({field: value}))
            });
            let answers = join_all(races).await;
            let mut winners = [0; 3];
            for (i, answer) in answers.iter().enumerate() {
                match answer.status.as_u16() {
                    200 => winners[(i + round) % 3] += 1,
                    _ => assert_eq!(
                        (answer.status.as_u16(), answer.code()),
                        (409, &*format!("{field}_taken"))
                    ),
                }
            }
            assert_eq!(winners, [1, 1, 1], "{field}");
        }
        assert_claims_are_whole(&world).await;
    }
}

#[tokio::test]
async fn registrations_racing_for_a_name_or_a_person_leave_one_winner() {
    let world = World::new().await;
    let admin = world.log_in("admin").await;
    let bodies = (0..10).map(|i| json!({"openid": format!("p{i}"), "username": "Wanted"}));
    let answers = join_all(bodies.map(|body| create(&world, &admin, body))).await;
    let (won, lost): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.status == 201);
    assert_eq!(won.len(), 1);
    for answer in lost {
        answer.expect_error(409, "username_taken");
    }
    let bodies = (0..10).map(|i| json!({"openid": "same", "username": format!("name{i}")}));
    let answers = join_all(bodies.map(|body| create(&world, &admin, body))).await;
    let (won, lost): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.status == 201);
    assert_eq!(won.len(), 1);
    for answer in lost {
        answer.expect_error(409, "user_exists");
    }
    assert_claims_are_whole(&world).await;
}

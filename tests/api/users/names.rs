//! Usernames and email addresses, each of which one account can have.

use futures_util::future::join_all;
use serde_json::{Value, json};
use support::{Answer, Session, World};

use super::assert_reservations_are_whole;

#[tokio::test]
async fn names_that_look_alike_are_one_name() {
    let world = World::new().await;
    let [alice, bob] = world.log_in_all(["alice", "bob"]).await;
    let named = json!({"username": "Bob", "email": "Bob@Example.com"});
    alice.edit(named).await.expect(200);
    let before = bob.profile().await;
    for username in ["Bob", "bob", "BOB", "Ｂｏｂ", "ｂOb"] {
        let body = json!({"username": username, "nickname": "x"});
        bob.edit(body).await.expect_problem(409, "username_taken");
    }
    for email in ["bob@example.com", "BOB@EXAMPLE.COM", "ｂob@example.com"] {
        let body = json!({"email": email, "username": "fresh"});
        bob.edit(body).await.expect_problem(409, "email_taken");
    }
    assert_eq!(bob.profile().await, before, "all or nothing");
    for own_form in ["Ｂｏｂ", "bob", "bob"] {
        let body = json!({"username": own_form, "email": "BOB@example.com"});
        let stored = alice.edit(body).await.expect(200);
        assert_eq!(stored["username"], own_form);
        let refused = bob.edit(json!({"username": "BOB"})).await;
        refused.expect_problem(409, "username_taken");
    }
    assert_reservations_are_whole(&world).await;
}

#[tokio::test]
async fn a_name_that_is_given_up_can_be_taken() {
    let world = World::new().await;
    let [alice, bob] = world.log_in_all(["alice", "bob"]).await;
    let name = async |session: &Session, username: Option<&str>| {
        session.edit(json!({"username": username})).await
    };
    let taken = async |session: &Session, username: &str| {
        let refused = name(session, Some(username)).await;
        refused.expect_problem(409, "username_taken");
    };
    name(&alice, Some("first")).await.expect(200);
    taken(&bob, "FIRST").await;
    name(&alice, Some("second")).await.expect(200);
    name(&bob, Some("FIRST")).await.expect(200);
    taken(&alice, "first").await;
    name(&bob, None).await.expect(200);
    name(&alice, Some("first")).await.expect(200);
    name(&bob, Some("second")).await.expect(200);
    // Two people swap their names, by way of a third.
    name(&alice, Some("third")).await.expect(200);
    name(&bob, Some("first")).await.expect(200);
    name(&alice, Some("second")).await.expect(200);
    assert_eq!(alice.profile().await["username"], "second");
    assert_eq!(bob.profile().await["username"], "first");
    assert_reservations_are_whole(&world).await;
}

#[tokio::test]
async fn twenty_people_racing_for_three_names_leave_one_winner_each() {
    let world = World::new().await;
    let sessions = (0..20).map(|i| {
        let world = &world;
        async move { world.log_in(&format!("p{i}")).await }
    });
    let sessions = join_all(sessions).await;
    let forms = [
        ["Ann", "ann", "ＡＮＮ"],
        ["Bob", "BOB", "Ｂｏｂ"],
        ["Eve", "eve", "ｅｖｅ"],
    ];
    for round in 0..4 {
        for (field, end) in [("username", ""), ("email", "@x.cn")] {
            let races = sessions.iter().enumerate().map(|(i, session)| {
                let form = forms[(i + round) % 3][i % 2 + usize::from(i % 5 == 0)];
                let name = format!("{form}{round}{end}");
                session.edit(json!({field: name})).send()
            });
            let mut winners = [0; 3];
            for (i, answer) in join_all(races).await.into_iter().enumerate() {
                if answer.status == 200 {
                    winners[(i + round) % 3] += 1;
                } else {
                    answer.expect_problem(409, &format!("{field}_taken"));
                }
            }
            assert_eq!(winners, [1, 1, 1], "{field}");
        }
        assert_reservations_are_whole(&world).await;
    }
}

#[tokio::test]
async fn registrations_racing_for_a_name_or_a_person_leave_one_winner() {
    let world = World::new().await;
    let admin = world.log_in("admin").await;
    let race = async |users: [Value; 10], code: &str| {
        let answers = join_all(users.map(|user| admin.create_user(user).send())).await;
        let is_won = |answer: &Answer| answer.status == 201;
        let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(is_won);
        assert_eq!(won.len(), 1, "{code}");
        for answer in lost {
            answer.expect_problem(409, code);
        }
    };
    let user = |i| json!({"openid": format!("p{i}"), "username": "Wanted"});
    race(std::array::from_fn(user), "username_taken").await;
    let user = |i| json!({"openid": "same", "username": format!("name{i}")});
    race(std::array::from_fn(user), "user_exists").await;
    assert_reservations_are_whole(&world).await;
}

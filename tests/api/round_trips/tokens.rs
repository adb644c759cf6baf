//! Checking a token takes no call.

use std::time::Duration;

use http::Method;
use serde_json::json;

use super::{NOTHING, counted};

#[tokio::test]
async fn a_token_is_checked_without_a_call() {
    let (proxy, world) = counted().await;
    let alice = world.log_in("alice").await;
    proxy.take();
    let before = world.wechat.calls().len();
    let (head, signature) = alice.token.rsplit_once('.').unwrap();
    let forged = format!("{head}.{}", signature.chars().rev().collect::<String>());
    let id = "06c0000000002000000000000c";
    let routes = [
        (&world.login, Method::POST, "/v1/logout".to_owned()),
        (&world.login, Method::POST, "/v1/users/me/phone".to_owned()),
        (&world.users, Method::GET, "/v1/users/me".to_owned()),
        (&world.users, Method::PUT, "/v1/users/me".to_owned()),
        (&world.users, Method::DELETE, "/v1/users/me".to_owned()),
        (&world.users, Method::GET, format!("/v1/users/{}", alice.id)),
        (&world.users, Method::GET, "/v1/users".to_owned()),
        (&world.users, Method::POST, "/v1/users".to_owned()),
        (
            &world.users,
            Method::GET,
            format!("/v1/profiles?ids={}", alice.id),
        ),
        (&world.presign, Method::POST, "/v1/uploads".to_owned()),
        (&world.presign, Method::POST, "/v1/uploads/batch".to_owned()),
        (&world.presign, Method::GET, "/v1/uploads".to_owned()),
        (&world.presign, Method::GET, format!("/v1/uploads/{id}")),
        (&world.presign, Method::DELETE, format!("/v1/uploads/{id}")),
    ];
    for (function, method, path) in &routes {
        let call = || function.call(method.clone(), path).json(&json!({}));
        for call in [call(), call().bearer(&forged), call().bearer("x")] {
            call.send().await.expect_problem(401, "unauthorized");
        }
    }
    world.advance(Duration::from_secs(16 * 60));
    alice
        .get("/v1/users/me")
        .await
        .expect_problem(401, "unauthorized");
    world.login.get("/ping").send().await.expect(200);
    assert_eq!(proxy.take_operations(), NOTHING);
    assert_eq!(world.wechat.calls().len(), before);
}

#[tokio::test]
async fn what_only_an_administrator_may_do_is_refused_without_a_call() {
    let (proxy, world) = counted().await;
    let [alice, bob] = world.log_in_all(["alice", "bob"]).await;
    proxy.take();
    let bobs = format!("/v1/users/{}", bob.id);
    for call in [
        world.users.get("/v1/users"),
        world.users.post("/v1/users", &json!({"openid": "carol"})),
        world.users.put(&bobs, &json!({"nickname": "x"})),
        world.users.delete(&bobs),
    ] {
        let answer = call.bearer(&alice.token).send().await;
        answer.expect_problem(403, "forbidden");
    }
    assert_eq!(proxy.take_operations(), NOTHING);
}

//! What `login` asks AWS and WeChat for.

use http::Method;
use serde_json::json;
use wechat_standin::Endpoint;

use super::{costs, counted};

#[tokio::test]
async fn a_login_is_one_call_to_wechat_and_one_write() {
    let (proxy, world) = counted().await;
    for is_new in [true, false] {
        let before = world.wechat.calls().len();
        let session = world.log_in("alice").await;
        assert_eq!(session.json["is_new"], is_new);
        assert_eq!(proxy.take_operations(), ["UpdateItem"]);
        assert_eq!(world.wechat.calls().len() - before, 1);
    }
    assert_eq!(world.wechat.count(Endpoint::Code2Session), 3);
    // Whether an account is there is found out by the same write.
    for (openid, status) in [("alice", 200), ("bob", 401)] {
        let body = json!({"code": world.code(openid), "create": false});
        world
            .login
            .post("/v1/login", &body)
            .send()
            .await
            .expect(status);
        assert_eq!(proxy.take_operations(), ["UpdateItem"]);
    }
    assert_eq!(world.wechat.count(Endpoint::Code2Session), 5);
}

#[tokio::test]
async fn a_disabled_administrator_of_the_configuration_costs_one_write_more() {
    let (proxy, world) = counted().await;
    let admin = world.log_in("admin").await;
    let second = json!({"openid": "second", "role": "admin"});
    admin.post("/v1/users", &second).await.expect(201);
    let second = world.log_in("second").await;
    let path = format!("/v1/users/{}", admin.id);
    second
        .put(&path, json!({"status": "disabled"}))
        .await
        .expect(200);
    proxy.take();
    world.log_in("admin").await;
    assert_eq!(
        proxy.take_operations(),
        ["UpdateItem", "TransactWriteItems"]
    );
}

#[tokio::test]
async fn the_return_after_a_deletion_is_one_write_more() {
    let (proxy, world) = counted().await;
    let alice = world.log_in("alice").await;
    alice.delete("/v1/users/me").await.expect(204);
    proxy.take();
    assert_eq!(world.log_in("alice").await.json["is_new"], true);
    assert_eq!(proxy.take_operations(), ["UpdateItem", "UpdateItem"]);
    world.log_in("alice").await;
    assert_eq!(proxy.take_operations(), ["UpdateItem"]);
}

#[tokio::test]
async fn sessions_cost_one_write_a_request() {
    let (proxy, world) = counted().await;
    let alice = world.log_in("alice").await;
    let token = json!({"refresh_token": alice.refresh_token});
    let refresh = || world.login.post("/v1/login/refresh", &token);
    let next = world.session(costs(&proxy, refresh(), &["UpdateItem"]).await);
    // A repetition within the grace is told from a reuse by what the refused write returns.
    costs(&proxy, refresh(), &["UpdateItem"]).await;
    let logout = world.login.call(Method::POST, "/v1/logout");
    costs(&proxy, logout.bearer(&next.token), &["UpdateItem"]).await;
    let all = world.login.post("/v1/logout", &json!({"all": true}));
    costs(&proxy, all.bearer(&next.token), &["UpdateItem"]).await;
    assert_eq!(
        world.wechat.count(Endpoint::Code2Session),
        2,
        "WeChat knows nothing of sessions"
    );
}

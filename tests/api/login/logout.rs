//! The end of one session or of all.

use serde_json::json;
use support::World;

#[tokio::test]
async fn logout_ends_one_session_or_all() {
    let world = World::new().await;
    let [one, two, three] = world.log_in_all(["alice", "alice", "alice"]).await;
    let bob = world.log_in("bob").await;
    one.call(http::Method::POST, "/v1/logout").await.expect(204);
    world
        .refresh(&one.refresh_token)
        .await
        .expect_problem(401, "refresh_invalid");
    let two = two.refreshed().await;
    two.post("/v1/logout", json!({"all": true}))
        .await
        .expect(204);
    for token in [&two.refresh_token, &three.refresh_token] {
        world
            .refresh(token)
            .await
            .expect_problem(401, "refresh_invalid");
    }
    bob.refresh().await.expect(200);
    world
        .refresh(&world.log_in("alice").await.refresh_token)
        .await
        .expect(200);
    let bad = two.post("/v1/logout", json!({"all": "yes"})).await;
    bad.expect_invalid(["all"]);
    world
        .login
        .call(http::Method::POST, "/v1/logout")
        .send()
        .await
        .expect_problem(401, "unauthorized");
}

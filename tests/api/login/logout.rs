//! The end of one session or of all.

use serde_json::json;
use support::{Session, World};

#[tokio::test]
async fn logout_ends_one_session_or_all() {
    let world = World::new().await;
    let [one, two, three] = [
        world.log_in("alice").await,
        world.log_in("alice").await,
        world.log_in("alice").await,
    ];
    let bob = world.log_in("bob").await;
    world
        .login
        .call(http::Method::POST, "/v1/logout")
        .bearer(&one.token)
        .send()
        .await
        .expect(204);
    world
        .refresh(&one.refresh_token)
        .await
        .expect_error(401, "refresh_invalid");
    let two = Session::of(world.refresh(&two.refresh_token).await.expect(200).json);
    world
        .login
        .post("/v1/logout", &json!({"all": true}))
        .bearer(&two.token)
        .send()
        .await
        .expect(204);
    for token in [&two.refresh_token, &three.refresh_token] {
        world
            .refresh(token)
            .await
            .expect_error(401, "refresh_invalid");
    }
    world.refresh(&bob.refresh_token).await.expect(200);
    world
        .refresh(&world.log_in("alice").await.refresh_token)
        .await
        .expect(200);
    let bad = world
        .login
        .post("/v1/logout", &json!({"all": "yes"}))
        .bearer(&two.token)
        .send()
        .await;
    assert_eq!(bad.expect_error(400, "invalid_request").fields(), ["all"]);
    world
        .login
        .call(http::Method::POST, "/v1/logout")
        .send()
        .await
        .expect_error(401, "unauthorized");
}

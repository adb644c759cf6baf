//! The app secret in Secrets Manager: rotated, missing, unreadable.

use std::time::Duration;

use support::World;
use support::world::Settings;
use wechat_standin::Endpoint;

use super::secret;

#[tokio::test]
async fn a_rotated_app_secret_is_read_again_when_wechat_refuses_the_old_one() {
    let secrets = support::Emulator::new().secrets();
    let id = support::emulator::unique("secret");
    let put = secrets
        .create_secret()
        .name(&id)
        .secret_string(secret(wechat_standin::APP_SECRET));
    put.send().await.unwrap();
    let world = World::with(Settings {
        secrets: vec![("SECRETS_ID", id.clone())],
        ..Settings::default()
    })
    .await;
    world.log_in("alice").await;
    world.wechat.rotate_secret("new-secret");
    // WeChat knows of the rotation, Secrets Manager does not yet; and what was just read is not read again.
    world
        .try_log_in("alice")
        .await
        .expect_problem(500, "wechat_config");
    secrets
        .put_secret_value()
        .secret_id(&id)
        .secret_string(secret("new-secret"))
        .send()
        .await
        .unwrap();
    world
        .try_log_in("alice")
        .await
        .expect_problem(500, "wechat_config");
    world.advance(Duration::from_secs(11));
    let calls = world.wechat.count(Endpoint::Code2Session);
    world.log_in("alice").await;
    assert_eq!(world.wechat.count(Endpoint::Code2Session) - calls, 2);
    world.log_in("alice").await;
    assert_eq!(world.wechat.count(Endpoint::Code2Session) - calls, 3);
}

#[tokio::test]
async fn a_secret_that_cannot_be_had_or_read_is_a_clear_error_and_heals() {
    let secrets = support::Emulator::new().secrets();
    let id = support::emulator::unique("secret");
    let world = World::with(Settings {
        secrets: vec![("SECRETS_ID", id.clone())],
        ..Settings::default()
    })
    .await;
    world
        .try_log_in("alice")
        .await
        .expect_problem(503, "temporarily_unavailable");
    secrets
        .create_secret()
        .name(&id)
        .secret_string("replace-me")
        .send()
        .await
        .unwrap();
    world
        .try_log_in("alice")
        .await
        .expect_problem(500, "internal");
    let good = secret(wechat_standin::APP_SECRET);
    secrets
        .put_secret_value()
        .secret_id(&id)
        .secret_string(good)
        .send()
        .await
        .unwrap();
    world.log_in("alice").await;
    // Used for as long as none can be read.
    secrets
        .delete_secret()
        .secret_id(&id)
        .force_delete_without_recovery(true)
        .send()
        .await
        .unwrap();
    world.advance(Duration::from_secs(2 * 60 * 60));
    world.log_in("alice").await;
    world.login.get("/ping").send().await.expect(200);
}

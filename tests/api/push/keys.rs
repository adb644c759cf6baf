//! Where the Token and the EncodingAESKey come from: a secret, which is filled in late, rotated, wrong or out of reach.

use std::time::Duration;

use aws_sdk_secretsmanager::Client;
use serde_json::{Value, json};
use support::emulator::unique;
use support::keys::{PUSH_AES_KEY, PUSH_TOKEN, push_settings};
use support::proxy::{Fault, Matching, Proxy};
use support::world::Settings;
use support::{Answer, Emulator, World};
use wechat_standin::{Delivery, PushSettings};

use super::{PATH, cancellation, console, plain, send};

const READ: Matching = Matching::Of("GetSecretValue");
/// Longer than the secret is kept.
const HOURS: Duration = Duration::from_secs(2 * 60 * 60);

/// A world whose secret holds something, behind a proxy that counts who reads it.
struct Stage {
    client: Client,
    id: String,
    proxy: Proxy,
    world: World,
}

impl Stage {
    async fn new(secret: Value) -> Self {
        let client = Emulator::new().secrets();
        let id = unique("push-secret");
        let create = client.create_secret().name(&id);
        create
            .secret_string(secret.to_string())
            .send()
            .await
            .unwrap();
        let proxy = Proxy::start().await;
        let app_secret = unique("wechat-secret");
        let world = World::with(Settings {
            secrets: vec![
                ("PUSH_SECRETS_ID", id.clone()),
                ("WECHAT_SECRETS_ID", app_secret.clone()),
                ("JWT_SECRETS_ID", app_secret),
            ],
            ..Settings::behind(&proxy)
        });
        let world = world.await;
        Self {
            client,
            id,
            proxy,
            world,
        }
    }

    async fn put(&self, secret: Value) {
        let put = self.client.put_secret_value().secret_id(&self.id);
        put.secret_string(secret.to_string()).send().await.unwrap();
    }

    async fn push(&self, console: &PushSettings, delivery: &Delivery) -> Answer {
        let ahead = self.world.clock.now().millis() / 1000 - now();
        let delivery = Delivery {
            age_seconds: -ahead,
            ..delivery.clone()
        };
        let app_id = self.world.wechat.app_id();
        let request = console.request(cancellation(), &delivery, &app_id);
        send(&self.world.wechat_push, request.unwrap()).await
    }

    async fn verify(&self, console: &PushSettings) -> Answer {
        let query = console.verification("1");
        let call = self.world.wechat_push.get(&format!("{PATH}?{query}"));
        call.send().await
    }

    fn reads(&self) -> usize {
        let reads = self.proxy.count(READ);
        self.proxy.take();
        reads
    }
}

fn now() -> i64 {
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    i64::try_from(now.as_secs()).unwrap()
}

fn holding(token: &str, aes_key: &str) -> Value {
    json!({"push_token": token, "push_aes_key": aes_key})
}

fn usual() -> Value {
    holding(PUSH_TOKEN, PUSH_AES_KEY)
}

#[tokio::test]
async fn the_secret_is_read_once_an_hour() {
    let stage = Stage::new(usual()).await;
    for _ in 0..3 {
        stage
            .push(&push_settings(), &Delivery::default())
            .await
            .expect(200);
    }
    assert_eq!(stage.reads(), 1);
    stage.world.advance(HOURS);
    stage.push(&push_settings(), &plain()).await.expect(200);
    assert_eq!(stage.reads(), 1);
}

#[tokio::test]
async fn without_keys_the_routes_are_not_there() {
    let stage = Stage::new(holding("replace-me", "replace-me")).await;
    stage
        .verify(&push_settings())
        .await
        .expect_problem(404, "not_found");
    stage
        .push(&push_settings(), &plain())
        .await
        .expect_problem(404, "not_found");
    assert_eq!(stage.world.lines.last()["pushes_refused"], Value::Null);
    let off = Settings::default().limits(&[("PUSH_TOKEN", ""), ("PUSH_AES_KEY", "")]);
    let world = World::with(off).await;
    super::push(&world, cancellation(), &plain())
        .await
        .expect_problem(404, "not_found");
}

#[tokio::test]
async fn a_secret_that_has_been_filled_in_or_rotated_is_taken_up_within_a_minute() {
    let stage = Stage::new(holding("replace-me", "replace-me")).await;
    stage.push(&push_settings(), &plain()).await.expect(404);
    stage.put(usual()).await;
    stage.world.advance(Duration::from_secs(61));
    stage
        .push(&push_settings(), &Delivery::default())
        .await
        .expect(200);

    for (token, aes_key) in [("rotated", PUSH_AES_KEY), ("rotated", &"A".repeat(43))] {
        stage.put(holding(token, aes_key)).await;
        stage.world.advance(Duration::from_secs(61));
        let rotated = console(token, aes_key);
        stage.push(&rotated, &Delivery::default()).await.expect(200);
    }
}

#[tokio::test]
async fn whoever_sends_nonsense_has_the_secret_read_once_a_minute() {
    for secret in [usual(), holding("replace-me", "replace-me")] {
        let stage = Stage::new(secret).await;
        let forged = console("forged", PUSH_AES_KEY);
        for minute in 0..3 {
            for _ in 0..20 {
                let status = stage.push(&forged, &plain()).await.status.as_u16();
                assert!([403, 404].contains(&status), "{status}");
                stage.world.advance(Duration::from_secs(1));
            }
            let reads = stage.reads();
            // The first minute begins with the first reading.
            assert!(
                reads <= if minute == 0 { 2 } else { 1 },
                "{reads} in minute {minute}"
            );
            stage.world.advance(Duration::from_secs(41));
        }
    }
}

#[tokio::test]
async fn a_secret_out_of_reach_is_asked_for_seldom_and_those_at_hand_stay_good() {
    let stage = Stage::new(usual()).await;
    stage.proxy.fail_always(READ, Fault::NotRepeated);
    for _ in 0..10 {
        let answer = stage.push(&push_settings(), &Delivery::default()).await;
        answer.expect_problem(503, "temporarily_unavailable");
        let answer = stage.verify(&push_settings()).await;
        answer.expect_problem(503, "temporarily_unavailable");
    }
    assert_eq!(stage.reads(), 1);
    stage.proxy.heal();
    stage.world.advance(Duration::from_secs(6));
    stage
        .push(&push_settings(), &Delivery::default())
        .await
        .expect(200);
    stage.proxy.fail_always(READ, Fault::NotRepeated);
    stage.world.advance(HOURS);
    stage
        .push(&push_settings(), &Delivery::default())
        .await
        .expect(200);
}

#[tokio::test]
async fn a_secret_of_another_shape_is_a_fault_of_ours() {
    let usual = usual();
    let mut without = usual.clone();
    without.as_object_mut().unwrap().remove("push_aes_key");
    let shapes = [
        json!("text"),
        without,
        holding("", PUSH_AES_KEY),
        holding("a b c", PUSH_AES_KEY),
        holding(PUSH_TOKEN, "short"),
    ];
    for shape in shapes {
        let stage = Stage::new(shape).await;
        let answer = stage.push(&push_settings(), &Delivery::default()).await;
        answer.expect_problem(500, "internal");
        stage.world.advance(Duration::from_secs(6));
        stage
            .verify(&push_settings())
            .await
            .expect_problem(500, "internal");
    }
}

//! The secrets that `login` reads, and what becomes of sessions when keys are rotated, leaked and dropped.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_secretsmanager::Client;
use serde_json::{Value, json};
use shared::refresh::{RefreshToken, SuccessorKey};
use shared::time::Timestamp;
use support::emulator::unique;
use support::keys::PRIVATE_JWK;
use support::world::Settings;
use support::{Emulator, Environment, Session, World, storage};
use wechat_standin::Endpoint;

/// RFC 8032, section 7.1, test 2.
const OTHER_JWK: &str = r#"{"kty":"OKP","crv":"Ed25519","kid":"other",
    "x":"PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw","d":"TM0Imyj_ltqdtsNG7BFOD1uKMZ81q6Yk2oz27U-4pvs"}"#;
const FIRST: &str = "the first refresh key of thirty-two characters and more";
const SECOND: &str = "the second refresh key of thirty-two characters and more";

/// Longer than secrets are kept.
const HOURS: Duration = Duration::from_secs(2 * 60 * 60);
/// Longer than a token that was replaced is good.
const AFTER_THE_GRACE: Duration = Duration::from_millis(10_100);

/// The three secrets of a deployment, new ones and the one before them.
struct Stage {
    client: Client,
    ids: Vec<(&'static str, String)>,
    world: World,
}

impl Stage {
    async fn new(wechat: Value, jwt: Value, both: Value) -> Self {
        let client = Emulator::new().secrets();
        let mut ids = Vec::new();
        for (name, kind, value) in [
            ("WECHAT_SECRETS_ID", "wechat-secret", wechat),
            ("JWT_SECRETS_ID", "jwt-secret", jwt),
            ("SECRETS_ID", "app-secret", both),
        ] {
            let id = unique(kind);
            let create = client.create_secret().name(&id);
            create
                .secret_string(value.to_string())
                .send()
                .await
                .unwrap();
            ids.push((name, id));
        }
        let world = World::with(Settings {
            secrets: ids.clone(),
            ..Settings::default().limits(&[("CONTENT_CHECK_TEXT", "enforce")])
        })
        .await;
        Self { client, ids, world }
    }

    /// With secrets that hold the stand-in's app secret and these keys.
    async fn with_keys(jwt: Value) -> Self {
        Self::new(app_secret(), jwt, json!("replace-me")).await
    }

    async fn put(&self, name: &str, value: Value) {
        let (_, id) = self.ids.iter().find(|(known, _)| *known == name).unwrap();
        let put = self.client.put_secret_value().secret_id(id);
        put.secret_string(value.to_string()).send().await.unwrap();
    }

    /// Replaces the keys, and lets the environment take them up.
    async fn rotate(&self, jwt: Value) {
        self.put("JWT_SECRETS_ID", jwt).await;
        self.world.advance(HOURS);
    }

    async fn refresh(&self, token: &str) -> String {
        let answer = self.world.refresh(token).await;
        answer.expect(200).text("refresh_token")
    }

    async fn ends(&self, token: &str, code: &str) {
        self.world.refresh(token).await.expect_problem(401, code);
    }

    /// The name of the key that a session derives from.
    async fn key_of(&self, session: &Session) -> Option<String> {
        let dynamodb = self.world.emulator.dynamodb();
        let get = dynamodb.get_item().table_name(&self.world.table);
        let get = get.set_key(Some(user_key(session)));
        let item = get.send().await.unwrap().item.unwrap();
        let map = item[&attribute(session)].as_m().unwrap();
        map.get("k").map(|name| name.as_s().unwrap().clone())
    }
}

fn user_key(session: &Session) -> HashMap<String, AttributeValue> {
    let key = |value: String| AttributeValue::S(value);
    HashMap::from([
        ("pk".to_owned(), key(format!("U#{}", session.id))),
        ("sk".to_owned(), key("A".to_owned())),
    ])
}

fn attribute(session: &Session) -> String {
    format!("s_{}", session.refresh_token.split('.').nth(1).unwrap())
}

fn app_secret() -> Value {
    json!({"wechat_app_secret": wechat_standin::APP_SECRET})
}

fn unfilled() -> Value {
    json!({"wechat_app_secret": "replace-me", "jwt_private_jwk": "replace-me", "refresh_key": "replace-me"})
}

fn both() -> Value {
    json!({"wechat_app_secret": wechat_standin::APP_SECRET, "jwt_private_jwk": PRIVATE_JWK})
}

fn signing(jwk: &str) -> Value {
    json!({"jwt_private_jwk": jwk})
}

fn with_refresh_key(jwk: &str, refresh_key: Value) -> Value {
    json!({"jwt_private_jwk": jwk, "refresh_key": refresh_key})
}

fn keys(current: &str, previous: &[&str], unnamed: bool) -> Value {
    let keys = json!({"current": current, "previous": previous, "unnamed": unnamed});
    with_refresh_key(PRIVATE_JWK, keys)
}

#[tokio::test]
async fn the_one_secret_is_read_until_its_contents_have_moved() {
    let stage = Stage::new(unfilled(), unfilled(), both()).await;
    let alice = stage.world.log_in("alice").await;
    assert_eq!(stage.key_of(&alice).await, None);
    let token = stage.refresh(&alice.refresh_token).await;

    stage.put("WECHAT_SECRETS_ID", app_secret()).await;
    stage
        .put(
            "JWT_SECRETS_ID",
            with_refresh_key(PRIVATE_JWK, json!(FIRST)),
        )
        .await;
    stage.put("SECRETS_ID", unfilled()).await;
    stage.world.advance(HOURS);
    let bob = stage.world.log_in("bob").await;
    assert!(stage.key_of(&bob).await.is_some());
    // The session goes on, and takes the new key.
    let next = stage.refresh(&token).await;
    assert_eq!(stage.key_of(&alice).await, stage.key_of(&bob).await);
    assert_eq!(
        stage.refresh(&token).await,
        next,
        "a repetition within the grace"
    );
    // An ancestor from before the move is still known as one.
    stage.ends(&alice.refresh_token, "refresh_reused").await;
}

#[tokio::test]
async fn secrets_that_nobody_has_filled_in_are_a_clear_error() {
    let stage = Stage::new(unfilled(), unfilled(), unfilled()).await;
    let refused = stage.world.try_log_in("alice").await;
    refused.expect_problem(500, "internal");
    stage.put("WECHAT_SECRETS_ID", app_secret()).await;
    stage
        .put(
            "JWT_SECRETS_ID",
            with_refresh_key(PRIVATE_JWK, json!("short")),
        )
        .await;
    let refused = stage.world.try_log_in("alice").await;
    refused.expect_problem(500, "internal");
    stage
        .put(
            "JWT_SECRETS_ID",
            with_refresh_key(PRIVATE_JWK, json!(FIRST)),
        )
        .await;
    stage.world.log_in("alice").await;
}

#[tokio::test]
async fn the_app_secret_is_read_again_when_wechat_refuses_it() {
    let stage = Stage::with_keys(with_refresh_key(PRIVATE_JWK, json!(FIRST))).await;
    stage.world.log_in("alice").await;
    stage.world.wechat.rotate_secret("new-secret");
    let rotated = json!({"wechat_app_secret": "new-secret"});
    stage.put("WECHAT_SECRETS_ID", rotated).await;
    stage.world.advance(Duration::from_secs(11));
    let calls = stage.world.wechat.count(Endpoint::Code2Session);
    stage.world.log_in("alice").await;
    assert_eq!(stage.world.wechat.count(Endpoint::Code2Session) - calls, 2);
}

#[tokio::test]
async fn a_rotation_of_the_signing_key_changes_nothing_for_sessions() {
    let refresh_key = json!(FIRST);
    let stage = Stage::with_keys(with_refresh_key(PRIVATE_JWK, refresh_key.clone())).await;
    let first = stage.world.log_in("alice").await.refresh_token;
    let mut last = first.clone();
    for _ in 0..4 {
        last = stage.refresh(&last).await;
    }
    stage.rotate(with_refresh_key(OTHER_JWK, refresh_key)).await;
    let current = stage.refresh(&last).await;
    assert_eq!(stage.refresh(&last).await, current);
    stage.world.advance(AFTER_THE_GRACE);
    stage.ends(&first, "refresh_reused").await;
    stage.ends(&current, "refresh_invalid").await;
}

#[tokio::test]
async fn sessions_of_the_previous_refresh_key_go_on_until_it_is_dropped() {
    let stage = Stage::with_keys(keys(FIRST, &[], true)).await;
    let moved = stage.world.log_in("alice").await;
    let left_behind = stage.world.log_in("alice").await;
    stage.rotate(keys(SECOND, &[FIRST], true)).await;
    let next = stage.refresh(&moved.refresh_token).await;
    assert_ne!(stage.key_of(&moved).await, stage.key_of(&left_behind).await);
    assert_eq!(stage.refresh(&moved.refresh_token).await, next);
    stage.rotate(keys(SECOND, &[], true)).await;
    stage
        .ends(&left_behind.refresh_token, "refresh_invalid")
        .await;
    let last = stage.refresh(&next).await;
    stage.world.advance(AFTER_THE_GRACE);
    stage.ends(&next, "refresh_reused").await;
    stage.ends(&last, "refresh_invalid").await;
}

#[tokio::test]
async fn sessions_that_name_no_key_go_on_until_they_are_refused() {
    let stage = Stage::with_keys(signing(PRIVATE_JWK)).await;
    let [one, two] = [
        stage.world.log_in("alice").await,
        stage.world.log_in("alice").await,
    ];
    stage.rotate(keys(FIRST, &[], true)).await;
    let named = stage.refresh(&one.refresh_token).await;
    stage.rotate(keys(FIRST, &[], false)).await;
    stage.ends(&two.refresh_token, "refresh_invalid").await;
    stage.refresh(&named).await;
}

#[tokio::test]
async fn reuse_by_a_session_without_a_key_is_noticed_after_a_rotation_of_the_signing_key() {
    let stage = Stage::with_keys(signing(PRIVATE_JWK)).await;
    let first = stage.world.log_in("alice").await.refresh_token;
    let second = stage.refresh(&first).await;
    stage.rotate(signing(OTHER_JWK)).await;
    let third = stage.refresh(&second).await;
    // Derived with a key that is no longer at hand: it can be told from a reuse, and not be answered.
    let fresh = stage.world.log_in("bob").await.refresh_token;
    stage.ends(&first, "refresh_reused").await;
    stage.ends(&third, "refresh_invalid").await;
    stage.refresh(&fresh).await;
}

/// Beside this release, or after a way back: it derives with the signing key's, and keeps the name that is there.
#[tokio::test]
async fn a_refresh_by_the_previous_release_is_gone_on_from() {
    let stage = Stage::with_keys(keys(FIRST, &[], true)).await;
    let alice = stage.world.log_in("alice").await;
    let first: RefreshToken = alice.refresh_token.parse().unwrap();
    let second = first.successor(&SuccessorKey::from_signing_key(&support::keys::private()));
    let now = stage.world.clock.now();
    let bytes = |hash: [u8; 32]| AttributeValue::B(hash.to_vec().into());
    let time = |at: Timestamp| AttributeValue::N(at.millis().to_string());
    let dynamodb = stage.world.emulator.dynamodb();
    let request = dynamodb.update_item().table_name(&stage.world.table);
    let request = request
        .set_key(Some(user_key(&alice)))
        .update_expression(
            "SET #s.p2 = #s.p1, #s.t2 = #s.t1, #s.p1 = :old, #s.t1 = :now, #s.h = :new, #s.x = :expires",
        )
        .condition_expression("#s.h = :old AND #s.x > :now")
        .expression_attribute_names("#s", attribute(&alice))
        .expression_attribute_values(":old", bytes(first.hash()))
        .expression_attribute_values(":new", bytes(second.hash()))
        .expression_attribute_values(":now", time(now))
        .expression_attribute_values(":expires", time(now.after(HOURS)));
    request.send().await.unwrap();
    let third = stage.refresh(&second.expose_secret()).await;
    assert_eq!(stage.refresh(&second.expose_secret()).await, third);
    stage.world.advance(AFTER_THE_GRACE);
    stage.ends(&first.expose_secret(), "refresh_reused").await;
    stage.ends(&third, "refresh_invalid").await;
}

#[tokio::test]
async fn an_environment_that_meets_a_newer_key_reads_the_keys_again() {
    let stage = Stage::with_keys(keys(FIRST, &[], true)).await;
    stage.world.log_in("alice").await;
    stage
        .put("JWT_SECRETS_ID", keys(SECOND, &[FIRST], true))
        .await;
    let endpoint = &stage.world.emulator.endpoint;
    let fresh = Environment::reading(&stage.world, &stage.ids, 0, endpoint).await;
    let session = fresh.log_in(stage.world.code("alice")).await;
    let session = stage.world.session(session);
    stage.world.advance(Duration::from_secs(11));
    let next = stage.refresh(&session.refresh_token).await;
    // And with it the one that was read: the next one is derived with the newer key, too.
    let again = fresh.refresh(&session.refresh_token).await.expect(200);
    assert_eq!(again.text("refresh_token"), next);
}

#[tokio::test]
async fn a_key_that_was_dropped_is_asked_for_no_more_often_than_secrets_are_read() {
    let stage = Stage::with_keys(keys(FIRST, &[], true)).await;
    let session = stage.world.log_in("alice").await;
    stage.rotate(keys(SECOND, &[], true)).await;
    stage.ends(&session.refresh_token, "refresh_invalid").await;
    // Nobody could read it now.
    let (_, id) = &stage.ids[1];
    let delete = stage.client.delete_secret().secret_id(id);
    let delete = delete.force_delete_without_recovery(true).send().await;
    delete.unwrap();
    stage.ends(&session.refresh_token, "refresh_invalid").await;
    stage.world.advance(Duration::from_secs(11));
    let answer = stage.world.refresh(&session.refresh_token).await;
    answer.expect_problem(503, "temporarily_unavailable");
}

/// From the secret of its own, and from that of earlier releases as long as the other is not filled in.
#[tokio::test]
async fn checks_are_asked_for_with_the_app_secret_too() {
    let jwt = || json!({"jwt_private_jwk": PRIVATE_JWK, "refresh_key": FIRST});
    for (wechat, both) in [
        (app_secret(), json!("replace-me")),
        (json!("replace-me"), app_secret()),
    ] {
        let stage = Stage::new(wechat, jwt(), both).await;
        let (world, alice) = (&stage.world, stage.world.log_in("alice").await);
        alice.edit(json!({"nickname": "Alice"})).await.expect(200);
        let item = world.item(storage::user_key(&alice.id)).await;
        let check = storage::text(&item, "nickname_check");
        let task = json!({"task": "nickname_changed", "user": alice.id, "check": check});
        world.moderate_all([task.to_string()]).await;
        let shown = alice.profile().await;
        assert_eq!(
            (&shown["nickname"], &shown["nickname_status"]),
            (&json!("Alice"), &Value::Null)
        );
    }
}

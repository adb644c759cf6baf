//! What is stored today has the attributes of the items in `shared/tests/golden`, which every later version has to read.
//!
//! A new kind of item, or a new attribute, is added to them by
//! `WRITE_GOLDEN=1 make test ARGS='-p system-tests --test api -- golden'`; items of a released version are never rewritten.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use aws_sdk_dynamodb::types::AttributeValue;
use data_encoding::BASE64;
use serde_json::{Map, Value, json};
use shared::ids::Epoch;
use shared::moderation::Verdict;
use shared::store::review::{Cause, Finding, Subject};
use shared::store::upload::{NewCheck, NoteCheckOutcome};
use shared::upload::lifecycle::{StoredVersion, UploadStatus};
use support::storage::{Items, upload_key, user_key};
use support::{Session, Upload, World, samples, wanted};

#[tokio::test]
async fn what_is_stored_has_the_attributes_of_the_golden_items() {
    let world = World::new().await;
    let (alice, first_token) = alice(&world).await;
    let uploads = uploads(&world, &alice).await;
    let (bob, carol) = others(&world).await;
    use_own_function(&world, &alice).await;
    reviews(&world, &alice, &uploads, &bob).await;
    let items = named(&world.items().await, &alice, &uploads, &bob, &carol);
    if std::env::var_os("WRITE_GOLDEN").is_some() {
        for (name, item) in &items {
            let text = format!("{item:#}\n");
            fs::write(file(name), text).expect("a golden item is written");
        }
        let token = file("").with_file_name("refresh-token.txt");
        fs::write(token, first_token).expect("the token is written");
    }
    let golden = fs::read_dir(file("").parent().expect("a folder")).expect("golden items");
    let paths = golden.map(|entry| entry.expect("an entry").path());
    let names = paths.filter_map(|path| {
        Some(
            path.file_name()?
                .to_str()?
                .strip_suffix(".json")?
                .to_owned(),
        )
    });
    let names: BTreeSet<_> = names.collect();
    assert_eq!(names, items.keys().map(|name| (*name).to_owned()).collect());
    for (name, item) in &items {
        let text = fs::read_to_string(file(name)).expect("a golden item");
        let golden: Value = serde_json::from_str(&text).expect("a golden item is JSON");
        assert_eq!(shape(item), shape(&golden), "{name}");
    }
}

fn file(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/tests/golden");
    folder.join(format!("{name}.json"))
}

/// Somebody who has everything that a user can have, and the refresh token that their session began with.
async fn alice(world: &World) -> (Session, String) {
    let first = world.log_in("alice").await;
    let (alice, first_token) = (first.refreshed().await, first.refresh_token);
    let names = json!({"username": "Alice_1", "email": "Alice@example.com", "nickname": "Alice"});
    alice.edit(names).await.expect(200);
    alice.set_phone("13800138000").await.expect(200);
    (alice, first_token)
}

/// An upload in each state, and an answered request with an idempotency key.
async fn uploads(world: &World, alice: &Session) -> [(&'static str, Upload); 10] {
    let bytes = samples::jpeg();
    let first = world.upload(alice, "avatar", &bytes).await;
    let second = world.upload(alice, "avatar", &bytes).await;
    let pending = alice
        .issue_once("k", &wanted("file", &bytes))
        .await
        .upload();
    let ready = world.upload(alice, "file", &bytes).await;
    let wrong = vec![b'x'; bytes.len()];
    let rejected = world
        .upload_as(alice, &wanted("file", &bytes), &wrong)
        .await;
    let gone = world.upload(alice, "file", &bytes).await;
    alice.delete_upload(&gone).await.expect(204);
    let hidden = world.upload(alice, "file", &bytes).await;
    let marker = world.hide(&hidden.key).await;
    let event = "ObjectRemoved:DeleteMarkerCreated";
    world
        .deliver_all([world.notification(event, &hidden.key, Some(&marker))])
        .await;
    let mut under_review = Vec::new();
    for status in [UploadStatus::Checking, UploadStatus::Review] {
        let upload = alice.issue(&wanted("file", &bytes)).await;
        let key = upload.key.parse().expect("a key");
        let version = StoredVersion {
            id: "v1".to_owned(),
            size: bytes.len() as u64,
            etag: "e1".to_owned(),
        };
        let completed = world.store.complete_upload(&key, &version, status).await;
        completed.expect("the table is there");
        under_review.push(upload);
    }
    let withdrawn = withdrawn(world, alice).await;
    let review = under_review.pop().expect("two");
    let checking = under_review.pop().expect("two");
    check(world, &checking).await;
    [
        ("upload-withdrawn", withdrawn),
        ("upload-avatar-replaced", first),
        ("upload-avatar", second),
        ("upload-pending", pending),
        ("upload-ready", ready),
        ("upload-rejected", rejected),
        ("upload-tombstone", gone),
        ("upload-deleted", hidden),
        ("upload-checking", checking),
        ("upload-review", review),
    ]
}

/// An item of one's own, and one that is shared.
async fn use_own_function(world: &World, alice: &Session) {
    let api = world.own_function().await;
    for path in ["/v1/notes", "/v1/walls/hall"] {
        let create = api.post(path, &json!({"text": "hello"}));
        let create = create.bearer(&alice.token).idempotency_key(path);
        create.send().await.expect(201);
    }
}

/// An upload that was rejected after it was verified, and whose version is still to be removed.
async fn withdrawn(world: &World, alice: &Session) -> Upload {
    let upload = world.upload(alice, "file", &samples::jpeg()).await;
    let key = upload.key.parse().expect("a key");
    let versions = world.versions(&upload.key).await;
    let store = &world.store;
    let withdrawn = store.withdraw_upload(&key, &versions[0], UploadStatus::Ready);
    withdrawn.await.expect("the table is there");
    upload
}

/// Has two checks asked for, and a verdict come on the second.
async fn check(world: &World, upload: &Upload) {
    for (trace_id, before) in [("trace-1", None), ("trace-2", Some("trace-1"))] {
        let check = NewCheck {
            key: &upload.key.parse().expect("a key"),
            version: "v1",
            was: UploadStatus::Checking,
            trace_id,
            before,
        };
        let noted = world.store.note_check(&check).await;
        assert_eq!(
            noted.expect("the table is there"),
            NoteCheckOutcome::Noted(None)
        );
    }
    let verdict = world.store.note_verdict("trace-2", Verdict::Pass).await;
    verdict.expect("the table is there").expect("a check");
}

/// A user whom an administrator registered and disabled, and one whose account has ended.
async fn others(world: &World) -> (String, String) {
    let admin = world.log_in("admin").await;
    let new = json!({"openid": "bob", "username": "bob_1", "role": "user"});
    let bob = admin.create_user(new).await.expect(201).text("id");
    admin
        .edit_user(&bob, json!({"status": "disabled"}))
        .await
        .expect(200);
    let carol = world.log_in("carol").await;
    carol.delete_account().await.expect(204);
    (bob, carol.id)
}

/// Reviews that wait and one that was decided on, and a report.
async fn reviews(world: &World, alice: &Session, uploads: &[(&'static str, Upload)], bob: &str) {
    let ready = uploads.iter().find(|(name, _)| *name == "upload-ready");
    let (_, ready) = ready.expect("an upload is ready");
    let nickname = Subject::Nickname {
        user: alice.id.parse().expect("an id"),
        epoch: Epoch::FIRST,
        check: "check".to_owned(),
    };
    let finding = Finding {
        labels: vec!["20002".to_owned()],
        text: Some("Alice".to_owned()),
    };
    for subject in [Subject::Upload(ready.key.parse().expect("a key")), nickname] {
        let opened = world
            .store
            .open_review(&subject, Cause::ContentCheck, &finding);
        opened.await.expect("the table is there");
    }
    let admin = world.log_in("admin").await;
    let profile = json!({"user": alice.id, "reason": "other"});
    admin.post("/v1/reports", profile).await.expect(201);
    let of_bob = json!({"user": bob, "reason": "abuse"});
    alice.post("/v1/reports", of_bob).await.expect(201);
    let review = format!("{bob}-account-1");
    let decide = admin.post(
        &format!("/v1/reviews/{review}"),
        json!({"decision": "approve"}),
    );
    decide.await.expect(204);
    let review = review.parse().expect("a review's id");
    let closed = world.store.close_review(&review).await;
    closed.expect("the table is there");
}

/// The items of each kind, by the names of their files.
fn named(
    items: &Items,
    alice: &Session,
    uploads: &[(&'static str, Upload)],
    bob: &str,
    carol: &str,
) -> BTreeMap<&'static str, Value> {
    let single = |pk: String| (pk, "A".to_owned());
    let state = |user: &str| (format!("UP#{user}"), "~".to_owned());
    let own = |user: &str, sk: &str| (format!("OI#{user}"), sk.to_owned());
    let mut keys = vec![
        ("user", user_key(&alice.id)),
        ("user-disabled", user_key(bob)),
        ("user-deleted", user_key(carol)),
        ("reservation-username", single("UN#alice_1".to_owned())),
        (
            "reservation-email",
            single("EM#alice@example.com".to_owned()),
        ),
        ("check", single("MT#trace-2".to_owned())),
        ("quota", single(format!("RL#UP#{}", alice.id))),
        ("owner-state-disabled", state(bob)),
        ("owner-state-ended", state(carol)),
        ("own-owner-state-disabled", own(bob, "~")),
        ("own-owner-state-ended", own(carol, "~")),
    ];
    keys.extend(
        uploads
            .iter()
            .map(|(name, upload)| (*name, upload_key(&alice.id, &upload.id))),
    );
    let found = |begin: &str| {
        items
            .keys()
            .filter(|(pk, _)| pk.starts_with(begin))
            .cloned()
            .collect::<Vec<_>>()
    };
    keys.push((
        "idempotency",
        found("RL#IK#").pop().expect("an answered request"),
    ));
    for (pk, sk) in found("OI#").into_iter().chain(found("OF#")) {
        let name = match (pk.split_once('#'), sk.split_once('#')) {
            (Some(("OI", _)), Some(("notes", _))) => "own-item",
            (Some(("OI", _)), Some(("posts", _))) => "own-entry",
            (Some(("OI", _)), Some(("~notes", _))) => "own-idempotency",
            (Some(("OF", _)), Some(("posts", _))) => "own-shared-item",
            _ => continue,
        };
        keys.push((name, (pk, sk)));
    }
    let of_alice = |entry: &str| (format!("RV#{}", alice.id), entry.to_owned());
    let reviews = found(&format!("RV#{}", alice.id));
    let is_of = |(_, entry): &&(String, String), kind: &str| entry.starts_with(kind);
    for (name, kind) in [
        ("review-upload", "upload-"),
        ("review-nickname", "nickname-"),
    ] {
        let key = reviews.iter().find(|key| is_of(key, kind));
        keys.push((name, key.expect("a review").clone()));
    }
    let by_alice = found(&format!("RP#{}", alice.id));
    let [report, quota] = by_alice.as_slice() else {
        panic!("a report, and the number of the day: {by_alice:?}");
    };
    let about_bob = found(&format!("RV#{bob}"))
        .pop()
        .expect("a report about bob");
    keys.extend([
        ("review-reported", of_alice("account-1")),
        (
            "review-decided",
            (format!("RV#{bob}"), "account-1".to_owned()),
        ),
        ("report", report.clone()),
        ("report-about", about_bob),
        ("report-quota", quota.clone()),
    ]);
    let audit = found("AU#0");
    let [created, changed, decided] = audit.as_slice() else {
        panic!("three entries of the audit: {audit:?}");
    };
    keys.extend([
        ("audit-create-user", created.clone()),
        ("audit-change-user", changed.clone()),
        ("audit-decide-review", decided.clone()),
    ]);
    let item = |key: &(String, String)| {
        items
            .get(key)
            .unwrap_or_else(|| panic!("{key:?} is stored"))
    };
    keys.iter()
        .map(|(name, key)| (*name, to_json(item(key))))
        .collect()
}

fn to_json<'a>(item: impl IntoIterator<Item = (&'a String, &'a AttributeValue)>) -> Value {
    let attributes = item
        .into_iter()
        .map(|(name, value)| (name.clone(), value_to_json(value)));
    Value::Object(
        attributes
            .collect::<BTreeMap<_, _>>()
            .into_iter()
            .collect::<Map<_, _>>(),
    )
}

/// As DynamoDB's protocol writes a value.
fn value_to_json(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => json!({"S": text}),
        AttributeValue::N(number) => json!({"N": number}),
        AttributeValue::B(bytes) => json!({"B": BASE64.encode(bytes.as_ref())}),
        AttributeValue::Bool(flag) => json!({"BOOL": flag}),
        AttributeValue::Ss(texts) => json!({"SS": texts}),
        AttributeValue::L(values) => {
            json!({"L": values.iter().map(value_to_json).collect::<Vec<_>>()})
        }
        AttributeValue::M(map) => json!({"M": to_json(map)}),
        other => panic!("the store has no {other:?}"),
    }
}

/// Names and types of the attributes, those in maps among them.
fn shape(item: &Value) -> BTreeSet<String> {
    let attributes = item.as_object().into_iter().flatten();
    attributes
        .flat_map(|(name, value)| {
            let name = match name.as_bytes() {
                [b's', b'_', ..] => "s_<session>",
                [b'd', b'0'..=b'9', ..] => "d<date>",
                _ => name,
            };
            let types = value
                .as_object()
                .into_iter()
                .flatten()
                .map(|(kind, _)| format!("{name}: {kind}"));
            let inner = shape(&value["M"])
                .into_iter()
                .map(|inner| format!("{name}.{inner}"));
            types.chain(inner).collect::<Vec<_>>()
        })
        .collect()
}

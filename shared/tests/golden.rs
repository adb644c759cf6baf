//! Items that were stored by this version and by earlier ones are read by the store's public functions, with the values that
//! they were written with. `tests/api/golden.rs` writes them.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends where something is not as it should be"
)]

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::{Client, Config};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};
use shared::auth::Caller;
use shared::config::Vars;
use shared::ids::{Epoch, SessionId, UploadId, UserId};
use shared::jwk::PrivateKey;
use shared::moderation::{CheckId, Verdict};
use shared::own::{Own, OwnError, OwnItem};
use shared::random::Random;
use shared::refresh::{self, RefreshKeys, RefreshToken};
use shared::store::reservation::Reservation;
use shared::store::review::{Decision, NewReport, ReportError, ReportReason, ReviewId, Subject};
use shared::store::session::Refreshed;
use shared::store::upload::{
    IdempotencyKey, IssueUploads, IssueUploadsError, IssuedUploads, NewUpload, ReadUploadError,
    Record, RepeatedUpload,
};
use shared::store::{Account, Actor, Lifecycle, Refusal, Store};
use shared::time::{Clock, Timestamp};
use shared::upload::key::ObjectKey;
use shared::upload::lifecycle::UploadStatus;
use shared::upload::limits::Limits;
use shared::user::{NicknameStatus, Role, Status};

const TABLE: &str = "table";
/// The key of the tests, RFC 8037's.
const PRIVATE_JWK: &str = r#"{"kty":"OKP","crv":"Ed25519","kid":"test",
    "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

/// An item as DynamoDB's protocol has it.
struct Item(Value);

impl Item {
    fn golden(name: &str) -> Self {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.json"));
        Self(serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap())
    }

    fn text(&self, name: &str) -> &str {
        self.0[name]["S"]
            .as_str()
            .unwrap_or_else(|| panic!("{name} in {}", self.0))
    }

    fn number(&self, name: &str) -> i64 {
        let number = self.0[name]["N"]
            .as_str()
            .unwrap_or_else(|| panic!("{name} in {}", self.0));
        number.parse().unwrap()
    }

    fn user(&self) -> UserId {
        self.text("pk").split_once('#').unwrap().1.parse().unwrap()
    }
}

/// A table that holds these items, and refuses every write with the item that is in its place.
#[derive(Clone, Debug)]
struct Table(Arc<Vec<Value>>);

impl Table {
    fn at(&self, key: &Value) -> Option<&Value> {
        self.0
            .iter()
            .find(|item| item["pk"] == key["pk"] && item["sk"] == key["sk"])
    }

    fn answer(&self, operation: &str, request: &Value) -> (u16, Value) {
        const FAILED: &str = "ConditionalCheckFailed";
        let error = |kind: &str| format!("com.amazonaws.dynamodb.v20120810#{kind}");
        match operation {
            "GetItem" => (
                200,
                self.at(&request["Key"])
                    .map_or(json!({}), |item| json!({"Item": item})),
            ),
            "BatchGetItem" => {
                let keys = request["RequestItems"][TABLE]["Keys"].as_array().unwrap();
                let found: Vec<_> = keys.iter().filter_map(|key| self.at(key)).collect();
                (200, json!({"Responses": {TABLE: found}}))
            }
            "Query" => {
                let partition = &request["ExpressionAttributeValues"][":pk"];
                let found: Vec<_> = self
                    .0
                    .iter()
                    .filter(|item| item["pk"] == *partition)
                    .collect();
                (200, json!({"Items": found}))
            }
            "UpdateItem" => {
                let item = self.at(&request["Key"]);
                (
                    400,
                    json!({"__type": error("ConditionalCheckFailedException"), "Item": item}),
                )
            }
            "TransactWriteItems" => {
                let reasons = request["TransactItems"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|write| {
                        let key = write.as_object().unwrap().values().next().unwrap();
                        let found = self.at(key.get("Key").unwrap_or(&key["Item"]));
                        found.map_or(
                            json!({"Code": "None"}),
                            |item| json!({"Code": FAILED, "Item": item}),
                        )
                    });
                let reasons: Vec<_> = reasons.collect();
                (
                    400,
                    json!({"__type": error("TransactionCanceledException"), "CancellationReasons": reasons}),
                )
            }
            other => panic!("{other} is not asked for here"),
        }
    }
}

impl HttpConnector for Table {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap();
        let operation = target.split_once('.').unwrap().1;
        let body: Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        let (status, answer) = self.answer(operation, &body);
        let answer = SdkBody::from(answer.to_string());
        let response = HttpResponse::new(status.try_into().unwrap(), answer);
        HttpConnectorFuture::ready(Ok(response))
    }
}

/// A store whose table has these items, at that time.
fn store<const N: usize>(items: [&Item; N], now: Timestamp) -> Store {
    let table = Table(Arc::new(items.map(|item| item.0.clone()).into()));
    let connector = SharedHttpConnector::new(table);
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("a", "b", None, None, "test"))
        .http_client(http_client_fn(move |_, _| connector.clone()))
        .build();
    let client = Client::from_conf(config);
    Store::new(
        client,
        TABLE.to_owned(),
        Clock::new(move || now),
        Random::system(),
    )
}

fn actor(user: &UserId) -> Actor<'_> {
    Actor {
        user,
        epoch: Epoch::FIRST,
    }
}

async fn account(item: &Item) -> Account {
    let store = store([item], Timestamp::from_millis(0));
    store.account(&item.user()).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_user_is_read_with_all_fields() {
    let item = Item::golden("user");
    let account = account(&item).await;
    assert_eq!(
        account.openid.as_ref().map(|openid| openid.as_str()),
        Some("alice")
    );
    let user = account.into_user().unwrap();
    assert_eq!(user.id, item.user());
    assert_eq!(
        (user.epoch, user.role, user.status),
        (Epoch::FIRST, Role::User, Status::Active)
    );
    assert_eq!(user.version.to_string(), item.number("version").to_string());
    assert_eq!(user.username.unwrap().as_str(), "Alice_1");
    assert_eq!(user.email.unwrap().as_str(), "Alice@example.com");
    assert_eq!(user.nickname.unwrap().as_str(), "Alice");
    assert_eq!(user.phone.as_deref(), Some(item.text("phone")));
    assert_eq!(user.created_at.millis(), item.number("created_at"));
    assert_eq!(user.updated_at.millis(), item.number("updated_at"));
    let avatar = user.avatar.unwrap();
    assert_eq!(avatar.key.to_string(), item.text("avatar_key"));
    assert_eq!(
        avatar.upload,
        Item::golden("upload-avatar").text("sk").parse().unwrap()
    );
    assert_eq!(avatar.version.as_deref(), Some(item.text("avatar_version")));
}

#[tokio::test]
async fn a_disabled_account_and_one_that_has_ended_let_nobody_in() {
    let disabled = account(&Item::golden("user-disabled")).await;
    assert_eq!(
        disabled.user().unwrap().username.as_ref().unwrap().as_str(),
        "bob_1"
    );
    assert_eq!(disabled.admit(Epoch::FIRST).unwrap_err(), Refusal::Disabled);
    let ended = account(&Item::golden("user-deleted")).await;
    assert!(matches!(ended.lifecycle, Lifecycle::Deleting));
    assert_eq!(ended.epoch, Epoch::FIRST.next());
    assert_eq!(ended.admit(Epoch::FIRST).unwrap_err(), Refusal::Gone);
}

#[tokio::test]
async fn a_nickname_that_waits_is_known_by_its_check() {
    let item = Item::golden("user-nickname-pending");
    let user = account(&item).await.into_user().unwrap();
    assert_eq!(user.nickname, None);
    let pending = user.pending_nickname.unwrap();
    assert_eq!(pending.nickname.as_str(), "Dave");
    assert_eq!(pending.status, NicknameStatus::Checking);
    let check = CheckId::from(item.text("nickname_check").to_owned());
    let store = store([&item], Timestamp::from_millis(0));
    let announced = store.announced_nickname(&item.user(), &check).await;
    let announced = announced.unwrap().unwrap();
    assert_eq!(announced.openid.as_str(), "dave");
    assert_eq!(announced.nickname, pending.nickname);
}

/// The first token of the session was replaced once: within the grace its owner gets the current one, later it is a copy,
/// and beyond the session's end it is nothing.
#[tokio::test]
async fn a_session_knows_its_tokens() {
    let item = Item::golden("user");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let token = fs::read_to_string(folder.join("refresh-token.txt")).unwrap();
    let token: RefreshToken = token.trim().parse().unwrap();
    let session = &item.0[format!("s_{}", token.session.as_str())]["M"];
    let time =
        |name: &str| Timestamp::from_millis(session[name]["N"].as_str().unwrap().parse().unwrap());
    let keys = RefreshKeys::from_signing_key(&PrivateKey::parse(PRIVATE_JWK).unwrap());
    let refresh = async |now| store([&item], now).refresh(&token, &keys).await.unwrap();
    let Refreshed::Granted(current, user) = refresh(time("t1").after(refresh::GRACE)).await else {
        panic!("the token is not known");
    };
    assert_eq!((current, user.id), (keys.successor(&token), item.user()));
    assert_eq!(time("x").since(time("t1")), refresh::LIFETIME);
    let late = time("t1").after(refresh::GRACE + Duration::from_millis(1));
    assert!(matches!(refresh(late).await, Refreshed::Reused));
    assert!(matches!(refresh(time("x")).await, Refreshed::Invalid));
}

#[tokio::test]
async fn a_name_leads_to_its_owner() {
    let (user, now) = (Item::golden("user"), Timestamp::from_millis(0));
    let reservations =
        ["username", "email"].map(|name| Item::golden(&format!("reservation-{name}")));
    let [username, email] = &reservations;
    let store = store([&user, username, email], now);
    let sought = [
        Reservation::from(&"ALICE_1".parse::<shared::profile::Username>().unwrap()),
        Reservation::from(
            &"alice@EXAMPLE.com"
                .parse::<shared::profile::Email>()
                .unwrap(),
        ),
    ];
    for name in sought {
        let found = store.users_named(&name).await.unwrap();
        let found: Vec<_> = found.into_iter().map(|user| user.id).collect();
        assert_eq!(found, [user.user()]);
    }
}

async fn record(item: &Item) -> Option<Record> {
    let upload: UploadId = item.text("sk").parse().unwrap();
    let store = store([item], upload.issued_at());
    store.upload(actor(&item.user()), upload).await.unwrap()
}

#[tokio::test]
async fn an_upload_is_read_in_every_state() {
    for (name, status) in [
        ("pending", UploadStatus::Pending),
        ("checking", UploadStatus::Checking),
        ("review", UploadStatus::Review),
        ("ready", UploadStatus::Ready),
        ("avatar", UploadStatus::Ready),
        ("rejected", UploadStatus::Rejected),
        ("withdrawn", UploadStatus::Rejected),
        ("deleted", UploadStatus::Deleted),
        ("avatar-replaced", UploadStatus::Tombstone),
        ("tombstone", UploadStatus::Tombstone),
    ] {
        let item = Item::golden(&format!("upload-{name}"));
        let record = record(&item)
            .await
            .unwrap_or_else(|| panic!("{name} is read"));
        assert_eq!(record.status, status, "{name}");
        assert_eq!(record.key.content_type.as_str(), "image/jpeg");
        assert_eq!(
            record.declared_size.to_string(),
            item.number("declared_size").to_string()
        );
        assert_eq!(record.ticket_until.secs(), item.number("ticket_until"));
        let version = record.version.as_deref();
        assert_eq!(
            version,
            status.has_version().then(|| item.text("version_id")),
            "{name}"
        );
        if status.has_version() {
            assert_eq!(record.size, Some(record.declared_size));
            assert_eq!(record.etag.as_deref(), Some(item.text("etag")));
        }
        let is_ready = status == UploadStatus::Ready;
        let ready_at = is_ready.then(|| item.number("ready_at"));
        assert_eq!(record.ready_at.map(Timestamp::millis), ready_at, "{name}");
        let reason = match name {
            "rejected" => Some("type_mismatch"),
            "withdrawn" => Some("content"),
            _ => None,
        };
        assert_eq!(record.reason.as_deref(), reason, "{name}");
        let is_submitted = name == "checking";
        assert_eq!(record.check.as_deref(), is_submitted.then_some("trace-2"));
        let before = record.check_before.as_deref();
        assert_eq!(before, is_submitted.then_some("trace-1"));
        let mut own = record.versions_to_delete.iter();
        let own = own.find(|listed| listed.key == record.key);
        let listed = own.and_then(|own| own.version.as_deref());
        if status == UploadStatus::Rejected {
            assert_eq!(listed, (name == "withdrawn").then_some("v1"), "{name}");
        }
    }
}

#[tokio::test]
async fn a_check_knows_its_verdict() {
    let check = Item::golden("check");
    let store = store([&check], Timestamp::from_millis(0));
    let verdict = store.verdict("trace-2").await.unwrap();
    assert_eq!(verdict, Some(Verdict::Pass));
}

#[tokio::test]
async fn an_owner_state_refuses_its_owner() {
    let upload: UploadId = Item::golden("upload-ready").text("sk").parse().unwrap();
    for (name, refusal) in [("disabled", Refusal::Disabled), ("ended", Refusal::Gone)] {
        let state = Item::golden(&format!("owner-state-{name}"));
        let found = store([&state], upload.issued_at())
            .upload(actor(&state.user()), upload)
            .await;
        assert!(
            matches!(found, Err(ReadUploadError::AccessDenied(found)) if found == refusal),
            "{name}"
        );
    }
}

/// A request for one ticket, which the table refuses.
async fn issue(
    items: [&Item; 1],
    now: Timestamp,
    idempotency: Option<&IdempotencyKey>,
) -> Result<IssuedUploads, IssueUploadsError> {
    let pending = Item::golden("upload-pending");
    let user = pending.user();
    let key: ObjectKey = format!("u/{user}/{}.jpg", pending.text("sk"))
        .parse()
        .unwrap();
    let limit = |name: &str| (name == "UPLOAD_DAILY_LIMIT").then(|| "9".to_owned());
    let limits = Limits::read(&mut Vars::new(&limit));
    let uploads = [NewUpload { key, size: 1 }];
    let request = IssueUploads {
        owner: actor(&user),
        uploads: &uploads,
        limits: &limits,
        idempotency,
    };
    store(items, now).issue_uploads(&request).await
}

#[tokio::test]
async fn a_repeated_request_gets_its_uploads() {
    let (item, pending) = (Item::golden("idempotency"), Item::golden("upload-pending"));
    let now = Timestamp::from_millis(pending.number("ticket_until") * 1000)
        .before(Duration::from_secs(1));
    let hash = data_encoding::BASE64
        .decode(item.0["request"]["B"].as_str().unwrap().as_bytes())
        .unwrap();
    let key = IdempotencyKey {
        // SHA-256 of the header, which was `k`.
        key_hash: shared::digest::sha256(b"k"),
        request_hash: hash.try_into().unwrap(),
    };
    let IssuedUploads::Repeated(uploads) = issue([&item], now, Some(&key)).await.unwrap() else {
        panic!("the request was not known");
    };
    let [RepeatedUpload::Pending { id, ticket_until }] = uploads.as_slice() else {
        panic!("{uploads:?}");
    };
    assert_eq!(
        (id.to_string().as_str(), ticket_until.secs()),
        (pending.text("sk"), pending.number("ticket_until"))
    );
    let other = IdempotencyKey {
        request_hash: [0; 32],
        ..key
    };
    let refused = issue([&item], now, Some(&other)).await.unwrap_err();
    assert!(matches!(refused, IssueUploadsError::IdempotencyMismatch));
}

/// Of nine tickets a day, nine were issued: there is room tomorrow.
#[tokio::test]
async fn the_tickets_of_a_day_are_counted() {
    let item = Item::golden("quota");
    let upload: UploadId = Item::golden("upload-pending").text("sk").parse().unwrap();
    let refused = issue([&item], upload.issued_at(), None).await.unwrap_err();
    let IssueUploadsError::QuotaExceeded {
        retry_after: Some(wait),
    } = refused
    else {
        panic!("{refused}");
    };
    assert!(
        wait > Duration::ZERO && wait <= Duration::from_secs(24 * 60 * 60),
        "{wait:?}"
    );
}

#[tokio::test]
async fn the_audit_tells_what_was_done() {
    let bob = Item::golden("user-disabled").user();
    for (name, action, fields) in [
        (
            "audit-create-user",
            "create_user",
            &["username", "role"][..],
        ),
        ("audit-change-user", "change_user", &["status"][..]),
        ("audit-decide-review", "decide_review", &[][..]),
    ] {
        let item = Item::golden(name);
        let page = store([&item], Timestamp::from_millis(0))
            .audit(10, None)
            .await
            .unwrap();
        let [entry] = page.items.as_slice() else {
            panic!("{page:?}");
        };
        assert_eq!(
            (entry.id.as_str(), entry.action.as_str()),
            (item.text("sk"), action)
        );
        assert_eq!(
            (entry.actor.as_str(), entry.target.as_str()),
            (item.text("actor"), bob.as_str())
        );
        assert_eq!(entry.fields, fields);
        let decision = entry.decision.as_deref();
        assert_eq!(
            decision,
            (action == "decide_review").then_some("approve"),
            "{name}"
        );
        let Some(after) = entry.after.as_ref() else {
            assert_eq!(action, "decide_review");
            continue;
        };
        let status = if action == "create_user" {
            "active"
        } else {
            "disabled"
        };
        assert_eq!(
            (after.role.as_str(), after.status.as_str()),
            ("user", status)
        );
        assert_eq!(entry.before.is_some(), action == "change_user");
        assert_eq!(
            entry.created_at.millis(),
            item.text("sk")[..15].parse::<i64>().unwrap()
        );
    }
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Note {
    text: String,
}

impl OwnItem for Note {
    const KIND: &'static str = "notes";
    const VERSION: u16 = 2;
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Post {
    text: String,
}

impl OwnItem for Post {
    const KIND: &'static str = "posts";
}

fn own<const N: usize>(items: [&Item; N]) -> Own {
    let now = Timestamp::from_millis(0);
    let clock = Clock::new(move || now);
    Own::new(store(items, now), "notebook", clock, Random::system())
}

fn caller(user: UserId) -> Caller {
    Caller {
        user,
        epoch: Epoch::FIRST,
        role: Role::User,
        session: SessionId::new(&Random::system()),
    }
}

#[tokio::test]
async fn items_of_own_functions_are_read() {
    let (item, entry) = (Item::golden("own-item"), Item::golden("own-entry"));
    let shared = Item::golden("own-shared-item");
    let (own, caller) = (own([&item, &entry, &shared]), caller(item.user()));
    let id = |item: &Item| item.text("sk").split_once('#').unwrap().1.to_owned();
    let note = own
        .items::<Note>()
        .get(&caller, id(&item).parse().unwrap())
        .await
        .unwrap();
    assert_eq!((note.text.as_str(), note.version), ("hello", 1));
    assert_eq!(note.created_at.millis(), item.number("created_at"));
    let (posts, wall) = (own.shared_items::<Post>(), "hall".parse().unwrap());
    let post = posts.get(&caller, &wall, id(&shared).parse().unwrap());
    let post = post.await.unwrap();
    assert_eq!((post.text.as_str(), &post.owner), ("hello", &caller.user));
    assert_eq!(entry.text("target_pk"), shared.text("pk"));
    assert_eq!(entry.text("target_sk"), shared.text("sk"));
}

#[tokio::test]
async fn own_functions_let_nobody_into_a_closed_account() {
    for (name, expected) in [
        ("own-owner-state-disabled", Refusal::Disabled),
        ("own-owner-state-ended", Refusal::Gone),
    ] {
        let state = Item::golden(name);
        let (own, caller) = (own([&state]), caller(state.user()));
        let (notes, text) = (own.items::<Note>(), "late".to_owned());
        let created = notes.create(&caller, Note { text }, None);
        let refused = created.await.err().unwrap();
        assert!(matches!(refused, OwnError::AccessDenied(refusal) if refusal == expected));
    }
}

fn review_id(item: &Item) -> ReviewId {
    let user = item.text("pk").strip_prefix("RV#").unwrap();
    format!("{user}-{}", item.text("sk")).parse().unwrap()
}

#[tokio::test]
async fn reviews_say_what_they_are_about_and_what_was_decided() {
    let bob = Item::golden("user-disabled").user();
    let alice = Item::golden("user").user();
    let upload: UploadId = Item::golden("upload-ready").text("sk").parse().unwrap();
    for (name, decision) in [
        ("upload", None),
        ("nickname", None),
        ("reported", None),
        ("decided", Some(Decision::Approve)),
    ] {
        let item = Item::golden(&format!("review-{name}"));
        let store = store([&item], Timestamp::from_millis(0));
        let review = store.decided_review(&review_id(&item)).await;
        let review = review.unwrap().unwrap();
        assert_eq!(review.decision, decision, "{name}");
        assert_eq!(review.is_closed, decision.is_some(), "{name}");
        let expected = match &review.subject {
            Subject::Upload(key) => name == "upload" && key.user == alice && key.upload == upload,
            Subject::Nickname { user, check, .. } => {
                name == "nickname" && *user == alice && check == "check"
            }
            Subject::Account { user, epoch } => {
                let reported = if name == "decided" { &bob } else { &alice };
                user == reported && *epoch == Epoch::FIRST
            }
            Subject::Text { .. } => false,
        };
        assert!(expected, "{name}: {review:?}");
    }
}

#[tokio::test]
async fn a_report_is_known_again_and_the_days_are_counted() {
    let (target, report) = (Item::golden("user-disabled"), Item::golden("report"));
    let (alice, bob) = (report.user(), target.user());
    let again = NewReport {
        reporter: actor(&alice),
        user: &bob,
        upload: None,
        reason: ReportReason::Other,
    };
    let made = Timestamp::from_millis(report.number("created_at"));
    let found = store([&target, &report], made).report(&again).await;
    let found = found.unwrap();
    assert_eq!(found.reason, ReportReason::Abuse);
    assert_eq!(found.created_at, made);
    let quota = Item::golden("report-quota");
    let refused = store([&target, &quota], made).report(&again).await;
    assert!(matches!(refused, Err(ReportError::QuotaExceeded { .. })));
}

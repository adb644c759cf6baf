//! Who may do what, for every route of the template, and what becomes of requests that no client of ours would send.

mod bodies;
mod failures;
mod headers;
mod ids;
mod queries;
mod roles;
mod routes;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_dynamodb::types::AttributeValue;
use axum::body::Body;
use http::{HeaderMap, HeaderValue, Method, Request};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use shared::error::Code;
use shared::http::{Access, RequestBody};
use shared::ids::{Epoch, UserId};
use shared::store::review::{Cause, Finding, Subject};
use support::functions;
use support::responses;
use support::{Api, Session, World};
use tower::ServiceExt;

/// The outcome for a caller without an account that lets them in.
const NOBODY: &str = "unauthorized";

const FORBIDDEN: &str = "forbidden";

const SHUT: &str = "account_disabled";

const UNSEEN: &str = "not_found";

/// Who asks. What a path names by `{id}` is the owner's, also after their account was deleted or disabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Actor {
    Nobody,
    Forger,
    Owner,
    Other,
    Admin,
    DeletedOwner,
    DisabledOwner,
    DeletedAdmin,
    DisabledAdmin,
}

const ACTORS: [Actor; 9] = [
    Actor::Nobody,
    Actor::Forger,
    Actor::Owner,
    Actor::Other,
    Actor::Admin,
    Actor::DeletedOwner,
    Actor::DisabledOwner,
    Actor::DeletedAdmin,
    Actor::DisabledAdmin,
];

/// A route, and what each of [`ACTORS`] gets: a status or an error's code.
type Row = (&'static str, [&'static str; 9]);

const FOR_ALL: [&str; 9] = ["200"; 9];

/// What WeChat alone can sign.
const FOR_WECHAT: [&str; 9] = [FORBIDDEN; 9];

/// What is about the caller, or what everybody may see.
const OWN_200: [&str; 9] = [
    NOBODY, NOBODY, "200", "200", "200", NOBODY, SHUT, NOBODY, SHUT,
];

const OWN_201: [&str; 9] = [
    NOBODY, NOBODY, "201", "201", "201", NOBODY, SHUT, NOBODY, SHUT,
];

/// Changes of a user named by id. Whose token says that they may not change others learns just that.
const EDIT: [&str; 9] = [
    NOBODY, NOBODY, "200", FORBIDDEN, "200", NOBODY, SHUT, NOBODY, SHUT,
];

/// What is for administrators alone, who get `success`.
const fn for_admins(success: &'static str) -> [&'static str; 9] {
    [
        NOBODY, NOBODY, FORBIDDEN, FORBIDDEN, success, FORBIDDEN, FORBIDDEN, NOBODY, SHUT,
    ]
}

fn is_for_admins(route: &str) -> bool {
    let mut routes = functions::routes();
    routes.any(|(_, known)| known.to_string() == route && known.access == Access::Admin)
}

const ROUTES: &[Row] = &[
    ("GET /v1/ping", FOR_ALL),
    ("GET /ping", FOR_ALL),
    ("POST /v1/login", FOR_ALL),
    ("POST /v1/login/refresh", FOR_ALL),
    // Whoever is shut out may still end their sessions.
    (
        "POST /v1/logout",
        [
            NOBODY, NOBODY, "204", "204", "204", NOBODY, "204", NOBODY, "204",
        ],
    ),
    ("POST /v1/users/me/phone", OWN_200),
    ("GET /v1/users/me", OWN_200),
    ("GET /v1/users/me/export", OWN_200),
    ("GET /v1/users/{id}", OWN_200),
    ("PUT /v1/users/me", OWN_200),
    ("PATCH /v1/users/me", OWN_200),
    ("PUT /v1/users/{id}", EDIT),
    ("PATCH /v1/users/{id}", EDIT),
    // Repeating one's own deletion sends its announcement again.
    (
        "DELETE /v1/users/me",
        [
            NOBODY, NOBODY, "204", "204", "204", "204", SHUT, "204", SHUT,
        ],
    ),
    (
        "DELETE /v1/users/{id}",
        [
            NOBODY, NOBODY, "204", FORBIDDEN, "204", "204", SHUT, NOBODY, SHUT,
        ],
    ),
    // That they are for administrators, the token alone says: also to whoever was deleted or disabled.
    ("POST /v1/users", for_admins("201")),
    ("GET /v1/users", for_admins("200")),
    ("GET /v1/audit", for_admins("200")),
    ("GET /v1/reviews", for_admins("200")),
    ("POST /v1/reviews/{id}", for_admins("204")),
    ("POST /v1/reports", OWN_201),
    ("GET /v1/users/{id}/uploads", for_admins("200")),
    ("DELETE /v1/users/{id}/uploads/{upload}", for_admins("204")),
    ("GET /v1/wechat/push", FOR_WECHAT),
    ("POST /v1/wechat/push", FOR_WECHAT),
    ("GET /v1/profiles", OWN_200),
    ("POST /v1/uploads", OWN_201),
    ("POST /v1/uploads/batch", OWN_201),
    ("GET /v1/uploads", OWN_200),
    // Uploads are the owner's alone: to everybody else they are not there, to an administrator neither.
    (
        "GET /v1/uploads/{id}",
        [
            NOBODY, NOBODY, "200", UNSEEN, UNSEEN, NOBODY, SHUT, NOBODY, SHUT,
        ],
    ),
    (
        "DELETE /v1/uploads/{id}",
        [
            NOBODY, NOBODY, "204", UNSEEN, UNSEEN, NOBODY, SHUT, NOBODY, SHUT,
        ],
    ),
];

/// The routes that read a JSON body.
fn with_body() -> Vec<String> {
    let routes = functions::routes().filter(|(_, route)| route.body == RequestBody::Json);
    routes.map(|(_, route)| route.to_string()).collect()
}

fn reads_body(route: &str) -> bool {
    with_body().iter().any(|known| known == route)
}

fn is_for_wechat(route: &str) -> bool {
    route.ends_with(" /v1/wechat/push")
}

fn split(route: &str) -> (Method, &str) {
    let (method, path) = route.split_once(' ').unwrap();
    (method.parse().unwrap(), path)
}

/// The function that answers a path.
fn api<'a>(world: &'a World, path: &str) -> &'a Api {
    let mut routes = functions::routes();
    let found = routes.find(|(_, route)| route.path == path);
    let (function, _) = found.unwrap_or_else(|| panic!("no function answers {path}"));
    world.api(function.name)
}

fn unique(kind: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("{kind}{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

async fn upload(_world: &World, session: &Session) -> String {
    let issued = session
        .post("/v1/uploads", ticket_request())
        .await
        .expect(201)
        .json;
    issued["upload"]["id"].as_str().unwrap().to_owned()
}

/// Has somebody's profile wait for a moderator.
async fn open_review(world: &World, user: &str) {
    let profile = Subject::Account {
        user: user.parse().unwrap(),
        epoch: Epoch::FIRST,
    };
    let (cause, finding) = (Cause::Report, Finding::default());
    let opened = world.store.open_review(&profile, cause, &finding).await;
    opened.unwrap();
}

/// What `{id}` stands for in a path: the user, their upload, or the review of their profile.
fn id_in(path: &str, user: &str, upload: &str) -> String {
    if path.starts_with("/v1/uploads") {
        upload.to_owned()
    } else if path.starts_with("/v1/reviews") {
        format!("{user}-account-1")
    } else {
        user.to_owned()
    }
}

fn ticket_request() -> Value {
    json!({"content_type": "image/png", "size": 10, "purpose": "file"})
}

/// A body that the route takes.
async fn good_body(world: &World, route: &str) -> Option<Value> {
    Some(match route {
        "POST /v1/login" => json!({"code": world.code(&unique("visitor"))}),
        "POST /v1/login/refresh" => {
            json!({"refresh_token": world.log_in(&unique("visitor")).await.refresh_token})
        }
        "POST /v1/logout" => json!({"all": true}),
        "POST /v1/users/me/phone" => json!({"code": format!("{}-1", unique("phone-1380013"))}),
        "POST /v1/users" => json!({"openid": unique("new")}),
        "POST /v1/uploads" => ticket_request(),
        "POST /v1/uploads/batch" => json!({"items": [ticket_request()]}),
        "POST /v1/reviews/{id}" => json!({"decision": "approve"}),
        // The administrator is there in every test.
        "POST /v1/reports" => {
            let admin = UserId::derive(&world.wechat.app_id(), &"admin".parse().unwrap());
            json!({"user": admin, "reason": "other"})
        }
        route if reads_body(route) => json!({"nickname": "n"}),
        _ => return None,
    })
}

/// An answer to a request that is sent as it is; `json` is null if the body is none.
struct Raw {
    status: u16,
    headers: HeaderMap,
    json: Value,
}

impl Raw {
    fn code(&self) -> &str {
        self.json["code"].as_str().unwrap_or_default()
    }

    fn fields(&self) -> Vec<&str> {
        let errors = self.json["errors"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        errors
            .iter()
            .filter_map(|error| error["field"].as_str())
            .collect()
    }
}

/// Sends a request, and sees to it that the answer is one of the contract's and no fault of ours.
async fn send(
    world: &World,
    route: &str,
    uri: &str,
    headers: &[(&str, &[u8])],
    body: impl Into<Body>,
) -> Raw {
    let (method, path) = split(route);
    let mut request = Request::builder().method(method.clone()).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, HeaderValue::from_bytes(value).unwrap());
    }
    let request = request.body(body.into()).unwrap();
    let asked = request.uri().path().to_owned();
    let response = api(world, path)
        .0
        .clone()
        .oneshot(request)
        .await
        .unwrap_or_else(|never| match never {});
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let about = format!(
        "{route} as {uri:.80}: {} {:?}",
        parts.status,
        String::from_utf8_lossy(&bytes)
    );
    let json = if bytes.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(&bytes).unwrap_or_else(|_| panic!("{about}"))
    };
    let raw = Raw {
        status: parts.status.as_u16(),
        headers: parts.headers,
        json,
    };
    responses::note(&method, &asked, parts.status, raw.code());
    assert!(raw.status < 500, "{about}");
    if raw.status >= 400 {
        assert_eq!(
            raw.headers["content-type"], "application/problem+json",
            "{about}"
        );
        let known = Code::ALL.iter().find(|code| code.as_str() == raw.code());
        assert_eq!(
            known.map(|code| code.status().as_u16()),
            Some(raw.status),
            "{about}"
        );
    }
    raw
}

const JSON: (&str, &[u8]) = ("content-type", b"application/json");

/// Two people and the table as it was before the attack.
struct Attack {
    world: World,
    alice: Session,
    admin: Session,
    upload: String,
}

impl Attack {
    async fn new() -> Self {
        Self::on(World::new().await).await
    }

    async fn on(world: World) -> Self {
        let [alice, admin] = world.log_in_all(["alice", "admin"]).await;
        let upload = upload(&world, &alice).await;
        open_review(&world, &alice.id).await;
        Self {
            world,
            alice,
            admin,
            upload,
        }
    }

    /// Somebody whom the route would let in.
    fn bearer(&self, route: &str) -> String {
        let session = if is_for_admins(route) {
            &self.admin
        } else {
            &self.alice
        };
        format!("Bearer {}", session.token)
    }

    fn uri(&self, route: &str) -> String {
        let (_, path) = split(route);
        let id = id_in(path, &self.alice.id, &self.upload);
        path.replace("{id}", &id).replace("{upload}", &self.upload)
    }
}

type Items = BTreeMap<(String, String), HashMap<String, AttributeValue>>;

/// Everything that is in the table.
async fn snapshot(world: &World) -> Items {
    let scan = world
        .emulator
        .dynamodb()
        .scan()
        .table_name(&world.table)
        .consistent_read(true)
        .send();
    let page = scan.await.unwrap();
    assert!(page.last_evaluated_key.is_none(), "one page holds it all");
    let key =
        |item: &HashMap<String, AttributeValue>, name: &str| item[name].as_s().unwrap().clone();
    page.items
        .unwrap_or_default()
        .into_iter()
        .map(|item| ((key(&item, "pk"), key(&item, "sk")), item))
        .collect()
}

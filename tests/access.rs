//! Who may do what, for every route of the template, and what becomes of requests that no client of ours would send.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_dynamodb::types::AttributeValue;
use axum::body::Body;
use futures_util::future::join_all;
use http::{HeaderMap, HeaderValue, Method, Request};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use shared::error::Code;
use shared::http::body::BODY_LIMIT;
use shared::http::{Access, RequestBody};
use shared::ids::{OpenId, UserId};
use support::api::Call;
use support::{Api, Session, World, functions};
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
    ("GET /v1/users/{id}/uploads", for_admins("200")),
    ("DELETE /v1/users/{id}/uploads/{upload}", for_admins("204")),
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

// ---- the functions' own tables of routes

/// The template and the description of the API are held to the same tables by tests of their own.
#[test]
fn the_matrix_has_a_row_for_each_route() {
    let routed: BTreeSet<_> = functions::routes()
        .map(|(_, route)| route.to_string())
        .collect();
    let listed: BTreeSet<_> = ROUTES
        .iter()
        .map(|(route, _)| (*route).to_owned())
        .collect();
    assert_eq!(routed, listed);
    for (route, outcomes) in ROUTES {
        let mut routes = functions::routes().map(|(_, known)| known);
        let access = routes
            .find(|known| known.to_string() == *route)
            .map(|known| known.access);
        let [nobody, _, owner, ..] = *outcomes;
        let tried = match (nobody, owner) {
            (NOBODY, FORBIDDEN) => Access::Admin,
            (NOBODY, _) => Access::User,
            _ => Access::Anyone,
        };
        assert_eq!(access, Some(tried), "{route}");
    }
}

#[test]
fn the_description_asks_for_a_token_and_a_body_where_the_routes_do() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi.yaml");
    let text = std::fs::read_to_string(path).unwrap();
    let description: serde_yaml_ng::Value = serde_yaml_ng::from_str(&text).unwrap();
    for (_, route) in functions::routes() {
        let method = route.method.as_str().to_lowercase();
        let operation = &description["paths"][route.path][method.as_str()];
        assert!(operation.is_mapping(), "{route} is not described");
        let open = operation["security"]
            .as_sequence()
            .is_some_and(Vec::is_empty);
        assert_eq!(open, route.access == Access::Anyone, "the token of {route}");
        let body = !operation["requestBody"].is_null();
        assert_eq!(body, route.body == RequestBody::Json, "the body of {route}");
    }
}

/// Who checks access tokens has to know the keys, and a rotation waits for whoever is given them.
#[tokio::test]
async fn every_function_with_a_route_for_signed_in_users_asks_for_the_keys() {
    for function in functions::all() {
        let asked = Mutex::new(BTreeSet::new());
        let get = |name: &str| {
            asked.lock().unwrap().insert(name.to_owned());
            None
        };
        assert!(function.start(&get).await.is_err(), "{}", function.name);
        let mut routes = function.routes.iter();
        let has_users = routes.any(|route| route.access != Access::Anyone);
        let has_keys = asked.lock().unwrap().contains("JWT_JWKS");
        assert_eq!(has_keys, has_users, "{}", function.name);
    }
}

#[tokio::test]
async fn a_method_that_is_not_listed_is_refused() {
    let world = World::new().await;
    let mut listed: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (route, _) in ROUTES.iter().copied() {
        let (method, path) = split(route);
        let methods = listed.entry(path).or_default();
        if method == Method::GET {
            methods.insert("HEAD".to_owned());
        }
        methods.insert(method.to_string());
    }
    for (path, methods) in listed {
        for method in [
            "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND",
        ] {
            if methods.contains(method) {
                continue;
            }
            let uri = path.replace("{id}", "x").replace("{upload}", "x");
            let call = api(&world, path).call(method.parse().unwrap(), &uri);
            let refused = call.send().await.expect_error(405, "method_not_allowed");
            let allowed: BTreeSet<_> = refused
                .header("allow")
                .split(',')
                .map(|name| name.trim().to_owned())
                .collect();
            assert_eq!(allowed, methods, "{path}");
        }
    }
}

// ---- the matrix

/// Somebody with an upload, somebody who asks, and what they ask for.
struct Scene {
    token: Option<String>,
    user: String,
    upload: String,
}

async fn upload(world: &World, session: &Session) -> String {
    let call = world
        .presign
        .post("/v1/uploads", &ticket_request())
        .bearer(&session.token);
    let issued = call.send().await.expect(201).json;
    issued["upload"]["id"].as_str().unwrap().to_owned()
}

fn ticket_request() -> Value {
    json!({"content_type": "image/png", "size": 10, "purpose": "file"})
}

async fn new_admin(world: &World, root: &Session) -> Session {
    let openid = unique("admin");
    let body = json!({"openid": openid, "role": "admin"});
    world
        .users
        .post("/v1/users", &body)
        .bearer(&root.token)
        .send()
        .await
        .expect(201);
    world.log_in(&openid).await
}

async fn end(world: &World, root: &Session, session: &Session, actor: Actor) {
    let path = format!("/v1/users/{}", session.id);
    match actor {
        Actor::DeletedOwner | Actor::DeletedAdmin => {
            world
                .users
                .delete(&path)
                .bearer(&root.token)
                .send()
                .await
                .expect(204);
        }
        Actor::DisabledOwner | Actor::DisabledAdmin => {
            let call = world.users.put(&path, &json!({"status": "disabled"}));
            call.bearer(&root.token).send().await.expect(200);
        }
        _ => {}
    }
}

async fn scene(world: &World, root: &Session, actor: Actor) -> Scene {
    let owner = world.log_in(&unique("owner")).await;
    let upload = upload(world, &owner).await;
    let (user, owners) = (owner.id.clone(), owner.token.clone());
    let asks = match actor {
        Actor::Nobody | Actor::Forger => None,
        Actor::Owner | Actor::DeletedOwner | Actor::DisabledOwner => Some(owner),
        Actor::Other => Some(world.log_in(&unique("other")).await),
        Actor::Admin | Actor::DeletedAdmin | Actor::DisabledAdmin => {
            Some(new_admin(world, root).await)
        }
    };
    if let Some(session) = &asks {
        end(world, root, session, actor).await;
    }
    let forged = (actor == Actor::Forger).then(|| format!("{}AAAA", &owners[..owners.len() - 4]));
    Scene {
        token: asks.map(|session| session.token).or(forged),
        user,
        upload,
    }
}

impl Scene {
    async fn request(&self, world: &World, route: &str) -> Call {
        let (method, path) = split(route);
        let id = if path.starts_with("/v1/uploads") {
            &self.upload
        } else {
            &self.user
        };
        let mut uri = path.replace("{id}", id);
        uri = uri.replace("{upload}", &self.upload);
        if path == "/v1/profiles" {
            uri = format!("{uri}?ids={}", self.user);
        }
        let mut call = api(world, path).call(method, &uri);
        if let Some(token) = &self.token {
            call = call.bearer(token);
        }
        match good_body(world, route).await {
            Some(body) => call.json(&body),
            None => call,
        }
    }
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
        route if reads_body(route) => json!({"nickname": "n"}),
        _ => return None,
    })
}

#[tokio::test]
async fn every_route_lets_in_whom_it_should() {
    let world = World::new().await;
    let root = world.log_in("admin").await;
    let mut wrong = Vec::new();
    for (route, expected) in ROUTES.iter().copied() {
        let cells = ACTORS.iter().zip(expected).map(async |(actor, expected)| {
            let scene = scene(&world, &root, *actor).await;
            let answer = scene.request(&world, route).await.send().await;
            let outcome = match answer.code() {
                "" => answer.status.as_u16().to_string(),
                code => code.to_owned(),
            };
            (outcome != expected)
                .then(|| format!("{route} for {actor:?}: {outcome}, not {expected}"))
        });
        wrong.extend(join_all(cells).await.into_iter().flatten());
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Requests about others answer alike, whether the other is there, was deleted, is shut, never was, or cannot be.
#[tokio::test]
async fn whoever_may_not_change_others_does_not_learn_who_is_there() {
    let world = World::new().await;
    let root = world.log_in("admin").await;
    let other = world.log_in("other").await;
    let mut users = Vec::new();
    let mut uploads = Vec::new();
    for actor in [Actor::Owner, Actor::DeletedOwner, Actor::DisabledOwner] {
        let scene = scene(&world, &root, actor).await;
        users.push(scene.user);
        uploads.push(scene.upload);
    }
    let nobody: OpenId = "nobody".parse().unwrap();
    users.extend([
        UserId::derive(&world.wechat.app_id(), &nobody).to_string(),
        "x".into(),
        "%ff".into(),
        "ME".into(),
    ]);
    uploads.extend(["0".repeat(26), "x".to_owned(), "~".to_owned()]);
    let before = snapshot(&world).await;
    let requests = [
        ("PUT /v1/users/{id}", json!({"nickname": "x"})),
        ("PATCH /v1/users/{id}", json!({"username": "x-name"})),
        ("PATCH /v1/users/{id}", json!({})),
        ("PATCH /v1/users/{id}", json!({"role": "admin"})),
        ("PATCH /v1/users/{id}", json!({"surprise": 1})),
        ("DELETE /v1/users/{id}", Value::Null),
        ("GET /v1/uploads/{id}", Value::Null),
        ("DELETE /v1/uploads/{id}", Value::Null),
    ];
    for (route, body) in requests {
        for if_match in [None, Some("\"1\""), Some("\"7\""), Some("1")] {
            let (method, path) = split(route);
            let ids = if path.starts_with("/v1/uploads") {
                &uploads
            } else {
                &users
            };
            let mut answers = BTreeSet::new();
            for id in ids {
                let mut call = api(&world, path)
                    .call(method.clone(), &path.replace("{id}", id))
                    .bearer(&other.token);
                if let Some(tag) = if_match {
                    call = call.header("if-match", tag);
                }
                if !body.is_null() {
                    call = call.json(&body);
                }
                let mut answer = call.send().await;
                answer.json["request_id"] = Value::Null;
                answers.insert(format!("{} {}", answer.status, answer.json));
            }
            assert_eq!(answers.len(), 1, "{route}: {answers:#?}");
        }
    }
    assert_eq!(snapshot(&world).await, before);
}

// ---- hostile input

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
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, HeaderValue::from_bytes(value).unwrap());
    }
    let request = request.body(body.into()).unwrap();
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
        let world = World::new().await;
        let (alice, admin) = (world.log_in("alice").await, world.log_in("admin").await);
        let upload = upload(&world, &alice).await;
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
        let id = if path.starts_with("/v1/uploads") {
            &self.upload
        } else {
            &self.alice.id
        };
        path.replace("{id}", id).replace("{upload}", &self.upload)
    }
}

#[tokio::test]
async fn bodies_that_cannot_be_read_are_refused_and_change_nothing() {
    let attack = Attack::new().await;
    let world = &attack.world;
    let deep = [
        b"{\"a\":".repeat(10_000),
        b"1".to_vec(),
        b"}".repeat(10_000),
    ]
    .concat();
    let arrays = b"[".repeat(60_000);
    let large = [b"{}".to_vec(), b" ".repeat(BODY_LIMIT - 1)].concat();
    let largest = [b"{\"surprise\":1}".to_vec(), b" ".repeat(BODY_LIMIT - 14)].concat();
    for route in &with_body() {
        let (bearer, uri) = (attack.bearer(route), attack.uri(route));
        let good = good_body(world, route).await.unwrap();
        let before = snapshot(world).await;
        let post = async |content_type: &[u8], body: &[u8]| {
            let headers = [
                ("authorization", bearer.as_bytes()),
                ("content-type", content_type),
            ];
            send(world, route, &uri, &headers, body.to_vec()).await
        };
        let json = async |body: &[u8]| post(JSON.1, body).await;
        for body in [
            &b"{"[..],
            b"}",
            b"{\"a\"}",
            b"{'a':1}",
            b"{\"a\":1,}",
            b"\xff\xfe",
            b"{\"nickname\":\"\xff\"}",
            b"\xef\xbb\xbf",
            b"\xef\xbb\xbf\xef\xbb\xbf{}",
            b"{\"a\":\"\\ud800\"",
            b"{\"a\":NaN}",
            b"{} {}",
            b"\0",
            b"nickname=x",
            &deep,
            &arrays,
        ] {
            let raw = json(body).await;
            assert_eq!((raw.status, raw.code()), (400, "invalid_json"), "{route}");
        }
        for body in [&b"[]"[..], b"null", b"\"x\"", b"1", b"true", b"[{}]"] {
            let raw = json(body).await;
            assert_eq!(
                (raw.status, raw.code()),
                (400, "invalid_request"),
                "{route}"
            );
        }
        for body in [&b"{\"a\":\"\\ud800\"}"[..], b"{\"a\":1,\"a\":1}"] {
            let raw = json(body).await;
            assert_eq!(
                (raw.status, raw.code()),
                (400, "invalid_request"),
                "{route}"
            );
            assert!(raw.fields().contains(&"a"), "{route}");
        }
        for content_type in [
            &b"text/plain"[..],
            b"",
            b"application/jsonx",
            b"application/json+x",
            b"application/problem+json",
            b"json",
            b"application/x-www-form-urlencoded",
            b"multipart/form-data; boundary=application/json",
            b"\xff\xff",
        ] {
            let raw = post(content_type, good.to_string().as_bytes()).await;
            assert_eq!(
                (raw.status, raw.code()),
                (415, "unsupported_media_type"),
                "{route}"
            );
        }
        let untyped = send(
            world,
            route,
            &uri,
            &[("authorization", bearer.as_bytes())],
            good.to_string(),
        )
        .await;
        assert_eq!(untyped.code(), "unsupported_media_type", "{route}");
        assert_eq!(json(&large).await.code(), "body_too_large", "{route}");
        assert!(
            json(&largest).await.fields().contains(&"surprise"),
            "{route}: the limit itself is allowed"
        );
        for name in [
            "surprise",
            "",
            "__proto__",
            "$where",
            "\u{202e}",
            "a.b",
            "Nickname",
        ] {
            let mut body = good.clone();
            body[name] = json!(1);
            let raw = json(body.to_string().as_bytes()).await;
            assert_eq!(
                (raw.code(), raw.fields()),
                ("invalid_request", vec![name]),
                "{route}"
            );
        }
        assert_eq!(snapshot(world).await, before, "{route}");
        for content_type in [&b"application/json; charset=utf-8"[..], b"Application/JSON"] {
            let raw = post(
                content_type,
                good_body(world, route)
                    .await
                    .unwrap()
                    .to_string()
                    .as_bytes(),
            )
            .await;
            assert!((200..300).contains(&raw.status), "{route}");
        }
    }
    let nested = json!({"items": [ticket_request(), {"content_type": "image/png", "size": 1, "purpose": "file", "surprise": 1}]});
    let headers = [
        ("authorization", attack.bearer("POST /v1/uploads/batch")),
        ("content-type", "application/json".into()),
    ];
    let headers = headers
        .each_ref()
        .map(|(name, value)| (*name, value.as_bytes()));
    let raw = send(
        world,
        "POST /v1/uploads/batch",
        "/v1/uploads/batch",
        &headers,
        nested.to_string(),
    )
    .await;
    assert_eq!(raw.fields(), ["items[1].surprise"]);
}

#[tokio::test]
async fn fields_of_other_types_are_named_and_change_nothing() {
    let attack = Attack::new().await;
    let world = &attack.world;
    let long = "x".repeat(50_000);
    let odd = [
        json!(0),
        json!(-1),
        json!(1.5),
        json!(1e308),
        json!(true),
        json!([]),
        json!({}),
        json!([[]]),
        json!(""),
        json!("\u{0}"),
        json!("\u{ffff}\u{202e}"),
        json!("' OR 1=1 --"),
        json!("${jndi:ldap://x}"),
        json!("../../x"),
        json!(long),
        json!({"S": "x"}),
    ];
    for route in &with_body() {
        let good = good_body(world, route).await.unwrap();
        let bearer = attack.bearer(route);
        let headers = [("authorization", bearer.as_bytes()), JSON];
        let names: Vec<_> = good.as_object().unwrap().keys().cloned().collect();
        let before = snapshot(world).await;
        for name in names {
            for value in &odd {
                // Some of these are fine for a nickname, for a logout or for a stranger's token.
                let tame = name == "nickname"
                    && value
                        .as_str()
                        .is_some_and(|text| text.len() < 60 && text.starts_with(['\'', '$', '.']));
                if tame || (name == "all" && value.is_boolean()) {
                    continue;
                }
                let mut body = good.clone();
                body[&name] = value.clone();
                let raw = send(world, route, &attack.uri(route), &headers, body.to_string()).await;
                assert!(
                    (400..500).contains(&raw.status),
                    "{route} {name} {value:.60}: {}",
                    raw.status
                );
                if raw.code() == "invalid_request" {
                    assert!(
                        raw.fields().iter().all(|field| field.starts_with(&name)),
                        "{route} {name}: {:?}",
                        raw.fields()
                    );
                }
            }
        }
        assert_eq!(snapshot(world).await, before, "{route}");
    }
}

#[tokio::test]
async fn odd_ids_name_nobody() {
    let attack = Attack::new().await;
    let world = &attack.world;
    let id = &attack.alice.id;
    let (long, unknown) = ("a".repeat(8000), format!("u{}", "a".repeat(26)));
    let (upper, spaced, cut, upload) = (
        id.to_uppercase(),
        format!("{id}%20"),
        id[..26].to_owned(),
        attack.upload.to_uppercase(),
    );
    let odd = [
        "x",
        "-",
        "-1",
        "0",
        "null",
        "undefined",
        "ME",
        "%6de",
        "Me",
        "~",
        "*",
        "%2a",
        "%",
        "%zz",
        "%0",
        "%00",
        "me%00",
        "%ff",
        "%ff%fe",
        "%c0%ae",
        "%ed%a0%80",
        "%F0%9F%98%80",
        "..",
        ".",
        "%2e%2e",
        "%2e%2e%2fme",
        "me%2f",
        "me%3fx",
        "me;x=1",
        "%7Bid%7D",
        "{id}",
        "'%20OR%201=1",
        "<script>",
        "%0d%0aset-cookie:x",
        "U%23x",
        "uaaaaaaaaaaaaaaaaaaaaaaaaa1",
        "zzzzzzzzzzzzzzzzzzzzzzzzzz",
        &unknown,
        &long,
        &upper,
        &spaced,
        &cut,
        &upload,
    ];
    let before = snapshot(world).await;
    // Each part of a path that is an id, with the others as they should be.
    let with_ids = ROUTES.iter().flat_map(|(route, _)| {
        let names = ["{id}", "{upload}"].into_iter();
        let names = names.filter(|name| route.contains(name));
        names.map(move |name| (route, name))
    });
    for (route, name) in with_ids {
        let (_, path) = split(route);
        let path = match name {
            "{id}" => path.replace("{upload}", &attack.upload),
            _ => path.replace("{id}", &attack.alice.id),
        };
        for (session, is_admin) in [(&attack.alice, false), (&attack.admin, true)] {
            let bearer = format!("Bearer {}", session.token);
            let headers = [("authorization", bearer.as_bytes()), JSON];
            for id in odd {
                let uri = path.replace(name, id);
                if uri.parse::<http::Uri>().is_err() {
                    continue;
                }
                let body = if reads_body(route) {
                    "{\"nickname\":\"x\"}"
                } else {
                    ""
                };
                let raw = send(world, route, &uri, &headers, body).await;
                let changes =
                    reads_body(route) || *route == "DELETE /v1/users/{id}" || is_for_admins(route);
                let expected = if changes && !is_admin {
                    FORBIDDEN
                } else {
                    UNSEEN
                };
                assert_eq!(raw.code(), expected, "{route} with {id:.40}");
            }
            for nothing in [
                "/v1/users/",
                "/v1//users/me",
                "/v1/users/me/",
                "/V1/users/me",
                "/v1/uploads/",
                "//",
                "/",
                "/v1/users/me/x",
                "/%00",
            ] {
                assert_eq!(
                    send(world, route, nothing, &headers, "").await.code(),
                    UNSEEN,
                    "{nothing}"
                );
            }
        }
    }
    assert_eq!(snapshot(world).await, before);
}

#[tokio::test]
async fn absurd_queries_are_refused() {
    let attack = Attack::new().await;
    let world = &attack.world;
    let (long, many) = ("y".repeat(20_000), "a=1&".repeat(2000));
    let (limit, ids) = (
        format!("limit={}", "9".repeat(400)),
        format!("ids={}", ",".repeat(3000)),
    );
    let absurd = [
        "%ff=%ff",
        "a[]=1&a[]=2",
        "limit=1&limit=2",
        "limit=NaN",
        "limit=-1",
        "limit=0x10",
        "limit=1;2",
        "limit[]=1",
        "%00",
        "%00=%00",
        "cursor=%00",
        "cursor=%ff",
        "cursor=",
        "cursor=..%2f..",
        "username=%00",
        "email=%ff",
        "ids=x&ids=y",
        "x",
        "=",
        "=x",
        "a=b=c",
        "limit=1%20",
        "+",
        "%",
        "%zz=1",
        "cursor[$ne]=x",
        "{}",
        &long,
        &many,
        &limit,
        &ids,
    ];
    let before = snapshot(world).await;
    for (route, _) in ROUTES.iter().filter(|(route, _)| route.starts_with("GET ")) {
        let bearer = attack.bearer(route);
        let headers = [("authorization", bearer.as_bytes())];
        let reads_query = [
            "GET /v1/users",
            "GET /v1/profiles",
            "GET /v1/uploads",
            "GET /v1/users/{id}/uploads",
            "GET /v1/audit",
        ]
        .contains(route);
        for query in absurd {
            let uri = format!("{}?{query}", attack.uri(route));
            if uri.parse::<http::Uri>().is_err() {
                continue;
            }
            let raw = send(world, route, &uri, &headers, "").await;
            let first_page = query == "cursor=" && reads_query && *route != "GET /v1/profiles";
            let expected = if route.ends_with("/ping") || first_page {
                200
            } else {
                400
            };
            assert_eq!(raw.status, expected, "{route}?{query:.60}");
        }
        for nothing in ["?", "?&", "?&&&"] {
            let raw = send(
                world,
                route,
                &format!("{}{nothing}", attack.uri(route)),
                &headers,
                "",
            )
            .await;
            assert_eq!(
                raw.status,
                if *route == "GET /v1/profiles" {
                    400
                } else {
                    200
                },
                "{route}{nothing}"
            );
        }
    }
    assert_eq!(snapshot(world).await, before);
}

#[tokio::test]
async fn headers_that_are_no_text_are_refused_or_ignored() {
    let attack = Attack::new().await;
    let world = &attack.world;
    let before = snapshot(world).await;
    let huge = [b"Bearer ".to_vec(), b"x.".repeat(20_000)].concat();
    for (route, outcomes) in ROUTES.iter().copied() {
        if outcomes[0] != NOBODY {
            continue;
        }
        let (bearer, uri) = (attack.bearer(route), attack.uri(route));
        let token = &bearer.as_bytes()[b"Bearer ".len()..];
        let body = good_body(world, route)
            .await
            .unwrap_or_default()
            .to_string();
        let bad: [&[u8]; 12] = [
            b"\xff\xfe",
            b"Bearer \xff\xfe",
            b"Bearer",
            b"Bearer ",
            b"Bearer  x",
            b"Basic YTpi",
            b"",
            b"Bearer null",
            b"Bearer a.b.c",
            b"Bearer ..",
            &huge,
            token,
        ];
        for value in bad {
            let raw = send(
                world,
                route,
                &uri,
                &[("authorization", value), JSON],
                body.clone(),
            )
            .await;
            assert_eq!(raw.code(), NOBODY, "{route}");
            assert_eq!(raw.headers["www-authenticate"], "Bearer");
        }
        let with_more = [bearer.as_bytes(), b"\xff"].concat();
        let twice = [
            ("authorization", bearer.as_bytes()),
            ("authorization", bearer.as_bytes()),
            JSON,
        ];
        assert_eq!(
            send(world, route, &uri, &twice, body.clone()).await.code(),
            NOBODY,
            "{route}"
        );
        assert_eq!(
            send(
                world,
                route,
                &uri,
                &[("authorization", &with_more), JSON],
                body
            )
            .await
            .code(),
            NOBODY,
            "{route}"
        );
    }
    assert_eq!(snapshot(world).await, before);
    let junk: [(&str, &[u8]); 8] = [
        ("if-none-match", b"\xff\xfe"),
        ("accept", b"\xff"),
        ("x-forwarded-for", b"\xff"),
        ("cookie", b"\xff=\xff"),
        ("host", b"\xff"),
        ("user-agent", b"\xff\xff\xff"),
        ("x-request-id", b"\xff"),
        ("content-length", b"\xff"),
    ];
    for (route, _) in ROUTES.iter().filter(|(route, _)| route.starts_with("GET ")) {
        let bearer = attack.bearer(route);
        let uri = if *route == "GET /v1/profiles" {
            "/v1/profiles?ids=x".to_owned()
        } else {
            attack.uri(route)
        };
        for header in junk {
            let raw = send(
                world,
                route,
                &uri,
                &[("authorization", bearer.as_bytes()), header],
                "{",
            )
            .await;
            assert_eq!(raw.status, 200, "{route} {}", header.0);
        }
    }
    for (key, status) in [
        (&b""[..], 400),
        (&b"x".repeat(256), 400),
        (b"\xff\xfe", 201),
        (&b"\xc3\xa9".repeat(100), 201),
    ] {
        let bearer = attack.bearer("POST /v1/uploads");
        let headers = [
            ("authorization", bearer.as_bytes()),
            JSON,
            ("idempotency-key", key),
        ];
        let raw = send(
            world,
            "POST /v1/uploads",
            "/v1/uploads",
            &headers,
            ticket_request().to_string(),
        )
        .await;
        assert_eq!(raw.status, status);
        if status == 400 {
            assert_eq!(raw.fields(), ["Idempotency-Key"]);
        }
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

//! Who may do what: every route and every kind of caller.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};
use shared::ids::{OpenId, UserId};
use support::api::Call;
use support::{Session, World};

use super::{
    ACTORS, Actor, ROUTES, api, good_body, id_in, open_review, snapshot, split, unique, upload,
};

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
            let refused = call.send().await.expect_problem(405, "method_not_allowed");
            let allowed: BTreeSet<_> = refused
                .header("allow")
                .split(',')
                .map(|name| name.trim().to_owned())
                .collect();
            assert_eq!(allowed, methods, "{path}");
        }
    }
}

/// Somebody with an upload, somebody who asks, and what they ask for.
struct Scene {
    token: Option<String>,
    user: String,
    upload: String,
}

async fn new_admin(world: &World, root: &Session) -> Session {
    let openid = unique("admin");
    let body = json!({"openid": openid, "role": "admin"});
    root.post("/v1/users", &body).await.expect(201);
    world.log_in(&openid).await
}

async fn end(_world: &World, root: &Session, session: &Session, actor: Actor) {
    let path = format!("/v1/users/{}", session.id);
    match actor {
        Actor::DeletedOwner | Actor::DeletedAdmin => {
            root.delete(&path).await.expect(204);
        }
        Actor::DisabledOwner | Actor::DisabledAdmin => {
            root.put(&path, json!({"status": "disabled"}))
                .await
                .expect(200);
        }
        _ => {}
    }
}

async fn scene(world: &World, root: &Session, actor: Actor) -> Scene {
    let owner = world.log_in(&unique("owner")).await;
    let upload = upload(world, &owner).await;
    open_review(world, &owner.id).await;
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
        let mut uri = path.replace("{id}", &id_in(path, &self.user, &self.upload));
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

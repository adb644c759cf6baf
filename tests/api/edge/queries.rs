//! Query parameters that `openapi.yaml` does not describe.

use http::Method;
use serde_json::{Value, json};
use support::World;

use super::api;

/// The id of no upload.
const UPLOAD_ID: &str = "06c0000000002000000000000c";

/// The health check, and what WeChat calls, with parameters of its own.
fn takes_any_query(path: &str) -> bool {
    path.ends_with("/ping") || path == "/v1/wechat/push"
}

/// Every operation of openapi.yaml: method, path, and whether it needs a token.
fn operations() -> Vec<(Method, String, bool)> {
    let text = include_str!("../../../openapi.yaml");
    let description: Value = serde_yaml_ng::from_str(text).expect("YAML");
    let mut operations = Vec::new();
    for (path, item) in description["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            if let Ok(method) = method.to_uppercase().parse::<Method>()
                && operation["operationId"].is_string()
            {
                assert!(
                    takes_any_query(path) || operation["responses"]["400"].is_object(),
                    "{method} {path}: what an unknown parameter is answered is not described"
                );
                let open = operation["security"].as_array().is_some_and(Vec::is_empty);
                operations.push((method, path.clone(), !open));
            }
        }
    }
    operations
}

#[tokio::test]
async fn a_query_parameter_that_is_not_described_is_refused_after_authentication() {
    let world = World::new().await;
    let [admin, alice] = world.log_in_all(["admin", "alice"]).await;
    let operations = operations();
    assert!(operations.len() > 20, "openapi.yaml was read");
    for (method, path, needs_token) in operations {
        let about = format!("{method} {path}");
        let id = if path.starts_with("/v1/users") {
            alice.id.clone()
        } else {
            "0".repeat(26)
        };
        for query in ["x=1", "limit=1&x=1", "x", "x=1&x=2", "%78=%31"] {
            let uri = format!(
                "{}?{query}",
                path.replace("{id}", &id).replace("{upload}", UPLOAD_ID)
            );
            let call = || {
                api(&world, &path)
                    .call(method.clone(), &uri)
                    .json(&json!({}))
            };
            if takes_any_query(&path) {
                let answer = call().send().await;
                assert_ne!(answer.status.as_u16(), 400, "{about}?{query}");
                continue;
            }
            if needs_token {
                call().send().await.expect_problem(401, "unauthorized");
            }
            let refused = call().bearer(&admin.token).send().await;
            assert_eq!(
                (refused.status.as_u16(), refused.code()),
                (400, "invalid_request"),
                "{about}?{query}"
            );
            assert!(
                refused.fields().contains(&"x"),
                "{about}?{query}: {}",
                refused.json
            );
        }
    }
    alice.get("/v1/users/me").await.expect(200);
}

#[tokio::test]
async fn a_refused_query_costs_no_code_and_no_session() {
    let world = World::new().await;
    let login = json!({"code": world.code("alice")});
    world
        .login
        .post("/v1/login?x=1", &login)
        .send()
        .await
        .expect_problem(400, "invalid_request");
    let session = world.session(world.login.post("/v1/login", &login).send().await);
    let refresh = json!({"refresh_token": session.refresh_token});
    world
        .login
        .post("/v1/login/refresh?x=1", &refresh)
        .send()
        .await
        .expect_problem(400, "invalid_request");
    world
        .login
        .post("/v1/login/refresh?", &refresh)
        .send()
        .await
        .expect(200);
    session
        .post("/v1/logout?all=true", json!({}))
        .await
        .expect(400);
    session.delete("/v1/users/me?x=1").await.expect(400);
    session.get("/v1/users/me").await.expect(200);
}

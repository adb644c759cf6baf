//! Roles of a project's own: who can be given which, and what a table of routes opens to them.

use std::sync::Arc;

use axum::body::Body;
use http::{Request, StatusCode};
use serde_json::json;
use shared::auth::Caller;
use shared::auth::jwt::Verifier;
use shared::http::{Access, ProvideVerifier};
use shared::telemetry::Telemetry;
use support::api::refused;
use support::{World, keys};
use tower::ServiceExt;

#[tokio::test]
async fn an_administrator_gives_the_roles_that_are_configured_and_no_other() {
    let world = World::new().await;
    let [admin, alice] = world.log_in_all(["admin", "alice"]).await;
    let give = |role: &str| admin.edit_user(&alice.id, json!({"role": role}));
    for role in ["editor", "courier"] {
        assert_eq!(give(role).await.expect(200)["role"], role);
    }
    let listed = alice.refreshed().await;
    assert_eq!(listed.json["user"]["role"], "courier");
    for role in ["owner", "Editor", "", "editor "] {
        let refused = give(role).await.expect_invalid(["role"]);
        let message = refused.json["errors"][0]["message"].to_string();
        assert!(
            message.contains("user, admin, editor, courier"),
            "{message}"
        );
    }
    let bob = json!({"openid": "bob", "role": "editor"});
    assert_eq!(admin.create_user(bob).await.expect(201)["role"], "editor");
    let carol = json!({"openid": "carol", "role": "owner"});
    admin.create_user(carol).await.expect_invalid(["role"]);
    let itself = alice.edit(json!({"role": "editor"})).await;
    itself.expect_invalid(["role"]);
    // To the routes here they are ordinary users.
    refused([listed.list_users("")], 403, "forbidden").await;
}

/// An own function.
#[derive(Debug)]
struct App(Verifier);

impl ProvideVerifier for App {
    fn verifier(&self) -> &Verifier {
        &self.0
    }
}

async fn publish(_: Caller) -> StatusCode {
    StatusCode::NO_CONTENT
}

shared::routes! {
    Arc<App>;
    POST "/v1/articles", Roles(&["editor", "author"]), Empty => publish;
    GET "/v1/articles", User, Empty => publish;
}

#[tokio::test]
async fn a_row_of_the_table_lets_its_roles_in_and_no_other() {
    assert_eq!(ROUTES[0].access, Access::Roles(&["editor", "author"]));
    let world = World::new().await;
    let [admin, alice] = world.log_in_all(["admin", "alice"]).await;
    let verifier = Verifier::new(keys::public(), &keys::token_issuer(), world.clock.clone());
    let telemetry = Telemetry::writing_to("articles", world.clock.clone(), |_| {});
    let service = shared::http::service(routes(), App(verifier), telemetry, world.clock.clone());
    let status = async |method: &str, token: Option<&str>| {
        let mut request = Request::builder().method(method).uri("/v1/articles");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = request.body(Body::empty()).unwrap();
        let response = service.clone().oneshot(request).await.unwrap();
        response.status().as_u16()
    };
    assert_eq!(status("POST", None).await, 401);
    assert_eq!(status("POST", Some("x")).await, 401);
    assert_eq!(status("POST", Some(&admin.token)).await, 204);
    for (role, allowed) in [("user", 403), ("editor", 204), ("courier", 403)] {
        admin
            .edit_user(&alice.id, json!({"role": role}))
            .await
            .expect(200);
        let alice = alice.refreshed().await;
        assert_eq!(status("POST", Some(&alice.token)).await, allowed, "{role}");
        assert_eq!(status("GET", Some(&alice.token)).await, 204, "{role}");
    }
}

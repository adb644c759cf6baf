//! The functions' own tables of routes: the matrix, the description and the keys follow them.

use std::collections::BTreeSet;
use std::sync::Mutex;

use shared::http::{Access, RequestBody};
use support::functions;

use super::{FORBIDDEN, NOBODY, ROUTES};

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
        assert_eq!(
            body,
            route.body != RequestBody::Empty,
            "the body of {route}"
        );
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

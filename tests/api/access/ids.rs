//! Paths that name nobody.

use super::{
    Attack, FORBIDDEN, JSON, UNSEEN, good_body, is_for_admins, reads_body, rows, send, snapshot,
    split,
};

const ODD: &[&str] = &[
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
];

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
    let made = [&unknown, &long, &upper, &spaced, &cut, &upload].map(String::as_str);
    let before = snapshot(world).await;
    // Each part of a path that is an id, with the others as they should be.
    let with_ids = rows().flat_map(|(route, _)| {
        let names = ["{id}", "{upload}"].into_iter();
        let names = names.filter(move |name| route.contains(name));
        names.map(move |name| (route, name))
    });
    for (route, name) in with_ids {
        let (_, path) = split(route);
        let path = match name {
            "{id}" => path.replace("{upload}", &attack.upload),
            _ => path.replace("{id}", &attack.alice.id),
        };
        let body = good_body(world, route).await.map(|body| body.to_string());
        let body = body.unwrap_or_default();
        let is_own = attack.own_items.contains_key(split(route).1);
        for (session, is_admin) in [(&attack.alice, false), (&attack.admin, true)] {
            let bearer = format!("Bearer {}", session.token);
            let headers = [("authorization", bearer.as_bytes()), JSON];
            for id in ODD.iter().copied().chain(made) {
                let uri = path.replace(name, id);
                if uri.parse::<http::Uri>().is_err() {
                    continue;
                }
                let raw = send(world, route, &uri, &headers, body.clone()).await;
                let changes =
                    reads_body(route) || route == "DELETE /v1/users/{id}" || is_for_admins(route);
                let expected = if changes && !is_own && !is_admin {
                    FORBIDDEN
                } else {
                    UNSEEN
                };
                assert_eq!(raw.code(), expected, "{route} with {id:.40}");
            }
        }
    }
    assert_eq!(snapshot(world).await, before);
}

#[tokio::test]
async fn paths_beside_the_routes_lead_nowhere() {
    let attack = Attack::new().await;
    let world = &attack.world;
    let before = snapshot(world).await;
    let with_id = rows().filter(|(route, _)| route.contains("{id}"));
    for (route, _) in with_id {
        for session in [&attack.alice, &attack.admin] {
            let bearer = format!("Bearer {}", session.token);
            let headers = [("authorization", bearer.as_bytes()), JSON];
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
                let raw = send(world, route, nothing, &headers, "").await;
                assert_eq!(raw.code(), UNSEEN, "{nothing}");
            }
        }
    }
    assert_eq!(snapshot(world).await, before);
}

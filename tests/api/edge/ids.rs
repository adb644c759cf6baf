//! What a path can name a user by.

use serde_json::json;
use support::World;

use super::{CAPTURED, about, answer, start};

#[tokio::test]
async fn no_text_beside_me_and_an_id_names_anybody() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let users = start("users", &world).await;
    let captured = CAPTURED
        .iter()
        .filter_map(|(_, arrives)| arrives.map(|raw| raw.replace("/capture/", "")));
    let mut segments: Vec<String> = captured.collect();
    for name in ["me", alice.id.as_str()] {
        segments.extend(
            [
                "%20", " ", "\n", "\t", "\0", "#x", "?x", "%", "%23", "\u{feff}", ";", "\u{a0}",
                "\\", "&x=1",
            ]
            .map(|after| format!("{name}{after}")),
        );
        segments.extend(
            [" ", "\n", "\t", "\u{feff}", "\u{3000}"].map(|before| format!("{before}{name}")),
        );
        segments.push(name.to_uppercase());
        segments.push(name.replacen(['m', 'u'], "%6d", 1));
    }
    let elsewhere = ["x/../", "./", "../users/", "x/./../"].map(|before| format!("{before}me"));
    for segment in segments {
        let path = format!("/v1/users/{segment}");
        let (status, body) = answer(&users, &about("GET", &path, &alice)).await;
        assert_eq!(
            (status, &body["code"]),
            (404, &json!("not_found")),
            "{path:?}"
        );
        // Whoever may not delete others learns nothing more; a path of more parts is no route.
        let (status, _) = answer(&users, &about("DELETE", &path, &alice)).await;
        assert!(
            status == if segment.contains('/') { 404 } else { 403 },
            "{path:?}: {status}"
        );
    }
    for path in elsewhere.map(|path| format!("/v1/users/{path}")) {
        for method in ["GET", "DELETE"] {
            assert_eq!(
                answer(&users, &about(method, &path, &alice)).await.0,
                404,
                "{path:?}"
            );
        }
    }
    for dots in [
        "/v1/users/.",
        "/v1/users/..",
        "/v1/users/me/..",
        "/v1/./users/me",
    ] {
        assert_eq!(
            answer(&users, &about("DELETE", dots, &alice)).await.0,
            404,
            "{dots}"
        );
    }
    for name in ["me", alice.id.as_str()] {
        let path = format!("/v1/users/{name}");
        assert_eq!(
            answer(&users, &about("GET", &path, &alice)).await.0,
            200,
            "{path}"
        );
    }
}

//! Bodies that cannot be read, and fields of other types.

use serde_json::{Value, json};
use shared::http::body::BODY_LIMIT;
use support::own;

use super::{Attack, JSON, good_body, send, snapshot, ticket_request, with_body};

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

fn values_of_other_types() -> [Value; 16] {
    [
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
        json!("x".repeat(50_000)),
        json!({"S": "x"}),
    ]
}

#[tokio::test]
async fn fields_of_other_types_are_named_and_change_nothing() {
    let attack = Attack::new().await;
    let world = &attack.world;
    let odd = values_of_other_types();
    for route in &with_body() {
        let good = good_body(world, route).await.unwrap();
        let bearer = attack.bearer(route);
        let headers = [("authorization", bearer.as_bytes()), JSON];
        let names: Vec<_> = good.as_object().unwrap().keys().cloned().collect();
        let before = snapshot(world).await;
        for name in names {
            for value in &odd {
                // Some of these are fine for a nickname, for a text of one's own, for a logout or for a stranger's token.
                let tame = (name == "nickname" || own::is_free_text(&name))
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

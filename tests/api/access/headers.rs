//! Headers that are no text.

use super::{
    Attack, JSON, NOBODY, ROUTES, good_body, is_for_wechat, send, snapshot, ticket_request,
};

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
            let expected = if is_for_wechat(route) { 403 } else { 200 };
            assert_eq!(raw.status, expected, "{route} {}", header.0);
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

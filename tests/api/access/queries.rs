//! Queries that no client of ours would send.

use super::{Attack, ROUTES, send, snapshot};

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

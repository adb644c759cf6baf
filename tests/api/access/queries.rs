//! Queries that no client of ours would send.

use super::{Attack, ROUTES, is_for_wechat, send, snapshot};

const ABSURD: &[&str] = &[
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
];

#[tokio::test]
async fn absurd_queries_are_refused() {
    let attack = Attack::new().await;
    let world = &attack.world;
    let (long, many) = ("y".repeat(20_000), "a=1&".repeat(2000));
    let (limit, ids) = (
        format!("limit={}", "9".repeat(400)),
        format!("ids={}", ",".repeat(3000)),
    );
    let made = [&long, &many, &limit, &ids].map(String::as_str);
    let before = snapshot(world).await;
    for (route, _) in ROUTES.iter().filter(|(route, _)| route.starts_with("GET ")) {
        let bearer = attack.bearer(route);
        let headers = [("authorization", bearer.as_bytes())];
        let reads_query = [
            "GET /v1/users",
            "GET /v1/users/me/export",
            "GET /v1/profiles",
            "GET /v1/uploads",
            "GET /v1/users/{id}/uploads",
            "GET /v1/audit",
            "GET /v1/reviews",
        ]
        .contains(route);
        for query in ABSURD.iter().copied().chain(made) {
            let uri = format!("{}?{query}", attack.uri(route));
            if uri.parse::<http::Uri>().is_err() {
                continue;
            }
            let raw = send(world, route, &uri, &headers, "").await;
            let first_page = query == "cursor=" && reads_query && *route != "GET /v1/profiles";
            let expected = match () {
                () if route.ends_with("/ping") || first_page => 200,
                () if is_for_wechat(route) => 403,
                () => 400,
            };
            assert_eq!(raw.status, expected, "{route}?{query:.60}");
        }
    }
    assert_eq!(snapshot(world).await, before);
}

#[tokio::test]
async fn a_query_without_parameters_is_none() {
    let attack = Attack::new().await;
    for (route, _) in ROUTES.iter().filter(|(route, _)| route.starts_with("GET ")) {
        let bearer = attack.bearer(route);
        let headers = [("authorization", bearer.as_bytes())];
        let expected = match *route {
            // It asks for `ids`.
            "GET /v1/profiles" => 400,
            route if is_for_wechat(route) => 403,
            _ => 200,
        };
        for nothing in ["?", "?&", "?&&&"] {
            let uri = format!("{}{nothing}", attack.uri(route));
            let raw = send(&attack.world, route, &uri, &headers, "").await;
            assert_eq!(raw.status, expected, "{route}{nothing}");
        }
    }
}

//! Events that no gateway would send.

use serde_json::{Value, json};
use support::World;
use support::http_event::HttpEvent;

use super::{answer, start};

fn ping(change: &dyn Fn(&mut Value)) -> Value {
    let mut event = HttpEvent::new("GET", "/v1/ping").build();
    change(&mut event);
    event
}

#[tokio::test]
async fn nothing_that_an_event_holds_makes_an_invocation_fail() {
    let world = World::new().await;
    let login = start("login", &world).await;
    for query in [
        "x=<y>", "x= y", "x=\"", "{|}", "\u{4e2d}", "%", "%zz", "\\", "#", "?",
    ] {
        let event = ping(&|event| event["rawQueryString"] = query.into());
        assert_eq!(answer(&login, &event).await.0, 200, "{query}");
    }
    for (header, value) in [
        ("x-forwarded-proto", "https, http"),
        ("x-forwarded-proto", ""),
        ("x-forwarded-port", "no port"),
        ("host", "a b"),
        ("host", "[::"),
        ("user-agent", "a\nb"),
        ("no name", "x"),
        ("authorization", "Bearer \u{1F600}"),
    ] {
        let event = ping(&|event| event["headers"][header] = value.into());
        assert_eq!(answer(&login, &event).await.0, 200, "{header}: {value:?}");
    }
    let (status, body) = answer(&login, &ping(&|event| event["rawPath"] = "/ping".into())).await;
    assert_eq!((status, &body["message"]), (200, &json!("pong")));
    let body = body.as_object().expect("an object");
    assert_eq!(body.len(), 2, "{body:?}");
    assert_eq!(
        body["version"],
        env!("CARGO_PKG_VERSION"),
        "the release and no commit"
    );
}

#[tokio::test]
async fn an_event_that_is_no_request_gets_an_answer_and_ends_no_process() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    for name in ["login", "users", "presign"] {
        let function = start(name, &world).await;
        let no_requests = [
            json!(null),
            json!([]),
            json!("x"),
            json!({"Records": [{"messageId": "m", "body": "{}"}]}),
            ping(&|event| event["requestContext"] = json!({})),
            ping(&|event| event["requestContext"]["http"]["method"] = "G T".into()),
            ping(&|event| event["rawPath"] = json!(1)),
            ping(&|event| event["headers"] = json!("x")),
            ping(&|event| event["body"] = json!({"code": 1})),
            ping(&|event| {
                event["isBase64Encoded"] = true.into();
                event["body"] = "*".into();
            }),
        ];
        for event in no_requests {
            let (status, body) = answer(&function, &event).await;
            assert_eq!(
                (status, &body["code"]),
                (400, &json!("invalid_request")),
                "{name}: {event}"
            );
        }
        let strange = HttpEvent::new("TRACE", "/v1/users")
            .bearer(&alice.token)
            .build();
        assert!(
            (400..500).contains(&answer(&function, &strange).await.0),
            "{name}"
        );
        assert!(function.is_alive(), "{name}");
    }
}

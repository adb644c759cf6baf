//! What is not WeChat's, or not for this mini-program; and failures of what is behind the function.

use std::time::Duration;

use serde_json::{Value, json};
use shared::http::body::BODY_LIMIT;
use support::World;
use support::keys::push_settings;
use support::proxy::{Fault, Matching, Proxy, Service};
use wechat_standin::{Delivery, MediaVerdict, PushRequest, Suggestion};

use super::{PATH, cancellation, plain, push, request, send, tasks};

/// Refused, with one answer for all; nothing reaches the queue.
async fn expect_refused(world: &World, request: PushRequest) {
    let answer = send(&world.wechat_push, request).await;
    answer.expect_problem(403, "forbidden");
    assert_eq!(world.lines.last()["pushes_refused"], 1.0);
    assert_eq!(tasks(world).await, [Value::Null; 0]);
}

fn is_mismatch(world: &World) -> bool {
    world.lines.last()["push_key_mismatches"] == 1.0
}

#[tokio::test]
async fn a_wrong_signature_is_refused() {
    let world = World::new().await;
    let forged = Delivery {
        token: Some("other".to_owned()),
        ..Delivery::default()
    };
    for form in [
        forged.clone(),
        Delivery {
            mode: plain().mode,
            ..forged
        },
    ] {
        expect_refused(&world, request(&world, cancellation(), &form)).await;
        assert!(!is_mismatch(&world));
    }
    for form in [plain(), Delivery::default()] {
        let good = request(&world, cancellation(), &form);
        for part in ["signature=", "timestamp=", "nonce="] {
            let query = good.query.replace(part, &format!("{part}0"));
            let body = good.body.clone();
            expect_refused(&world, PushRequest { query, body }).await;
        }
        for query in ["", "signature=&timestamp=&nonce=", "%ff=%ff", "signature"] {
            let (query, body) = (query.to_owned(), good.body.clone());
            expect_refused(&world, PushRequest { query, body }).await;
        }
    }
}

/// The signature of the query alone does not vouch for what is encrypted.
#[tokio::test]
async fn in_secure_mode_the_signature_that_covers_the_message_counts() {
    let world = World::new().await;
    let PushRequest { query, body } = request(&world, cancellation(), &Delivery::default());
    let value = |name: &str| {
        let start = query.find(&format!("&{name}=")).unwrap_or_default();
        let pair = query[start..].trim_start_matches('&');
        pair.split(['=', '&']).nth(1).unwrap().to_owned()
    };
    let (covering, alone) = (value("msg_signature"), value("signature"));
    assert_ne!(covering, alone);
    let uncovered = query.replace(&covering, &alone);
    expect_refused(
        &world,
        PushRequest {
            query: uncovered,
            body: body.clone(),
        },
    )
    .await;
    let (without, _) = query.split_once("&msg_signature").unwrap();
    expect_refused(
        &world,
        PushRequest {
            query: without.to_owned(),
            body: body.clone(),
        },
    )
    .await;
    let other = request(&world, json!({"Event": "debug_demo"}), &Delivery::default());
    expect_refused(
        &world,
        PushRequest {
            query,
            body: other.body,
        },
    )
    .await;
}

#[tokio::test]
async fn another_mini_programs_message_is_refused_and_raises_an_alarm() {
    let world = World::new().await;
    let foreign = Delivery {
        app_id: Some("wxfedcba9876543210".to_owned()),
        ..Delivery::default()
    };
    expect_refused(&world, request(&world, cancellation(), &foreign)).await;
    assert!(is_mismatch(&world));
    let in_plain = Delivery {
        mode: plain().mode,
        ..foreign
    };
    let verdict = MediaVerdict::new("t", Suggestion::Pass).message();
    expect_refused(&world, request(&world, verdict, &in_plain)).await;
    assert!(is_mismatch(&world));
}

#[tokio::test]
async fn what_was_encrypted_with_another_key_is_refused_and_raises_an_alarm() {
    let world = World::new().await;
    let mut console = push_settings();
    console.aes_key = "A".repeat(43);
    let app_id = world.wechat.app_id();
    let request = console.request(cancellation(), &Delivery::default(), &app_id);
    expect_refused(&world, request.unwrap()).await;
    assert!(is_mismatch(&world));
}

#[tokio::test]
async fn bodies_that_cannot_be_read_are_refused() {
    let world = World::new().await;
    let deep = format!("{}1{}", "{\"a\":".repeat(5000), "}".repeat(5000));
    for body in [
        "", "[]", "null", "{", "<xml>", "<xml/>", "text", "\u{0}", &deep,
    ] {
        let query = request(&world, cancellation(), &plain()).query;
        expect_refused(
            &world,
            PushRequest {
                query,
                body: body.to_owned(),
            },
        )
        .await;
    }
    let secure = request(&world, cancellation(), &Delivery::default());
    for body in ["{}", "{\"Encrypt\":[]}", "<xml><Encrypt>*</Encrypt></xml>"] {
        let (query, body) = (secure.query.clone(), body.to_owned());
        expect_refused(&world, PushRequest { query, body }).await;
    }
    let mut large = request(&world, cancellation(), &plain());
    large.body.push_str(&" ".repeat(BODY_LIMIT));
    let answer = send(&world.wechat_push, large).await;
    answer.expect_problem(413, "body_too_large");
}

#[tokio::test]
async fn the_address_is_verified_by_its_echo_alone() {
    let world = World::new().await;
    let query = push_settings().verification("4375120948345356249");
    let get = |query: &str| world.wechat_push.get(&format!("{PATH}?{query}"));
    let answer = get(&query).send().await.expect(200);
    assert_eq!(answer.json, "4375120948345356249");
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    // It comes back as text whatever it is: no browser takes it for a page.
    let page = push_settings().verification("%3Cscript%3E");
    assert_eq!(get(&page).send().await.expect(200).json, "<script>");
    for wrong in [
        query.replace("nonce=", "nonce=1"),
        "echostr=1".to_owned(),
        String::new(),
    ] {
        get(&wrong).send().await.expect_problem(403, "forbidden");
    }
    world.advance(Duration::from_secs(660));
    get(&query).send().await.expect_problem(403, "forbidden");
}

#[tokio::test]
async fn a_message_that_the_queue_does_not_take_is_not_acknowledged() {
    let proxy = Proxy::start().await;
    let world = World::behind(&proxy).await;
    proxy.fail_always(Matching::To(Service::Sqs), Fault::InternalError);
    let failed = push(&world, cancellation(), &Delivery::default()).await;
    failed.expect_problem(503, "temporarily_unavailable");
    // What nothing has to be done about needs no queue.
    let demo = json!({"Event": "debug_demo"});
    push(&world, demo, &Delivery::default()).await.expect(200);
    proxy.heal();
    push(&world, cancellation(), &Delivery::default())
        .await
        .expect(200);
    assert_eq!(tasks(&world).await.len(), 1);
}

#[tokio::test]
async fn it_is_answered_within_a_second_whatever_the_queue_does() {
    let proxy = Proxy::start().await;
    let world = World::behind(&proxy).await;
    push(&world, cancellation(), &Delivery::default())
        .await
        .expect(200);
    let slow = Fault::Slow(Duration::from_secs(5));
    proxy.fail_always(Matching::To(Service::Sqs), slow);
    let started = tokio::time::Instant::now();
    let late = push(&world, cancellation(), &Delivery::default()).await;
    late.expect_problem(503, "temporarily_unavailable");
    assert!(
        started.elapsed() < Duration::from_secs(2),
        "{:?}",
        started.elapsed()
    );
}

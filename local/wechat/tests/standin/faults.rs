use crate::client::{Answer, get, hangs, login, login_target, phone, token, token_with, try_login};
use http_body_util::{BodyExt, Empty};
use hyper::{Request, body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use wechat_standin::{Endpoint, Fault, Wechat};

/// Lets the first login meet a fault, and shows what a second one with the same code gets.
async fn login_twice(fault: Fault) -> (Result<Answer, String>, Answer) {
    let wechat = Wechat::start().await.unwrap();
    wechat.script(Endpoint::Code2Session, fault, 1);
    (
        try_login(&wechat, "alice-1").await,
        login(&wechat, "alice-1").await,
    )
}

#[tokio::test]
async fn a_fault_that_replaces_the_answer_leaves_the_code_unused() {
    for (fault, status, content_type, start) in [
        (
            Fault::Errcode(45011),
            200,
            "text/plain",
            &b"{\"errcode\":45011"[..],
        ),
        (
            Fault::ErrcodeAs(json!("45011")),
            200,
            "text/plain",
            b"{\"errcode\":\"45011\"",
        ),
        (
            Fault::ErrcodeAs(json!(45011.0)),
            200,
            "text/plain",
            b"{\"errcode\":45011.0",
        ),
        (Fault::Status(503), 503, "text/plain; charset=utf-8", b"503"),
        (
            Fault::TooManyRequests(7),
            429,
            "text/plain; charset=utf-8",
            b"Too Many",
        ),
        (Fault::Html, 200, "text/html", b"<!DOCTYPE html>"),
        (Fault::Garbage, 200, "text/plain", b"\x1f\x8b"),
        (Fault::Empty, 200, "text/plain", b""),
    ] {
        let (first, second) = login_twice(fault.clone()).await;
        let first = first.unwrap();
        assert_eq!(
            (first.status, first.content_type.as_str()),
            (status, content_type),
            "{fault:?}"
        );
        assert!(first.body.starts_with(start), "{fault:?}: {:?}", first.body);
        assert_eq!(second.json()["openid"], "alice", "{fault:?}");
    }
}

#[tokio::test]
async fn a_fault_that_loses_the_answer_uses_the_code_up() {
    for fault in [Fault::DropBeforeResponse, Fault::DropMidResponse] {
        let (first, second) = login_twice(fault.clone()).await;
        assert!(first.is_err(), "{fault:?}: {first:?}");
        assert_eq!(second.errcode(), 40163, "{fault:?}");
    }
    let (first, second) = login_twice(Fault::TruncatedJson).await;
    assert!(serde_json::from_slice::<serde_json::Value>(&first.unwrap().body).is_err());
    assert_eq!(second.errcode(), 40163);
}

#[tokio::test]
async fn a_hanging_call_was_carried_out_and_others_go_on() {
    let wechat = Wechat::start().await.unwrap();
    wechat.script(Endpoint::Code2Session, Fault::Hang, 1);
    assert!(hangs(&wechat, "alice-1").await);
    assert_eq!(login(&wechat, "alice-1").await.errcode(), 40163);
    assert_eq!(wechat.count(Endpoint::Code2Session), 2);
}

#[tokio::test]
async fn an_answer_cut_in_the_middle_arrives_in_part() {
    let wechat = Wechat::start().await.unwrap();
    wechat.script(Endpoint::Code2Session, Fault::DropMidResponse, 1);
    let mut stream = TcpStream::connect(wechat.address()).await.unwrap();
    let request = format!(
        "GET {} HTTP/1.1\r\nhost: standin\r\n\r\n",
        login_target("alice-1")
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut received = Vec::new();
    stream.read_to_end(&mut received).await.unwrap();
    let received = String::from_utf8(received).unwrap();
    let (head, body) = received.split_once("\r\n\r\n").unwrap();
    let promised: usize = head
        .split("content-length: ")
        .nth(1)
        .unwrap()
        .lines()
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert!(
        body.starts_with('{') && body.len() == promised / 2,
        "{received}"
    );
}

#[tokio::test]
async fn a_dripping_answer_takes_its_time_and_is_complete() {
    let wechat = Wechat::start().await.unwrap();
    let every = Duration::from_millis(10);
    wechat.script(
        Endpoint::Code2Session,
        Fault::SlowDrip { bytes: 10, every },
        1,
    );
    let begin = Instant::now();
    let answer = login(&wechat, "alice-1").await;
    assert_eq!(answer.json()["openid"], "alice");
    assert!(begin.elapsed() >= every * 6, "{:?}", begin.elapsed());
}

#[tokio::test]
async fn a_delayed_answer_is_the_usual_one() {
    let wechat = Wechat::start().await.unwrap();
    wechat.script(
        Endpoint::StableToken,
        Fault::Delay(Duration::from_millis(100)),
        1,
    );
    let begin = Instant::now();
    assert!(!token(&wechat).await.is_empty());
    assert!(begin.elapsed() >= Duration::from_millis(100));
}

#[tokio::test]
async fn an_oversized_answer_is_correct_json_of_more_than_16_kilobytes() {
    let (first, _) = login_twice(Fault::Oversized).await;
    let first = first.unwrap();
    assert_eq!(first.json()["openid"], "alice");
    assert!(first.body.len() > 16 * 1024);
}

#[tokio::test]
async fn a_byte_order_mark_comes_before_the_usual_answer() {
    let (first, second) = login_twice(Fault::ByteOrderMark).await;
    let first = first.unwrap();
    let json = first.body.strip_prefix(b"\xef\xbb\xbf").unwrap();
    let json: serde_json::Value = serde_json::from_slice(json).unwrap();
    assert_eq!(json["openid"], "alice");
    assert_eq!(second.errcode(), 40163);
}

#[tokio::test]
async fn fields_of_an_answer_can_be_missing_or_different() {
    let wechat = Wechat::start().await.unwrap();
    wechat.script(Endpoint::Code2Session, Fault::missing("openid"), 1);
    let answer = login(&wechat, "alice-1").await.json();
    assert!(
        answer.get("openid").is_none() && answer.get("session_key").is_some(),
        "{answer}"
    );

    wechat.script(
        Endpoint::PhoneNumber,
        Fault::set("phone_info.countryCode", 86),
        1,
    );
    wechat.script(
        Endpoint::PhoneNumber,
        Fault::set("phone_info.watermark.appid", "wxother"),
        1,
    );
    let token = token(&wechat).await;
    let first = phone(&wechat, &token, r#"{"code":"phone-13800138000-1"}"#)
        .await
        .json();
    let second = phone(&wechat, &token, r#"{"code":"phone-13800138000-2"}"#)
        .await
        .json();
    assert_eq!(first["phone_info"]["countryCode"], 86);
    assert_eq!(second["phone_info"]["watermark"]["appid"], "wxother");
}

#[tokio::test]
async fn a_secret_can_rotate_under_a_call() {
    let wechat = Wechat::start().await.unwrap();
    wechat.script(
        Endpoint::StableToken,
        Fault::RotateSecret("new".to_owned()),
        1,
    );
    assert_eq!(token_with(&wechat, json!({})).await.errcode(), 40125);
    assert_eq!(
        token_with(&wechat, json!({ "secret": "new" }))
            .await
            .errcode(),
        0
    );
}

#[tokio::test]
async fn a_fault_strikes_as_often_as_told_and_only_its_endpoint() {
    let wechat = Wechat::start().await.unwrap();
    wechat.script(Endpoint::Code2Session, Fault::Errcode(-1), 2);
    token(&wechat).await;
    let mut errcodes = Vec::new();
    for turn in 0..3 {
        errcodes.push(login(&wechat, &format!("alice-{turn}")).await.errcode());
    }
    assert_eq!(errcodes, [-1, -1, 0]);
}

#[tokio::test]
async fn a_rejected_connection_is_closed_unread_and_no_call_is_recorded() {
    let wechat = Wechat::start().await.unwrap();
    wechat.script(Endpoint::Code2Session, Fault::RejectConnection, 1);
    assert!(try_login(&wechat, "alice-1").await.is_err());
    assert_eq!(wechat.count(Endpoint::Code2Session), 0);
    assert_eq!(login(&wechat, "alice-1").await.json()["openid"], "alice");
}

#[tokio::test]
async fn a_connection_serves_many_calls_until_a_rejection_is_scripted() {
    let wechat = Wechat::start().await.unwrap();
    let stream = TcpStream::connect(wechat.address()).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    for _ in 0..2 {
        sender.ready().await.unwrap();
        let request = Request::get("/_standin/health")
            .body(Empty::<Bytes>::new())
            .unwrap();
        assert_eq!(
            sender
                .send_request(request)
                .await
                .unwrap()
                .collect()
                .await
                .unwrap()
                .to_bytes()
                .first(),
            Some(&b'{')
        );
    }
    wechat.script(Endpoint::Code2Session, Fault::RejectConnection, 1);
    tokio::time::timeout(Duration::from_secs(5), connection)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn connections_can_be_refused_for_a_while() {
    let wechat = Wechat::start().await.unwrap();
    wechat.refuse_connections().await;
    assert!(
        try_login(&wechat, "alice-1")
            .await
            .unwrap_err()
            .contains("refused")
    );
    wechat.accept_connections().await.unwrap();
    assert_eq!(login(&wechat, "alice-1").await.json()["openid"], "alice");
}

#[tokio::test]
async fn dropping_it_closes_the_port_and_the_connections() {
    let wechat = Wechat::start().await.unwrap();
    let address = wechat.address();
    assert_eq!(get(&wechat, "/_standin/health").await.status, 200);
    let mut idle = TcpStream::connect(address).await.unwrap();
    drop(wechat);
    // Either end of the abort will do: closed at once, or reset because the connection was never accepted.
    assert!(matches!(idle.read(&mut [0; 1]).await, Ok(0) | Err(_)));
    assert!(TcpStream::connect(address).await.is_err());
}

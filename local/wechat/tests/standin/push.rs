use crate::client::post;
use axum::{body::Body, response::Response};
use http_body_util::BodyExt;
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{net::TcpListener, time::timeout};
use wechat_standin::{
    Delivery, MediaVerdict, PushFormat, PushMode, PushSettings, Suggestion, Wechat,
};

const AES_KEY: &str = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR";

/// An address that keeps what it is sent, and answers with the texts that it was given, the last one for ever.
#[derive(Clone)]
struct Receiver {
    received: Arc<Mutex<Vec<(String, String)>>>,
    answers: Arc<Mutex<Vec<&'static str>>>,
}

impl Receiver {
    async fn start(answers: &[&'static str]) -> (Self, String) {
        let receiver = Self {
            received: Arc::default(),
            answers: Arc::new(Mutex::new(answers.to_vec())),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/push", listener.local_addr().unwrap());
        let serving = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let receiver = serving.clone();
                let service = service_fn(move |request| {
                    let receiver = receiver.clone();
                    async move { Ok::<_, Infallible>(receiver.receive(request).await) }
                });
                let connection =
                    http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                tokio::spawn(connection);
            }
        });
        (receiver, url)
    }

    async fn receive(&self, request: Request<Incoming>) -> Response {
        let query = request.uri().query().unwrap_or_default().to_owned();
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let body = String::from_utf8(body.into()).unwrap();
        let echo = query
            .split('&')
            .find_map(|pair| pair.strip_prefix("echostr="));
        if let Some(echo) = echo {
            return Response::new(Body::from(echo.to_owned()));
        }
        self.received.lock().unwrap().push((query, body));
        let mut answers = self.answers.lock().unwrap();
        let answer = if answers.len() > 1 {
            answers.remove(0)
        } else {
            answers[0]
        };
        Response::new(Body::from(answer))
    }

    fn received(&self) -> Vec<(String, String)> {
        self.received.lock().unwrap().clone()
    }
}

fn settings(url: &str, mode: PushMode) -> PushSettings {
    PushSettings {
        url: url.to_owned(),
        token: "token".to_owned(),
        aes_key: AES_KEY.to_owned(),
        mode,
        format: PushFormat::Json,
    }
}

#[tokio::test]
async fn a_message_that_is_not_acknowledged_comes_three_times() {
    let wechat = Wechat::start().await.unwrap();
    for (answers, attempts) in [
        (&["success"][..], 1),
        (&[""], 1),
        (&["no", "success"], 2),
        (&["no"], 3),
    ] {
        let (receiver, url) = Receiver::start(answers).await;
        wechat.set_push(Some(settings(&url, PushMode::Secure)));
        let event = json!({"Event": "debug_demo"});
        let given = wechat.push(event, &Delivery::default()).await.unwrap();
        assert_eq!(
            (given.len(), receiver.received().len()),
            (attempts, attempts)
        );
    }
    wechat.set_push(None);
    let given = wechat.push(json!({}), &Delivery::default()).await;
    assert_eq!(given, Ok(Vec::new()));
}

#[tokio::test]
async fn modes_and_formats_differ_in_query_and_body() {
    let wechat = Wechat::start().await.unwrap();
    let (receiver, url) = Receiver::start(&["success"]).await;
    wechat.set_push(Some(settings(&url, PushMode::Plain)));
    let verdict = MediaVerdict::new("t-1", Suggestion::Pass);
    let forms = [
        (PushMode::Plain, PushFormat::Json, "\"trace_id\":\"t-1\""),
        (
            PushMode::Plain,
            PushFormat::Xml,
            "<trace_id><![CDATA[t-1]]></trace_id>",
        ),
        (PushMode::Secure, PushFormat::Json, "\"Encrypt\":"),
        (PushMode::Secure, PushFormat::Xml, "<Encrypt><![CDATA["),
    ];
    for (mode, format, part) in forms {
        let delivery = Delivery {
            mode: Some(mode),
            format: Some(format),
            repeats: 1,
            ..Delivery::default()
        };
        wechat.push(verdict.message(), &delivery).await.unwrap();
        let received = receiver.received();
        let (query, body) = received.last().unwrap();
        assert!(body.contains(part), "{body}");
        assert_eq!(query.contains("encrypt_type=aes"), mode == PushMode::Secure);
    }
    assert_eq!(receiver.received().len(), 2 * forms.len());
}

#[tokio::test]
async fn it_is_told_by_the_control_api() {
    let wechat = Wechat::start().await.unwrap();
    let (receiver, url) = Receiver::start(&["success"]).await;
    let control = |path: &'static str, body: Value| {
        let wechat = &wechat;
        async move { post(wechat, &format!("/_standin/{path}"), &body.to_string()).await }
    };
    let verdict = json!({"verdict": {"trace_id": "t", "suggest": "risky", "version": 1},
        "delivery": {"mode": "plain", "numbers_as_text": true}});
    assert_eq!(control("push", verdict.clone()).await.status, 400);
    let console = json!({"url": url, "token": "token", "aes_key": AES_KEY});
    assert_eq!(control("console", console.clone()).await.status, 204);
    // What does not send echostr back is not taken.
    let mut elsewhere = console;
    elsewhere["url"] = wechat.base_url().into();
    assert_eq!(control("console", elsewhere).await.status, 400);

    let answers = control("push", verdict).await.json();
    assert_eq!(
        answers,
        json!({"answers": [{"status": 200, "body": "success"}]})
    );
    let (_, body) = receiver.received().remove(0);
    assert!(body.contains(r#""isrisky":"1""#), "{body}");
    for wrong in [
        json!({}),
        json!({"message": []}),
        json!({"message": {}, "verdict": {"trace_id": "t"}}),
    ] {
        assert_eq!(control("push", wrong).await.status, 400);
    }
    let late = json!({"message": {"Event": "e"}, "delivery": {"delay_ms": 1}});
    assert_eq!(control("push", late).await.status, 202);
    let comes = async {
        while receiver.received().len() < 2 {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(5), comes).await.unwrap();
}

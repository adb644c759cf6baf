//! A client of one request a connection, which shows what a connection did.

use http_body_util::{BodyExt, Full};
use hyper::{Method, Request, body::Bytes, client::conn::http1, header::CONTENT_TYPE};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::{net::SocketAddr, time::Duration};
use tokio::{net::TcpStream, time::timeout};
use wechat_standin::{APP_ID, APP_SECRET, Wechat};

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {:?}", self.body))
    }

    pub(crate) fn errcode(&self) -> i64 {
        self.json()["errcode"].as_i64().unwrap_or_default()
    }
}

/// Sends a request over a connection of its own.
pub(crate) async fn send(
    at: SocketAddr,
    method: Method,
    target: &str,
    body: &str,
) -> Result<Answer, String> {
    let stream = TcpStream::connect(at)
        .await
        .map_err(|error| error.to_string())?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| error.to_string())?;
    tokio::spawn(connection);
    let request = Request::builder()
        .method(method)
        .uri(target)
        .header("host", at.to_string())
        .header(CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::copy_from_slice(body.as_bytes())))
        .unwrap();
    let response = sender
        .send_request(request)
        .await
        .map_err(|error| error.to_string())?;
    let (head, body) = response.into_parts();
    let content_type = head
        .headers
        .get(CONTENT_TYPE)
        .map(|value| value.to_str().unwrap().to_owned());
    let body = body
        .collect()
        .await
        .map_err(|error| error.to_string())?
        .to_bytes();
    Ok(Answer {
        status: head.status.as_u16(),
        content_type: content_type.unwrap_or_default(),
        body,
    })
}

pub(crate) async fn get(wechat: &Wechat, target: &str) -> Answer {
    send(wechat.address(), Method::GET, target, "")
        .await
        .unwrap()
}

pub(crate) async fn post(wechat: &Wechat, target: &str, body: &str) -> Answer {
    send(wechat.address(), Method::POST, target, body)
        .await
        .unwrap()
}

/// The target of a login.
pub(crate) fn login_target(code: &str) -> String {
    format!(
        "/sns/jscode2session?appid={APP_ID}&secret={APP_SECRET}&js_code={code}&grant_type=authorization_code"
    )
}

/// Logs in; an error is what a client sees of a broken connection.
pub(crate) async fn try_login(wechat: &Wechat, code: &str) -> Result<Answer, String> {
    send(wechat.address(), Method::GET, &login_target(code), "").await
}

pub(crate) async fn login(wechat: &Wechat, code: &str) -> Answer {
    try_login(wechat, code).await.unwrap()
}

/// Whether nothing comes back within a short time.
pub(crate) async fn hangs(wechat: &Wechat, code: &str) -> bool {
    timeout(Duration::from_millis(200), try_login(wechat, code))
        .await
        .is_err()
}

pub(crate) async fn token_with(wechat: &Wechat, changes: Value) -> Answer {
    let mut body =
        json!({ "grant_type": "client_credential", "appid": APP_ID, "secret": APP_SECRET });
    for (name, value) in changes.as_object().unwrap() {
        body[name] = value.clone();
    }
    post(wechat, "/cgi-bin/stable_token", &body.to_string()).await
}

pub(crate) async fn token(wechat: &Wechat) -> String {
    let answer = token_with(wechat, json!({})).await.json();
    answer["access_token"]
        .as_str()
        .unwrap_or_else(|| panic!("{answer}"))
        .to_owned()
}

pub(crate) async fn phone(wechat: &Wechat, token: &str, body: &str) -> Answer {
    post(
        wechat,
        &format!("/wxa/business/getuserphonenumber?access_token={token}"),
        body,
    )
    .await
}

//! The main job on the deployed local stack, over HTTP alone, as a phone does it: login, profile, ticket, upload,
//! verified record, logout, deletion.

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use support::samples;

use crate::STACK;

pub(crate) struct Phone {
    pub(crate) http: Client,
    api: String,
    token: String,
}

impl Phone {
    pub(crate) fn new() -> Self {
        let api = std::env::var("STACK_API_URL")
            .expect("this test needs the local stack: run `make test`");
        let http = support::http_client(Duration::from_secs(20));
        Self {
            http,
            api,
            token: String::new(),
        }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.api))
            .bearer_auth(&self.token)
    }

    pub(crate) async fn json(&self, status: u16, request: RequestBuilder) -> Value {
        let response = request.send().await.expect("the API answers");
        let got = response.status().as_u16();
        let text = response.text().await.expect("a body");
        assert_eq!(got, status, "{text}");
        if text.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text).expect("JSON")
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.json(200, self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, status: u16, path: &str, body: &Value) -> Value {
        self.json(status, self.request(Method::POST, path).json(body))
            .await
    }

    pub(crate) async fn log_in(&mut self, code: &str) -> Value {
        let session = self.post(200, "/v1/login", &json!({"code": code})).await;
        self.token = text(&session["access_token"]);
        session
    }

    /// Waits until the upload has left `pending`.
    async fn verified(&self, id: &str) -> Value {
        for _ in 0..150 {
            let upload = self.get(&format!("/v1/uploads/{id}")).await;
            if upload["status"] != "pending" {
                return upload;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        panic!("the upload stayed pending for 30 s");
    }

    /// Follows a link to an object, which is not the API and gets no token.
    async fn download(&self, url: &str) -> (StatusCode, Vec<u8>) {
        let response = self.http.get(url).send().await.expect("S3 answers");
        (
            response.status(),
            response.bytes().await.expect("a body").to_vec(),
        )
    }
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().expect("a string").to_owned()
}

/// The form that `wx.uploadFile` sends: the fields first, the file last.
pub(crate) fn form(ticket: &Value, bytes: &[u8]) -> reqwest::multipart::Form {
    let fields = ticket["fields"].as_object().expect("fields");
    let form = fields
        .iter()
        .fold(reqwest::multipart::Form::new(), |form, (name, value)| {
            form.text(name.clone(), text(value))
        });
    let file = reqwest::multipart::Part::bytes(bytes.to_vec()).file_name("tmp_8f2c.jpg");
    form.part(
        text(&ticket["file_field"]),
        file.mime_str("application/octet-stream")
            .expect("a media type"),
    )
}

#[tokio::test]
async fn from_login_to_a_verified_record_and_back_to_nothing() {
    let _shared = STACK.read().await;
    let mut phone = Phone::new();
    let openid = format!("e2e_{}", std::process::id());
    let session = phone.log_in(&format!("{openid}-1")).await;
    assert_eq!(session["is_new"], true);
    assert_eq!(phone.get("/v1/users/me").await["id"], session["user"]["id"]);

    let renamed = phone
        .request(Method::PUT, "/v1/users/me")
        .json(&json!({"nickname": "小明 🌟"}));
    assert_eq!(phone.json(200, renamed).await["nickname"], "小明 🌟");
    let body = json!({"refresh_token": session["refresh_token"]});
    let refreshed = phone.post(200, "/v1/login/refresh", &body).await;
    assert_eq!(refreshed["user"]["nickname"], "小明 🌟");
    phone.token = text(&refreshed["access_token"]);

    let avatar = upload_by_post(&phone, "avatar").await;
    let profile = phone.get("/v1/users/me").await;
    let (status, bytes) = phone.download(&text(&profile["avatar_url"])).await;
    assert_eq!((status, bytes), (StatusCode::OK, samples::jpeg()));
    let file = upload_by_put(&phone).await;
    let listed = phone.get("/v1/uploads").await;
    let ids: Vec<_> = listed["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|item| item["id"].clone())
        .collect();
    assert_eq!(ids, [file["id"].clone(), avatar["id"].clone()]);

    phone
        .json(204, phone.request(Method::POST, "/v1/logout"))
        .await;
    let body = json!({"refresh_token": refreshed["refresh_token"]});
    assert_eq!(
        phone.post(401, "/v1/login/refresh", &body).await["code"],
        "refresh_invalid"
    );

    let again = phone.log_in(&format!("{openid}-2")).await;
    assert_eq!(
        (&again["is_new"], &again["user"]["id"]),
        (&json!(false), &session["user"]["id"])
    );
    phone
        .json(204, phone.request(Method::DELETE, "/v1/users/me"))
        .await;
    assert_eq!(
        phone
            .json(401, phone.request(Method::GET, "/v1/users/me"))
            .await["code"],
        "unauthorized"
    );
    for url in [text(&profile["avatar_url"]), text(&file["download_url"])] {
        gone(&phone, &url).await;
    }
}

/// An upload as `wx.uploadFile` does it.
async fn upload_by_post(phone: &Phone, purpose: &str) -> Value {
    let bytes = samples::jpeg();
    let request = json!({"content_type": "image/jpeg", "size": bytes.len(), "purpose": purpose});
    let issued = phone.post(201, "/v1/uploads", &request).await;
    assert_eq!(issued["upload"]["status"], "pending");
    let ticket = &issued["ticket"];
    let sent = phone
        .http
        .post(text(&ticket["url"]))
        .multipart(form(ticket, &bytes))
        .send()
        .await
        .expect("S3 answers");
    let status = sent.status();
    assert_eq!(
        status,
        StatusCode::CREATED,
        "{}",
        sent.text().await.unwrap_or_default()
    );
    check_ready(phone, &text(&issued["upload"]["id"]), &bytes).await
}

/// An upload as `wx.request` does it with an `ArrayBuffer`.
async fn upload_by_put(phone: &Phone) -> Value {
    let bytes = samples::png();
    let request = json!({"content_type": "image/png", "size": bytes.len(), "purpose": "file", "method": "PUT"});
    let issued = phone.post(201, "/v1/uploads", &request).await;
    let ticket = &issued["ticket"];
    let headers = ticket["headers"].as_object().expect("headers");
    let put = phone.http.put(text(&ticket["url"])).body(bytes.clone());
    let put = headers
        .iter()
        .fold(put, |put, (name, value)| put.header(name, text(value)));
    assert_eq!(
        put.send().await.expect("S3 answers").status(),
        StatusCode::OK
    );
    check_ready(phone, &text(&issued["upload"]["id"]), &bytes).await
}

async fn check_ready(phone: &Phone, id: &str, bytes: &[u8]) -> Value {
    let upload = phone.verified(id).await;
    assert_eq!(
        (&upload["status"], &upload["size"]),
        (&json!("ready"), &json!(bytes.len())),
        "{upload}"
    );
    let etag = text(&upload["etag"]);
    let (status, downloaded) = phone.download(&text(&upload["download_url"])).await;
    assert_eq!((status, downloaded.as_slice()), (StatusCode::OK, bytes));
    let head = phone
        .http
        .get(text(&upload["download_url"]))
        .send()
        .await
        .expect("S3 answers");
    assert_eq!(
        head.headers()["etag"]
            .to_str()
            .expect("text")
            .trim_matches('"'),
        etag
    );
    upload
}

/// Waits until `purge` has removed what is behind the link.
async fn gone(phone: &Phone, url: &str) {
    for _ in 0..150 {
        let (status, _) = phone.download(url).await;
        if status == StatusCode::NOT_FOUND {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("the object was still there after 30 s");
}

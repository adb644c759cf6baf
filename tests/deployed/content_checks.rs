//! Content checks on a stack that enforces them, over HTTP alone: what the mock WeChat server says of a picture or a nickname
//! comes back by its message push.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use support::samples;

use crate::STACK;
use crate::end_to_end::{Phone, form, text};

/// A picture that the mock WeChat server finds this word in.
fn picture(word: &str) -> Vec<u8> {
    [samples::jpeg(), word.as_bytes().to_vec()].concat()
}

impl Phone {
    async fn send(&self, picture: &[u8]) -> String {
        let body = json!({"content_type": "image/jpeg", "size": picture.len(), "purpose": "file"});
        let issued = self.post(201, "/v1/uploads", &body).await;
        let ticket = &issued["ticket"];
        let form = form(ticket, picture);
        let sent = self.http.post(text(&ticket["url"])).multipart(form).send();
        assert_eq!(sent.await.expect("S3 answers").status().as_u16(), 201);
        text(&issued["upload"]["id"])
    }

    /// What `path` shows when `is_done` holds of it.
    async fn until(&self, path: &str, is_done: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..300 {
            let shown = self.get(path).await;
            if is_done(&shown) {
                return shown;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        panic!("{path} did not change within a minute");
    }
}

#[tokio::test]
#[ignore = "needs a stack with CONTENT_CHECK_MEDIA and CONTENT_CHECK_TEXT: `make test` starts one"]
async fn pictures_and_nicknames_are_shown_as_wechat_says() {
    let _shared = STACK.read().await;
    let (mut phone, mut admin, mut stranger) = (Phone::new(), Phone::new(), Phone::new());
    let openid = format!("checked_{}", std::process::id());
    let session = phone.log_in(&format!("{openid}-1")).await;
    admin.log_in(&format!("admin-{}", std::process::id())).await;
    stranger.log_in(&format!("stranger_{openid}-1")).await;
    for (word, status) in [
        ("fine", "ready"),
        ("risky", "rejected"),
        ("review", "review"),
    ] {
        let path = format!("/v1/uploads/{}", phone.send(&picture(word)).await);
        let is_done = |shown: &Value| shown["status"] != "pending" && shown["status"] != "checking";
        let shown = phone.until(&path, is_done).await;
        assert_eq!(shown["status"], status, "{shown}");
        assert_eq!(shown["download_url"].is_string(), status != "rejected");
    }
    let user = format!("/v1/users/{}", text(&session["user"]["id"]));
    for (nickname, status, seen) in [
        ("fine", Value::Null, "fine"),
        ("risky", json!("rejected"), "fine"),
        ("review", json!("review"), "fine"),
    ] {
        let change = phone.request(Method::PUT, "/v1/users/me");
        let change = change.json(&json!({"nickname": nickname}));
        phone.json(200, change).await;
        let is_done = |shown: &Value| shown["nickname_status"] != "checking";
        let own = phone.until("/v1/users/me", is_done).await;
        assert_eq!(
            (&own["nickname"], &own["nickname_status"]),
            (&json!(nickname), &status)
        );
        assert_eq!(stranger.get(&user).await["nickname"], seen);
    }
    let reviews = admin.get("/v1/reviews").await;
    let reviews = reviews["items"].as_array().expect("items").clone();
    let of_phone = reviews
        .iter()
        .filter(|review| review["user"] == session["user"]["id"]);
    let ids: Vec<_> = of_phone.map(|review| text(&review["id"])).collect();
    assert_eq!(ids.len(), 2, "{reviews:?}");
    for id in ids {
        let approve = json!({"decision": "approve"});
        admin
            .post(204, &format!("/v1/reviews/{id}"), &approve)
            .await;
    }
    stranger
        .until(&user, |shown| shown["nickname"] == "review")
        .await;
}

use crate::client::{get, hangs, login, post, try_login};
use serde_json::json;
use wechat_standin::Wechat;

#[tokio::test]
async fn health_names_the_app_id_and_calls_are_listed() {
    let wechat = Wechat::start().await.unwrap();
    assert_eq!(
        get(&wechat, "/_standin/health").await.json(),
        json!({ "status": "ok", "app_id": wechat.app_id() })
    );
    login(&wechat, "alice-1").await;
    let calls = get(&wechat, "/_standin/calls").await.json()["calls"].clone();
    assert_eq!(
        calls.as_array().unwrap().len(),
        1,
        "control requests are no calls"
    );
    assert_eq!(
        (&calls[0]["endpoint"], &calls[0]["query"][2]),
        (&json!("jscode2session"), &json!(["js_code", "alice-1"]))
    );
}

#[tokio::test]
async fn faults_unionids_and_the_secret_are_set_and_reset() {
    let wechat = Wechat::start().await.unwrap();
    let hang = r#"{"endpoint":"jscode2session","fault":"hang"}"#;
    let errcode = r#"{"endpoint":"jscode2session","fault":{"errcode":-1},"times":2}"#;
    for (path, body) in [
        ("faults", hang),
        ("faults", errcode),
        ("unionid", r#"{"openid":"bob","unionid":"o6_bob"}"#),
    ] {
        assert_eq!(
            post(&wechat, &format!("/_standin/{path}"), body)
                .await
                .status,
            204,
            "{path} {body}"
        );
    }
    assert!(hangs(&wechat, "alice-1").await);
    assert_eq!(login(&wechat, "bob-1").await.errcode(), -1);
    assert_eq!(login(&wechat, "bob-1").await.errcode(), -1);
    assert_eq!(login(&wechat, "bob-1").await.json()["unionid"], "o6_bob");

    assert_eq!(
        post(&wechat, "/_standin/secret", r#"{"secret":"new"}"#)
            .await
            .status,
        204
    );
    assert_eq!(login(&wechat, "bob-2").await.errcode(), 40125);
    assert_eq!(post(&wechat, "/_standin/reset", "").await.status, 204);
    assert_eq!(login(&wechat, "bob-1").await.json().get("unionid"), None);
    assert!(try_login(&wechat, "bob-2").await.is_ok());
}

#[tokio::test]
async fn a_bad_control_request_says_what_is_wrong() {
    let wechat = Wechat::start().await.unwrap();
    for (path, body, part) in [
        ("faults", "", "EOF"),
        ("faults", "hang", "expected value"),
        (
            "faults",
            r#"{"endpoint":"login","fault":"hang"}"#,
            "`jscode2session`",
        ),
        (
            "faults",
            r#"{"endpoint":"stable_token","fault":"explode"}"#,
            "unknown variant `explode`",
        ),
        (
            "faults",
            r#"{"endpoint":"stable_token","fault":"hang","often":3}"#,
            "unknown field `often`",
        ),
        (
            "faults",
            r#"{"endpoint":"stable_token","fault":"hang","times":0}"#,
            "at least 1",
        ),
        (
            "faults",
            r#"{"endpoint":"stable_token","fault":{"status":99}}"#,
            "between 200 and 599",
        ),
        (
            "faults",
            r#"{"endpoint":"stable_token","fault":{"slow_drip":{"bytes":0,"every_ms":1}}}"#,
            "at least 1 byte",
        ),
        ("unionid", r#"{"unionid":"o6"}"#, "missing field `openid`"),
        ("secret", r#"{"secret":""}"#, "empty"),
    ] {
        let answer = post(&wechat, &format!("/_standin/{path}"), body).await;
        let error = answer.json()["error"].as_str().unwrap().to_owned();
        assert!(
            answer.status == 400 && error.contains(part),
            "{path} {body}: {} {error}",
            answer.status
        );
    }
    assert_eq!(get(&wechat, "/_standin/faults").await.status, 405);
    assert_eq!(get(&wechat, "/_standin/elsewhere").await.status, 404);
}

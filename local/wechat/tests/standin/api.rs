use crate::client::{get, login, login_target, phone, post, token, token_with};
use serde_json::json;
use std::time::{Duration, SystemTime};
use wechat_standin::{APP_ID, Endpoint, Wechat};

#[tokio::test]
async fn a_login_answers_text_plain_with_an_openid_a_key_and_no_errcode() {
    let wechat = Wechat::start().await.unwrap();
    let answer = login(&wechat, "alice-1").await;
    assert_eq!(
        (answer.status, answer.content_type.as_str()),
        (200, "text/plain")
    );
    let body = answer.json();
    assert_eq!(body["openid"], "alice");
    assert_eq!(body["session_key"].as_str().unwrap().len(), 24);
    assert_eq!(body.as_object().unwrap().len(), 2, "{body}");
}

#[tokio::test]
async fn codes_of_one_openid_work_once_each_and_replace_the_session_key() {
    let wechat = Wechat::start().await.unwrap();
    let (first, second) = (
        login(&wechat, "alice-1").await.json(),
        login(&wechat, "alice-2").await.json(),
    );
    assert_eq!(first["openid"], second["openid"]);
    assert_ne!(first["session_key"], second["session_key"]);

    let again = login(&wechat, "alice-1").await;
    assert_eq!((again.status, again.errcode()), (200, 40163));
    assert!(
        again.json()["errmsg"]
            .as_str()
            .unwrap()
            .starts_with("code been used, rid: "),
        "{:?}",
        again.json()
    );
}

#[tokio::test]
async fn a_unionid_appears_once_it_is_set() {
    let wechat = Wechat::start().await.unwrap();
    wechat.set_unionid("alice", Some("o6_alice"));
    assert_eq!(
        login(&wechat, "alice-1").await.json()["unionid"],
        "o6_alice"
    );
    wechat.set_unionid("alice", None);
    assert_eq!(login(&wechat, "alice-2").await.json().get("unionid"), None);
}

#[tokio::test]
async fn a_login_that_is_wrong_gets_the_errcode_of_what_is_wrong() {
    let wechat = Wechat::start().await.unwrap();
    let good = login_target("bob-1");
    for (target, errcode) in [
        (good.replace("appid=wx", "appid=wy"), 40013),
        (good.replace("secret=", "secret=x"), 40125),
        (good.replace("appid=", "app="), 41002),
        (good.replace(APP_ID, ""), 41002),
        (good.replace("secret=", "key="), 41004),
        (good.replace("js_code=", "code="), 41008),
        (
            good.replace("authorization_code", "client_credential"),
            40002,
        ),
        (good.replace("grant_type=", "grant="), 40002),
        (good.replace("bob-1", "bob"), 40029),
        (good.replace("bob-1", "phone-13800138000-1"), 40029),
        (good.replace("bob-1", "errcode-45011"), 45011),
        (good.replace("jscode2session", "jsCode2Session"), 40066),
        ("/".to_owned(), 40066),
    ] {
        let answer = get(&wechat, &target).await;
        assert_eq!(
            (answer.status, answer.errcode()),
            (200, errcode),
            "{target}"
        );
    }
    assert_eq!(post(&wechat, &good, "{}").await.errcode(), 41002);
    assert_eq!(
        login(&wechat, "bob-1").await.json()["openid"],
        "bob",
        "none of these used the code up"
    );
}

#[tokio::test]
async fn an_errcode_code_answers_its_number_every_time() {
    let wechat = Wechat::start().await.unwrap();
    for _ in 0..2 {
        assert_eq!(login(&wechat, "errcode-40226").await.errcode(), 40226);
        assert_eq!(login(&wechat, "errcode--1").await.errcode(), -1);
    }
}

#[tokio::test]
async fn a_token_is_the_same_until_its_last_five_minutes_or_until_forced() {
    let wechat = Wechat::start().await.unwrap();
    let first = token(&wechat).await;
    assert_eq!(token(&wechat).await, first);
    let answer = token_with(&wechat, json!({ "force_refresh": false }))
        .await
        .json();
    assert!(
        (7190..=7200).contains(&answer["expires_in"].as_u64().unwrap()),
        "{answer}"
    );
    assert_eq!(answer.get("errcode"), None);

    wechat.advance_clock(Duration::from_secs(7000));
    let second = token(&wechat).await;
    assert_ne!(second, first);
    assert_ne!(
        token_with(&wechat, json!({ "force_refresh": true }))
            .await
            .json()["access_token"],
        second.as_str()
    );
    assert_eq!(phone(&wechat, &second, "{}").await.errcode(), 40001);
}

#[tokio::test]
async fn a_token_call_that_is_wrong_gets_the_errcode_of_what_is_wrong() {
    let wechat = Wechat::start().await.unwrap();
    for (changes, errcode) in [
        (json!({ "grant_type": "authorization_code" }), 40002),
        (json!({ "grant_type": null }), 40002),
        (json!({ "appid": "" }), 41002),
        (json!({ "secret": null }), 41004),
        (json!({ "appid": "wy" }), 40013),
        (json!({ "secret": "old" }), 40125),
    ] {
        assert_eq!(
            token_with(&wechat, changes.clone()).await.errcode(),
            errcode,
            "{changes}"
        );
    }
    assert_eq!(
        post(
            &wechat,
            "/cgi-bin/stable_token",
            "grant_type=client_credential"
        )
        .await
        .errcode(),
        47001
    );
    assert_eq!(
        post(&wechat, "/cgi-bin/stable_token", "").await.errcode(),
        44002
    );
    assert_eq!(get(&wechat, "/cgi-bin/stable_token").await.errcode(), 43002);
    assert_eq!(post(&wechat, "/cgi-bin/token", "{}").await.errcode(), 40066);
}

#[tokio::test]
async fn a_phone_code_gives_its_number_once() {
    let wechat = Wechat::start().await.unwrap();
    let token = token(&wechat).await;
    let body = r#"{"code":"phone-13800138000-1","openid":"alice"}"#;
    let info = phone(&wechat, &token, body).await.json()["phone_info"].clone();
    assert_eq!(
        (&info["phoneNumber"], &info["purePhoneNumber"]),
        (&json!("13800138000"), &json!("13800138000"))
    );
    assert_eq!(
        (&info["countryCode"], &info["watermark"]["appid"]),
        (&json!("86"), &json!(APP_ID))
    );
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    assert!(
        now.abs_diff(info["watermark"]["timestamp"].as_u64().unwrap()) < 5,
        "{info}"
    );

    assert_eq!(phone(&wechat, &token, body).await.errcode(), 40029);
}

#[tokio::test]
async fn a_phone_call_that_is_wrong_gets_the_errcode_of_what_is_wrong() {
    let wechat = Wechat::start().await.unwrap();
    let token = token(&wechat).await;
    for (body, errcode) in [
        ("code=phone-13800138000-1", 47001),
        ("[]", 47001),
        ("", 44002),
        ("{}", 40029),
        (r#"{"code":"alice-1"}"#, 40029),
        (r#"{"code":"errcode-48001"}"#, 48001),
    ] {
        assert_eq!(
            phone(&wechat, &token, body).await.errcode(),
            errcode,
            "{body}"
        );
    }
    assert_eq!(phone(&wechat, "unknown", "{}").await.errcode(), 40001);
    assert_eq!(phone(&wechat, "", "{}").await.errcode(), 41001);
    wechat.expire_tokens();
    assert_eq!(phone(&wechat, &token, "{}").await.errcode(), 42001);
}

#[tokio::test]
async fn a_bound_phone_code_is_refused_to_anybody_else_and_stays_good() {
    let wechat = Wechat::start().await.unwrap();
    let token = token(&wechat).await;
    wechat.bind_phone_code("phone-13800138000-1", "alice");
    let stolen = phone(
        &wechat,
        &token,
        r#"{"code":"phone-13800138000-1","openid":"mallory"}"#,
    )
    .await;
    assert_eq!(stolen.errcode(), 40029);
    let own = phone(
        &wechat,
        &token,
        r#"{"code":"phone-13800138000-1","openid":"alice"}"#,
    )
    .await;
    assert_eq!(own.errcode(), 0);
}

#[tokio::test]
async fn the_secret_can_be_rotated() {
    let wechat = Wechat::start().await.unwrap();
    wechat.rotate_secret("new");
    assert_eq!(wechat.app_secret(), "new");
    assert_eq!(login(&wechat, "alice-1").await.errcode(), 40125);
    assert_eq!(
        token_with(&wechat, json!({ "secret": "new" }))
            .await
            .errcode(),
        0
    );
}

#[tokio::test]
async fn calls_are_recorded_with_what_they_carried() {
    let wechat = Wechat::start().await.unwrap();
    get(
        &wechat,
        "/sns/jscode2session?js_code=a%26b&appid=one&appid=two",
    )
    .await;
    post(&wechat, "/cgi-bin/stable_token", r#"{"appid":"wx"}"#).await;
    post(&wechat, "/cgi-bin/stable_token", "appid=wx").await;
    get(&wechat, "/elsewhere").await;

    let calls = wechat.calls();
    let endpoints: Vec<_> = calls.iter().map(|call| call.endpoint).collect();
    assert_eq!(
        endpoints,
        [
            Endpoint::Code2Session,
            Endpoint::StableToken,
            Endpoint::StableToken,
            Endpoint::Other
        ]
    );
    assert_eq!(calls[0].query.len(), 3);
    assert_eq!(
        (calls[0].parameter("js_code"), calls[0].parameter("appid")),
        (Some("a&b"), Some("one"))
    );
    assert_eq!(
        (calls[1].method.as_str(), calls[1].field("appid")),
        ("POST", Some(&json!("wx")))
    );
    assert_eq!(
        (calls[1].content_type.as_deref(), &calls[2].body),
        (Some("application/json"), &json!("appid=wx"))
    );
    assert!(calls.is_sorted_by_key(|call| call.at));
    assert_eq!(
        (
            wechat.count(Endpoint::StableToken),
            wechat.count(Endpoint::PhoneNumber)
        ),
        (2, 0)
    );
}

#[tokio::test]
async fn a_reset_forgets_everything() {
    let wechat = Wechat::start().await.unwrap();
    wechat.set_unionid("alice", Some("o6_alice"));
    let old = token(&wechat).await;
    login(&wechat, "alice-1").await;
    wechat.rotate_secret("new");

    wechat.reset();
    assert_eq!(wechat.count(Endpoint::Code2Session), 0);
    assert!(wechat.calls().is_empty());
    assert_eq!(login(&wechat, "alice-1").await.json().get("unionid"), None);
    assert_eq!(phone(&wechat, &old, "{}").await.errcode(), 40001);
    assert_ne!(token(&wechat).await, old);
}

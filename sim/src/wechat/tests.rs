use super::*;

const NOW: i64 = 1_767_360_868_000;
const MINUTE: i64 = 60_000;

fn wechat() -> Wechat {
    Wechat::new("wx1", "secret")
}

fn answer(wechat: &mut Wechat, request: Request<Bytes>, now: i64) -> Value {
    let response = wechat.call(&request, now);
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/plain");
    serde_json::from_slice(response.body()).unwrap()
}

fn login(wechat: &mut Wechat, secret: &str, code: &str) -> Value {
    let url = format!(
        "http://wechat/sns/jscode2session?appid=wx1&secret={secret}&js_code={code}&grant_type=authorization_code"
    );
    answer(wechat, Request::get(url).body(Bytes::new()).unwrap(), NOW)
}

fn post(wechat: &mut Wechat, path: &str, body: Value, now: i64) -> Value {
    let request = Request::post(format!("http://wechat{path}")).body(body.to_string().into());
    answer(wechat, request.unwrap(), now)
}

fn token(wechat: &mut Wechat, force: bool, now: i64) -> (String, i64) {
    let body = json!({"grant_type": "client_credential", "appid": "wx1", "secret": "secret", "force_refresh": force});
    let answer = post(wechat, "/cgi-bin/stable_token", body, now);
    (
        answer["access_token"].as_str().unwrap().to_owned(),
        answer["expires_in"].as_i64().unwrap(),
    )
}

fn phone(wechat: &mut Wechat, token: &str, code: &str, openid: &str, now: i64) -> Value {
    let path = format!("/wxa/business/getuserphonenumber?access_token={token}");
    post(wechat, &path, json!({"code": code, "openid": openid}), now)
}

#[test]
fn a_code_is_good_once() {
    let mut wechat = wechat();
    let answer = login(&mut wechat, "secret", "o-alice-1");
    assert_eq!(answer["openid"], "o-alice");
    assert!(answer["session_key"].is_string() && answer.get("unionid").is_none());
    assert!(wechat.is_used("o-alice-1"));
    assert_eq!(login(&mut wechat, "secret", "o-alice-1")["errcode"], 40163);
    wechat.bind();
    assert_eq!(
        login(&mut wechat, "secret", "o-alice-2")["unionid"],
        "union-o-alice"
    );
}

#[test]
fn what_is_no_code_is_refused() {
    for code in ["alice", "-1", "alice-", "alice-x", "phone-alice-1"] {
        assert_eq!(
            login(&mut wechat(), "secret", code)["errcode"],
            40029,
            "{code}"
        );
    }
}

#[test]
fn a_rotated_secret_is_refused_and_uses_no_code_up() {
    let mut wechat = wechat();
    wechat.rotate("new");
    assert_eq!(login(&mut wechat, "secret", "alice-1")["errcode"], 40125);
    assert_eq!(login(&mut wechat, "new", "alice-1")["openid"], "alice");
}

#[test]
fn a_token_is_everybodys_until_its_last_minutes_in_which_two_are_good() {
    let mut wechat = wechat();
    let (first, expires_in) = token(&mut wechat, false, NOW);
    assert_eq!(expires_in, 7200);
    let later = NOW + 114 * MINUTE;
    assert_eq!(token(&mut wechat, false, later), (first.clone(), 360));
    let last = NOW + 115 * MINUTE;
    let (second, expires_in) = token(&mut wechat, false, last);
    assert_eq!((first != second, expires_in), (true, 7200));
    for (n, token) in [&first, &second].into_iter().enumerate() {
        let answer = phone(
            &mut wechat,
            token,
            &format!("phone-alice-{n}"),
            "alice",
            last,
        );
        assert_eq!(answer["errcode"], 0);
    }
    let answer = phone(
        &mut wechat,
        &first,
        "phone-alice-3",
        "alice",
        NOW + 120 * MINUTE,
    );
    assert_eq!(answer["errcode"], 42001);
}

#[test]
fn a_token_can_end_before_its_time() {
    let ends: [fn(&mut Wechat); 2] = [Wechat::end_tokens, |wechat| drop(token(wechat, true, NOW))];
    for end in ends {
        let mut wechat = wechat();
        let (old, _) = token(&mut wechat, false, NOW);
        end(&mut wechat);
        assert_eq!(
            phone(&mut wechat, &old, "phone-alice-1", "alice", NOW)["errcode"],
            40001
        );
        let (new, _) = token(&mut wechat, false, NOW);
        assert_eq!(
            phone(&mut wechat, &new, "phone-alice-1", "alice", NOW)["errcode"],
            0
        );
    }
}

#[test]
fn a_phone_code_is_good_once_and_for_its_owner() {
    let mut wechat = wechat();
    let (token, _) = token(&mut wechat, false, NOW);
    let stolen = phone(&mut wechat, &token, "phone-alice-1", "bob", NOW);
    assert_eq!(stolen["errcode"], 40029);
    let answer = phone(&mut wechat, &token, "phone-alice-1", "alice", NOW);
    assert_eq!(
        answer["phone_info"]["phoneNumber"],
        phone_number_of("alice")
    );
    assert_eq!(answer["phone_info"]["watermark"]["appid"], "wx1");
    assert_ne!(phone_number_of("alice"), phone_number_of("bob"));
    let again = phone(&mut wechat, &token, "phone-alice-1", "alice", NOW);
    assert_eq!(again["errcode"], 40163);
    let login_code = phone(&mut wechat, &token, "alice-1", "alice", NOW);
    assert_eq!(login_code["errcode"], 40029);
}

#[test]
fn requests_of_another_shape_are_refused_as_wechat_refuses_them() {
    let get = |url: &str| {
        Request::get(format!("http://wechat{url}"))
            .body(Bytes::new())
            .unwrap()
    };
    let cases = [
        ("/sns/jscode2Session", 40066),
        ("/sns/jscode2session?secret=secret", 41002),
        ("/sns/jscode2session?appid=wx2&secret=secret", 40013),
        ("/sns/jscode2session?appid=wx1", 41004),
        ("/sns/jscode2session?appid=wx1&secret=secret", 41008),
        (
            "/sns/jscode2session?appid=wx1&secret=secret&js_code=alice-1",
            40002,
        ),
        ("/cgi-bin/stable_token", 43002),
        ("/wxa/business/getuserphonenumber", 41001),
    ];
    for (url, errcode) in cases {
        assert_eq!(
            answer(&mut wechat(), get(url), NOW)["errcode"],
            errcode,
            "{url}"
        );
    }
    for (body, errcode) in [("", 44002), ("a=b", 47001), ("[]", 47001)] {
        let request = Request::post("http://wechat/cgi-bin/stable_token").body(Bytes::from(body));
        let answer = answer(&mut wechat(), request.unwrap(), NOW);
        assert_eq!(answer["errcode"], errcode, "{body}");
    }
}

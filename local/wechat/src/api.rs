//! The rules of the endpoints, without anything of HTTP's.

use crate::{
    content,
    noise::noise,
    state::{Call, Endpoint, State},
};
use data_encoding::{BASE64, HEXLOWER};
use serde_json::{Value, json};
use std::time::SystemTime;

/// The answer to a call, or an errcode.
pub(crate) fn respond(state: &mut State, call: &Call) -> Result<Value, i64> {
    match call.endpoint {
        Endpoint::Code2Session => code_to_session(state, call),
        Endpoint::StableToken => stable_token(state, call),
        Endpoint::PhoneNumber => phone_number(state, call),
        Endpoint::TextCheck => {
            check_token_and_body(state, call)?;
            content::text(call)
        }
        Endpoint::MediaCheck => {
            check_token_and_body(state, call)?;
            content::media(state, call)
        }
        Endpoint::CallbackCheck => {
            check_token_and_body(state, call)?;
            callback_check(state)
        }
        Endpoint::Other => Err(40066),
    }
}

/// The body that carries an errcode.
pub(crate) fn failure(errcode: i64) -> Value {
    json!({ "errcode": errcode, "errmsg": format!("{}, rid: {}", meaning(errcode), rid()) })
}

fn code_to_session(state: &mut State, call: &Call) -> Result<Value, i64> {
    // A POST's fields are not looked at, which is why the first of them is the one reported missing.
    let field = |name| {
        if call.method == "GET" {
            call.parameter(name)
        } else {
            None
        }
    };
    check_app(state, field("appid"), field("secret"))?;
    let code = present(field("js_code")).ok_or(41008)?;
    if field("grant_type") != Some("authorization_code") {
        return Err(40002);
    }
    let openid = openid_of(code)?;
    if !state.use_code(code) {
        return Err(40163);
    }
    let mut answer = json!({ "session_key": session_key(code), "openid": openid });
    if let Some(unionid) = state.unionid(openid) {
        answer["unionid"] = unionid.into();
    }
    Ok(answer)
}

fn stable_token(state: &mut State, call: &Call) -> Result<Value, i64> {
    let body = json_body(call)?;
    let field = |name| body.get(name).and_then(Value::as_str);
    if field("grant_type") != Some("client_credential") {
        return Err(40002);
    }
    check_app(state, field("appid"), field("secret"))?;
    let force = body
        .get("force_refresh")
        .and_then(Value::as_bool)
        .unwrap_or_default();
    let (token, expires_in) = state.tokens.current(force)?;
    Ok(json!({ "access_token": token, "expires_in": expires_in }))
}

fn phone_number(state: &mut State, call: &Call) -> Result<Value, i64> {
    let body = check_token_and_body(state, call)?;
    let field = |name| body.get(name).and_then(Value::as_str);
    // Without a code in the body (some put it in the query) the real API calls the code invalid, not missing.
    let code = field("code").ok_or(40029)?;
    let number = number_of(code)?;
    let owner = state.phone_owners.get(code).map(String::as_str);
    let stolen = matches!((owner, field("openid")), (Some(owner), Some(openid)) if owner != openid);
    if stolen || !state.use_code(code) {
        return Err(40029);
    }
    Ok(json!({ "phone_info": {
        "phoneNumber": number,
        "purePhoneNumber": number,
        "countryCode": "86",
        "watermark": { "timestamp": unix_seconds(), "appid": state.app_id },
    }}))
}

fn check_token_and_body<'a>(state: &mut State, call: &'a Call) -> Result<&'a Value, i64> {
    let token = present(call.parameter("access_token")).ok_or(41001)?;
    state.tokens.check(token)?;
    json_body(call)
}

/// What the networks say of the address that the message push goes to.
fn callback_check(state: &State) -> Result<Value, i64> {
    if state.push.is_none() {
        return Err(-1);
    }
    let ip = "127.0.0.1";
    Ok(json!({
        "dns": [{"ip": ip, "real_operator": "UNICOM"}],
        "ping": [{"ip": ip, "from_operator": "UNICOM", "package_loss": "0%", "time": "0.1ms"}],
    }))
}

fn check_app(state: &State, app_id: Option<&str>, secret: Option<&str>) -> Result<(), i64> {
    let app_id = present(app_id).ok_or(41002)?;
    let secret = present(secret).ok_or(41004)?;
    match (app_id == state.app_id, secret == state.app_secret) {
        (false, _) => Err(40013),
        (true, false) => Err(40125),
        (true, true) => Ok(()),
    }
}

fn json_body(call: &Call) -> Result<&Value, i64> {
    match &call.body {
        _ if call.method != "POST" => Err(43002),
        Value::Null => Err(44002),
        body if body.is_object() => Ok(body),
        _ => Err(47001),
    }
}

fn present(value: Option<&str>) -> Option<&str> {
    value.filter(|value| !value.is_empty())
}

/// The openid a login code stands for: what precedes its last `-`.
fn openid_of(code: &str) -> Result<&str, i64> {
    scripted_errcode(code)?;
    let fits = code.len() <= 128
        && code
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    match code.rsplit_once('-') {
        // A phone code sent here is as invalid as any other text.
        Some((openid, turn))
            if fits && !openid.is_empty() && !turn.is_empty() && number_of(code).is_err() =>
        {
            Ok(openid)
        }
        _ => Err(40029),
    }
}

/// The number a phone code stands for: `phone-<digits>-<anything>`.
fn number_of(code: &str) -> Result<&str, i64> {
    scripted_errcode(code)?;
    let digits = |text: &str| {
        (5..=15).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    match code
        .strip_prefix("phone-")
        .and_then(|rest| rest.split_once('-'))
    {
        Some((number, turn)) if digits(number) && !turn.is_empty() => Ok(number),
        _ => Err(40029),
    }
}

/// Fails with the errcode that a code of the form `errcode-<n>` asks for.
fn scripted_errcode(code: &str) -> Result<(), i64> {
    match code
        .strip_prefix("errcode-")
        .and_then(|number| number.parse().ok())
    {
        Some(errcode) => Err(errcode),
        None => Ok(()),
    }
}

/// Sixteen bytes in base64. Each login replaces the key of the one before, so it depends on the code.
fn session_key(code: &str) -> String {
    BASE64.encode(&noise::<16>(code))
}

fn unix_seconds() -> u64 {
    SystemTime::UNIX_EPOCH
        .elapsed()
        .unwrap_or_default()
        .as_secs()
}

/// A request id in WeChat's form, its first part the time.
fn rid() -> String {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    let groups = HEXLOWER.encode(&noise::<8>(now.as_nanos()));
    format!("{:08x}-{}-{}", now.as_secs(), &groups[..8], &groups[8..])
}

fn meaning(errcode: i64) -> &'static str {
    match errcode {
        -1 => "system error",
        0 => "ok",
        40001 => "invalid credential, access_token is invalid or not latest",
        40002 => "invalid grant_type",
        40003 => "invalid openid",
        40004 => "invalid media type",
        40013 => "invalid appid",
        40029 => "invalid code",
        40066 => "invalid url",
        40125 => "invalid appsecret",
        40163 => "code been used",
        40164 => "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist",
        40226 => "code blocked",
        40129 => "invalid scene",
        41001 => "access_token missing",
        41002 => "appid missing",
        41004 => "appsecret missing",
        41008 => "missing code",
        42001 => "access_token expired",
        43002 => "require POST method",
        43104 => "appid and openid do not match",
        44002 => "empty post data",
        44991 => "reach max api minute-quota limit",
        45009 => "reach max api daily quota limit",
        45011 => "api minute-quota reach limit, must slower, retry next minute",
        47001 => "data format error",
        48001 => "api unauthorized",
        48004 => "api forbidden for irregularities, view detail on mp.weixin.qq.com",
        61010 => "code is expired",
        50002 => "user limited",
        _ => "scripted error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_before_the_last_dash_of_a_login_code_names_the_openid() {
        for (code, openid) in [
            ("alice-1", "alice"),
            ("o6-b_C-22", "o6-b_C"),
            ("a-b-c-d", "a-b-c"),
            ("errcode-x", "errcode"),
        ] {
            assert_eq!(openid_of(code), Ok(openid), "{code}");
        }
        for code in [
            "alice",
            "-1",
            "alice-",
            "",
            "al ice-1",
            "a&appid=x-1",
            "é-1",
            &format!("{}-1", "a".repeat(127)),
        ] {
            assert_eq!(openid_of(code), Err(40029), "{code}");
        }
    }

    #[test]
    fn a_phone_code_is_no_login_code_and_the_other_way_round() {
        assert_eq!(number_of("phone-13800138000-1"), Ok("13800138000"));
        assert_eq!(openid_of("phone-13800138000-1"), Err(40029));
        for code in [
            "alice-1",
            "phone-1",
            "phone-13800138000",
            "phone-13800138000-",
            "phone-1380013800x-1",
        ] {
            assert_eq!(number_of(code), Err(40029), "{code}");
        }
    }

    #[test]
    fn a_code_can_ask_for_any_errcode() {
        for (code, errcode) in [
            ("errcode-40163", 40163),
            ("errcode--1", -1),
            ("errcode-0", 0),
        ] {
            assert_eq!(
                (openid_of(code), number_of(code)),
                (Err(errcode), Err(errcode)),
                "{code}"
            );
        }
    }

    #[test]
    fn a_session_key_is_sixteen_bytes_and_differs_from_login_to_login() {
        assert_eq!(
            BASE64
                .decode(session_key("alice-1").as_bytes())
                .unwrap()
                .len(),
            16
        );
        assert_eq!(session_key("alice-1"), session_key("alice-1"));
        assert_ne!(session_key("alice-1"), session_key("alice-2"));
    }

    #[test]
    fn a_rid_has_three_groups_of_eight_hexadecimal_digits() {
        let rid = rid();
        let groups: Vec<_> = rid.split('-').collect();
        assert_eq!(groups.len(), 3, "{rid}");
        assert!(groups.iter().all(|group| group.len() == 8 && group.bytes().all(|byte| byte.is_ascii_hexdigit())), "{rid}");
    }
}

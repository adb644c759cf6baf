//! What WeChat's responses mean. It leaves `errcode` out on success; some of its servers put a byte-order mark before the
//! JSON, and write an errcode as text or with a fraction.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::telemetry;
use crate::time::Timestamp;
use crate::wechat::WechatError;
use crate::wechat::errcode::{self, Endpoint};

/// Reads the fields of `T`, unless there is an errcode other than 0.
pub(super) fn read<T: DeserializeOwned>(
    endpoint: Endpoint,
    body: &[u8],
    now: Timestamp,
) -> Result<T, WechatError> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let json: Value =
        serde_json::from_slice(body).map_err(|_| WechatError::Malformed("not JSON"))?;
    if !json.is_object() {
        return Err(WechatError::Malformed("not an object"));
    }
    let errcode = match json.get("errcode") {
        None | Some(Value::Null) => 0,
        Some(errcode) => integer(errcode).ok_or(WechatError::Unusable("errcode"))?,
    };
    if errcode == 0 {
        return T::deserialize(&json).map_err(|_| WechatError::Unusable("a field is missing"));
    }
    let errmsg = json.get("errmsg").and_then(Value::as_str);
    note_error(errcode, errmsg.unwrap_or_default());
    Err(WechatError::Errcode {
        endpoint,
        errcode,
        wait: errcode::wait(errcode, now),
    })
}

/// A whole number, whether it is written as one, with a fraction of zero, or as text.
pub(super) fn integer(value: &Value) -> Option<i64> {
    let text = match value {
        Value::Number(number) => Cow::Owned(number.to_string()),
        Value::String(text) => Cow::Borrowed(text.trim()),
        _ => return None,
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let is_whole = fraction.bytes().all(|digit| digit == b'0');
    whole.parse().ok().filter(|_| is_whole)
}

/// Notes what WeChat's support will ask for. The rest of the text is not logged: WeChat may quote the request in it.
fn note_error(errcode: i64, errmsg: &str) {
    telemetry::field("wechat_errcode", errcode);
    if let Some(rid) = rid(errmsg) {
        telemetry::field("wechat_rid", rid);
    }
    if errcode == errcode::IP_NOT_LISTED
        && let Some(address) = errmsg
            .split([' ', ','])
            .find(|word| word.parse::<std::net::IpAddr>().is_ok())
    {
        telemetry::field("wechat_refused_ip", address);
    }
}

/// The request's id at WeChat: `rid: 64229bc2-48d0e8b1-2008ed9b`, in older answers `req_id: …`.
fn rid(errmsg: &str) -> Option<&str> {
    let rest = ["rid: ", "req_id: "]
        .iter()
        .find_map(|label| errmsg.split_once(label))?
        .1;
    let end = rest
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'))
        .unwrap_or(rest.len());
    Some(&rest[..end.min(64)]).filter(|rid| !rid.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wechat::client::SessionResponse;

    #[test]
    fn the_rid_is_found_in_both_forms() {
        assert_eq!(
            rid("invalid code, rid: 64229bc2-48d0e8b1-2008ed9b"),
            Some("64229bc2-48d0e8b1-2008ed9b")
        );
        assert_eq!(rid("invalid code, hints: [ req_id: abC1 ]"), Some("abC1"));
        assert_eq!(rid("rid: "), None);
        assert_eq!(rid(""), None);
    }

    fn read(body: &str) -> Result<String, WechatError> {
        let now = Timestamp::from_millis(0);
        let answer: Result<SessionResponse, _> =
            super::read(Endpoint::Code2Session, body.as_bytes(), now);
        answer.map(|answer| answer.openid)
    }

    #[test]
    fn answers_are_read_as_wechat_writes_them() {
        for body in [
            r#"{"openid":"o","session_key":"k"}"#,
            r#"{"openid":"o","errcode":0,"unionid":null}"#,
            r#"{"openid":"o","errcode":"0","errmsg":"ok"}"#,
            r#"{"openid":"o","errcode":0.0}"#,
            r#"{"openid":"o","errcode":null}"#,
            "\u{feff}{\"openid\":\"o\"}",
        ] {
            assert_eq!(read(body).unwrap(), "o", "{body}");
        }
        for body in [
            r#"{"errcode":40029,"errmsg":"x"}"#,
            r#"{"errcode":40029,"errmsg":null}"#,
            r#"{"errcode":40029,"errmsg":7}"#,
            r#"{"errcode":"40029"}"#,
            r#"{"errcode":" 40029 "}"#,
            r#"{"errcode":"40029.00"}"#,
            r#"{"errcode":40029.0}"#,
            r#"{"errcode":4.0029e4,"openid":"o"}"#,
            "\u{feff}{\"errcode\":\"40029\"}",
        ] {
            let found = read(body);
            assert!(
                matches!(found, Err(WechatError::Errcode { errcode: 40029, .. })),
                "{body}"
            );
        }
        assert!(matches!(
            read(r#"{"errcode":"-1"}"#),
            Err(WechatError::Errcode { errcode: -1, .. })
        ));
    }

    /// What is no JSON comes from something broken or in between. What is, comes from a WeChat that works.
    #[test]
    fn only_what_is_not_wechats_protocol_counts_as_an_outage() {
        for body in [
            "",
            "<html>",
            "{",
            "[]",
            "null",
            "40029",
            "\u{feff}\u{feff}{}",
        ] {
            let failure = read(body).unwrap_err();
            assert!(matches!(failure, WechatError::Malformed(_)), "{body}");
            assert!(failure.is_outage(), "{body}");
        }
        for body in [
            "{}",
            r#"{"session_key":"k"}"#,
            r#"{"openid":7}"#,
            r#"{"errcode":"forty"}"#,
            r#"{"errcode":""}"#,
            r#"{"errcode":40029.5}"#,
            r#"{"errcode":true}"#,
            r#"{"errcode":1e300}"#,
        ] {
            let failure = read(body).unwrap_err();
            assert!(matches!(failure, WechatError::Unusable(_)), "{body}");
            assert!(!failure.is_outage(), "{body}");
        }
    }
}

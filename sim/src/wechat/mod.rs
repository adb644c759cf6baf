//! A model of WeChat's server API: codes that are good once, and its access token.
//! <https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/>
//!
//! Codes need no registration: `<openid>-<n>` is one of `wx.login`, `phone-<openid>-<n>` one of the phone button.

mod token;

use std::borrow::Cow;
use std::collections::BTreeSet;

use bytes::Bytes;
use data_encoding::BASE64;
use http::{HeaderValue, Method, Request, Response};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use shared::digest::sha256;

use token::Tokens;

/// WeChat as it serves one mini-program.
#[derive(Clone, Debug)]
pub struct Wechat {
    app_id: String,
    secret: String,
    used: BTreeSet<String>,
    tokens: Tokens,
    has_unionids: bool,
}

impl Wechat {
    /// WeChat with one mini-program.
    pub fn new(app_id: &str, secret: &str) -> Self {
        Self {
            app_id: app_id.to_owned(),
            secret: secret.to_owned(),
            used: BTreeSet::new(),
            tokens: Tokens::default(),
            has_unionids: false,
        }
    }

    /// Binds the mini-program to an Open Platform account: people have a unionid from then on.
    pub fn bind(&mut self) {
        self.has_unionids = true;
    }

    /// Replaces the app secret, as the operator does in WeChat's console: the old one stops working at once.
    pub fn rotate(&mut self, secret: &str) {
        secret.clone_into(&mut self.secret);
    }

    /// Ends all access tokens before their time.
    pub fn end_tokens(&mut self) {
        self.tokens = self.tokens.ended();
    }

    /// Whether a code has been exchanged.
    pub fn is_used(&self, code: &str) -> bool {
        self.used.contains(code)
    }

    /// Answers a request at once.
    pub fn call(&mut self, request: &Request<Bytes>, now: i64) -> Response<Bytes> {
        let answer = match request.uri().path() {
            "/sns/jscode2session" => self.code_to_session(request),
            "/cgi-bin/stable_token" => self.stable_token(request, now),
            "/wxa/business/getuserphonenumber" => self.phone_number(request, now),
            _ => Err(40066),
        };
        match answer {
            Ok(answer) => respond(&answer),
            Err(errcode) => refusal(errcode),
        }
    }

    fn code_to_session(&mut self, request: &Request<Bytes>) -> Result<Value, i64> {
        if request.method() != Method::GET {
            return Err(43001);
        }
        let query = request.uri().query().unwrap_or_default();
        self.check_app(
            parameter(query, "appid").as_deref(),
            parameter(query, "secret").as_deref(),
        )?;
        let code = parameter(query, "js_code").ok_or(41008)?;
        if parameter(query, "grant_type").as_deref() != Some("authorization_code") {
            return Err(40002);
        }
        let openid = openid_of(&code).ok_or(40029)?;
        if !self.used.insert(code.clone().into_owned()) {
            return Err(40163);
        }
        let session_key = BASE64.encode(&sha256(code.as_bytes())[..16]);
        let mut answer = json!({"session_key": session_key, "openid": openid});
        if self.has_unionids {
            answer["unionid"] = format!("union-{openid}").into();
        }
        Ok(answer)
    }

    fn stable_token(&mut self, request: &Request<Bytes>, now: i64) -> Result<Value, i64> {
        let body = json_body(request)?;
        if body["grant_type"] != "client_credential" {
            return Err(40002);
        }
        self.check_app(body["appid"].as_str(), body["secret"].as_str())?;
        if body["force_refresh"] == true {
            self.tokens = self.tokens.ended();
        }
        let (token, expires_in) = self.tokens.current(now);
        Ok(json!({"access_token": token, "expires_in": expires_in}))
    }

    fn phone_number(&mut self, request: &Request<Bytes>, now: i64) -> Result<Value, i64> {
        let query = request.uri().query().unwrap_or_default();
        let token = parameter(query, "access_token").ok_or(41001)?;
        self.tokens.check(&token, now)?;
        let body = json_body(request)?;
        let code = body["code"].as_str().ok_or(40029)?;
        let owner = code
            .strip_prefix("phone-")
            .and_then(openid_of)
            .ok_or(40029)?;
        // A stolen code is no code.
        if body["openid"]
            .as_str()
            .is_some_and(|openid| openid != owner)
        {
            return Err(40029);
        }
        if !self.used.insert(code.to_owned()) {
            return Err(40163);
        }
        let number = phone_number_of(owner);
        Ok(json!({"errcode": 0, "errmsg": "ok", "phone_info": {
            "phoneNumber": number,
            "purePhoneNumber": number,
            "countryCode": "86",
            "watermark": {"timestamp": now / 1000, "appid": self.app_id},
        }}))
    }

    fn check_app(&self, app_id: Option<&str>, secret: Option<&str>) -> Result<(), i64> {
        if app_id.ok_or(41002)? != self.app_id {
            return Err(40013);
        }
        if secret.ok_or(41004)? != self.secret {
            return Err(40125);
        }
        Ok(())
    }
}

/// The phone number that WeChat has of a person.
pub fn phone_number_of(openid: &str) -> String {
    let hash = sha256(openid.as_bytes());
    let number = hash
        .iter()
        .take(7)
        .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    format!("13{:09}", number % 1_000_000_000)
}

/// The person whom a code stands for: what is before its last `-`, if a number is after it.
fn openid_of(code: &str) -> Option<&str> {
    let (openid, number) = code.rsplit_once('-')?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && !openid.is_empty() && !openid.starts_with("phone-")).then_some(openid)
}

/// A parameter that is there and not empty.
fn parameter<'a>(query: &'a str, name: &str) -> Option<Cow<'a, str>> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(known, value)| *known == name && !value.is_empty())?;
    percent_decode_str(value).decode_utf8().ok()
}

fn json_body(request: &Request<Bytes>) -> Result<Value, i64> {
    if request.method() != Method::POST {
        return Err(43002);
    }
    if request.body().is_empty() {
        return Err(44002);
    }
    let body: Value = serde_json::from_slice(request.body()).map_err(|_| 47001)?;
    if body.is_object() {
        Ok(body)
    } else {
        Err(47001)
    }
}

/// The answer that carries an errcode, such as -1: the system is busy.
pub fn refusal(errcode: i64) -> Response<Bytes> {
    respond(&json!({"errcode": errcode, "errmsg": format!("refused, rid: 64229bc2-{errcode}")}))
}

/// HTTP says 200 and `text/plain`, whatever WeChat says.
fn respond(body: &Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    let content_type = HeaderValue::from_static("text/plain");
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, content_type);
    response
}

#[cfg(test)]
mod tests;

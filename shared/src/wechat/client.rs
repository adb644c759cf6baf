//! The client. Facts that shape it: WeChat answers HTTP 200 and `text/plain` whatever happens, leaves `errcode` out on
//! success, and takes each code once, so that a call whose bytes were sent must not be sent again.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use http::HeaderMap;
use http::header::RETRY_AFTER;
use reqwest::{RequestBuilder, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::error::{Code, Error};
use crate::ids::OpenId;
use crate::net::{self, ClientBuildError, Roots};
use crate::random::Random;
use crate::telemetry::{self, Metric};
use crate::time::{Clock, Timestamp};
use crate::wechat::breaker::{Breaker, Open};
use crate::wechat::errcode::{self, Class, Endpoint, meaning};
use crate::wechat::token::{ApiToken, TokenCache};

/// Where WeChat is.
pub const BASE_URL: &str = "https://api.weixin.qq.com";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// One exchange with WeChat, with all its attempts.
pub const TOTAL_TIMEOUT: Duration = Duration::from_secs(3);
/// Larger answers are none of WeChat's.
const ANSWER_LIMIT: usize = 16 * 1024;
/// How often a call is repeated after "system busy", and a connection after it failed.
const REPETITIONS: u32 = 2;
const BACKOFF: Duration = Duration::from_millis(100);

/// The mini-program's secret. Its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct AppSecret(String);

impl AppSecret {
    /// The secret as configured.
    pub fn new(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for AppSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AppSecret(…)")
    }
}

macro_rules! code_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name(String);

        impl FromStr for $name {
            type Err = &'static str;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let fits = (1..=128).contains(&text.len())
                    && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
                if fits { Ok(Self(text.to_owned())) } else { Err("must be a code as the phone got it from WeChat") }
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    };
}

code_type! {
    /// What `wx.login()` gave the phone. It is the client's text: checked before it goes into a URL.
    LoginCode
}

code_type! {
    /// What the phone-number button gave the phone.
    PhoneCode
}

/// Who logged in. The `session_key` of the answer is dropped unread: it is WeChat's secret with the phone, nothing here
/// needs it, and what is not kept cannot leak.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The person within this mini-program.
    pub openid: OpenId,
    /// The person within all apps of one owner, once the mini-program is bound to an Open Platform account.
    pub unionid: Option<OpenId>,
}

/// Why WeChat gave nothing that can be used.
#[derive(Debug, thiserror::Error)]
pub enum WechatError {
    /// It answered an error code.
    #[error("WeChat answered errcode {errcode}")]
    Errcode {
        /// Which call.
        endpoint: Endpoint,
        /// Which error.
        errcode: i64,
        /// How long the error lasts, if that is known.
        wait: Option<Duration>,
    },
    /// It, or a gateway in front of it, answered HTTP 429.
    #[error("WeChat answered HTTP 429")]
    TooManyRequests {
        /// What its `Retry-After` says, in seconds.
        wait: Option<Duration>,
    },
    /// It did not answer in time.
    #[error("WeChat did not answer in time")]
    TimedOut,
    /// No connection, or one that broke.
    #[error("WeChat could not be reached")]
    Unreachable(#[source] reqwest::Error),
    /// It answered with an HTTP error.
    #[error("WeChat answered HTTP {0}")]
    Status(StatusCode),
    /// It answered something that is not its protocol.
    #[error("WeChat's answer cannot be read: {0}")]
    Malformed(&'static str),
    /// It answered in its protocol, but without what was asked for, or with something else in its place.
    #[error("WeChat's answer is of no use: {0}")]
    Unusable(&'static str),
    /// It failed so often that it is not asked for a while.
    #[error("WeChat is not asked for another {} ms", .0.as_millis())]
    NotAsked(Duration),
}

impl WechatError {
    /// Whether WeChat was not working. Any answer in its protocol says that it was, and so does a refusal by HTTP:
    /// these can be due to one client's code or one person's account, which must not shut out everybody else.
    fn is_outage(&self) -> bool {
        match self {
            Self::Errcode { errcode, .. } => *errcode == errcode::BUSY,
            Self::Status(status) => !status.is_client_error(),
            Self::TooManyRequests { .. } | Self::Unusable(_) => false,
            Self::TimedOut | Self::Unreachable(_) | Self::Malformed(_) | Self::NotAsked(_) => true,
        }
    }

    /// The metric that counts it.
    fn metric(&self) -> Metric {
        match self {
            Self::Errcode {
                endpoint, errcode, ..
            } => meaning(*endpoint, *errcode).class.metric(),
            Self::TooManyRequests { .. } => Class::Rate.metric(),
            _ => Metric::WechatFailures,
        }
    }

    /// Whether the app secret was refused, which a rotation explains.
    pub fn is_wrong_secret(&self) -> bool {
        matches!(
            self,
            Self::Errcode {
                errcode: errcode::WRONG_SECRET,
                ..
            }
        ) || matches!(
            self,
            Self::Errcode {
                endpoint: Endpoint::StableToken,
                errcode: 40001,
                ..
            }
        )
    }

    fn is_bad_token(&self) -> bool {
        matches!(self, Self::Errcode { endpoint: Endpoint::PhoneNumber, errcode, .. }
            if meaning(Endpoint::PhoneNumber, *errcode).class == Class::Token)
    }
}

impl From<WechatError> for Error {
    fn from(failure: WechatError) -> Self {
        let error = match &failure {
            WechatError::Errcode {
                endpoint,
                errcode,
                wait,
            } => after(*wait, Self::new(meaning(*endpoint, *errcode).code)),
            WechatError::TooManyRequests { wait } => {
                after(*wait, Self::new(Code::WechatRateLimited))
            }
            WechatError::TimedOut | WechatError::Unreachable(_) => {
                Self::new(Code::WechatUnavailable)
            }
            WechatError::Status(status) if status.is_server_error() => {
                Self::new(Code::WechatUnavailable)
            }
            WechatError::Status(_) | WechatError::Malformed(_) | WechatError::Unusable(_) => {
                Self::new(Code::WechatError)
            }
            WechatError::NotAsked(wait) => Self::new(Code::WechatUnavailable).retry_after(*wait),
        };
        error.caused_by(failure)
    }
}

/// The error with that wait instead of its default one.
fn after(wait: Option<Duration>, error: Error) -> Error {
    match wait {
        Some(wait) => error.retry_after(wait),
        None => error,
    }
}

/// Talks to WeChat for one mini-program.
#[derive(Debug)]
pub struct Wechat {
    http: reqwest::Client,
    base_url: String,
    app_id: String,
    clock: Clock,
    random: Random,
    breaker: Breaker,
    token: TokenCache,
}

#[derive(Deserialize)]
struct SessionResponse {
    openid: String,
    unionid: Option<String>,
}

#[derive(Deserialize)]
struct TokenResponse {
    access_token: String,
    expires_in: Value,
}

#[derive(Deserialize)]
struct PhoneResponse {
    phone_info: PhoneInfo,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PhoneInfo {
    phone_number: String,
    watermark: Watermark,
}

#[derive(Deserialize)]
struct Watermark {
    appid: String,
}

impl Wechat {
    /// A client for the mini-program `app_id`, talking to `base_url`, whose certificate one of the `roots` vouches for.
    ///
    /// # Errors
    /// If the HTTP client cannot be built.
    pub fn new(
        base_url: String,
        app_id: String,
        roots: &Roots,
        clock: Clock,
        random: Random,
    ) -> Result<Self, ClientBuildError> {
        let http = net::client(roots, CONNECT_TIMEOUT, TOTAL_TIMEOUT)?;
        let breaker = Breaker::new(clock.clone());
        Ok(Self {
            http,
            base_url,
            app_id,
            clock,
            random,
            breaker,
            token: TokenCache::default(),
        })
    }

    /// The mini-program's id.
    pub fn app_id(&self) -> &str {
        &self.app_id
    }

    /// Opens a connection ahead of the first exchange; what WeChat answers does not matter.
    pub async fn warm_up(&self) {
        let _ = self.http.head(&self.base_url).send().await;
    }

    /// Exchanges a login code for the person it stands for.
    ///
    /// # Errors
    /// If WeChat refuses the code or the configuration, or is not to be had.
    pub async fn exchange(
        &self,
        code: &LoginCode,
        secret: &AppSecret,
    ) -> Result<Identity, WechatError> {
        let endpoint = Endpoint::Code2Session;
        let query = [
            ("appid", self.app_id.as_str()),
            ("secret", &secret.0),
            ("js_code", &code.0),
            ("grant_type", "authorization_code"),
        ];
        let request = || {
            self.http
                .get(format!("{}/sns/jscode2session", self.base_url))
                .query(&query)
        };
        let answer: SessionResponse = self.call(endpoint, request).await?;
        let openid = answer
            .openid
            .parse()
            .map_err(|_| WechatError::Unusable("openid"))?;
        // An account that is not bound to an Open Platform account gets none, or an empty one.
        let unionid = answer.unionid.and_then(|text| text.parse().ok());
        Ok(Identity { openid, unionid })
    }

    /// Exchanges a phone code for the number. WeChat checks that the code is `openid`'s own, so that a stolen code is
    /// of no use.
    ///
    /// # Errors
    /// If WeChat refuses the code or the configuration, or is not to be had.
    pub async fn phone_number(
        &self,
        code: &PhoneCode,
        openid: &OpenId,
        secret: &AppSecret,
    ) -> Result<String, WechatError> {
        let token = self.api_token(secret).await?;
        match self.phone_number_with(&token, code, openid).await {
            Err(failure) if failure.is_bad_token() => {
                // Once, and never with force_refresh: that would kill the token of every other environment.
                self.token.forget(&token).await;
                let token = self.api_token(secret).await?;
                self.phone_number_with(&token, code, openid).await
            }
            outcome => outcome,
        }
    }

    async fn phone_number_with(
        &self,
        token: &ApiToken,
        code: &PhoneCode,
        openid: &OpenId,
    ) -> Result<String, WechatError> {
        let url = format!("{}/wxa/business/getuserphonenumber", self.base_url);
        let body = json!({"code": code.0, "openid": openid.as_str()});
        let request = || {
            self.http
                .post(&url)
                .query(&[("access_token", token.expose_secret())])
                .json(&body)
        };
        let answer: PhoneResponse = self.call(Endpoint::PhoneNumber, request).await?;
        if answer.phone_info.watermark.appid != self.app_id {
            return Err(WechatError::Unusable("watermark of another mini-program"));
        }
        let number = answer.phone_info.phone_number;
        let fits = (3..=20).contains(&number.len())
            && number.bytes().all(|b| b.is_ascii_digit() || b == b'+');
        if fits {
            Ok(number)
        } else {
            Err(WechatError::Unusable("phoneNumber"))
        }
    }

    async fn api_token(&self, secret: &AppSecret) -> Result<ApiToken, WechatError> {
        let url = format!("{}/cgi-bin/stable_token", self.base_url);
        let body = json!({
            "grant_type": "client_credential", "appid": self.app_id, "secret": secret.0, "force_refresh": false,
        });
        let fetch = async {
            let answer: TokenResponse = self
                .call(Endpoint::StableToken, || self.http.post(&url).json(&body))
                .await?;
            let lifetime = integer(&answer.expires_in)
                .and_then(|seconds| u64::try_from(seconds).ok())
                .ok_or(WechatError::Unusable("expires_in"))?;
            Ok((
                ApiToken::new(answer.access_token),
                Duration::from_secs(lifetime),
            ))
        };
        self.token.get_or_fetch(&self.clock, fetch).await
    }

    /// Makes a call under breaker and deadline.
    async fn call<T: DeserializeOwned>(
        &self,
        endpoint: Endpoint,
        request: impl Fn() -> RequestBuilder,
    ) -> Result<T, WechatError> {
        self.breaker
            .permit()
            .map_err(|Open(wait)| WechatError::NotAsked(wait))?;
        let attempts = self.attempts(endpoint, request);
        let outcome = tokio::time::timeout(TOTAL_TIMEOUT, attempts)
            .await
            .unwrap_or(Err(WechatError::TimedOut));
        if self
            .breaker
            .report(!outcome.as_ref().is_err_and(WechatError::is_outage))
        {
            telemetry::count(Metric::WechatBreakerOpened);
        }
        if let Err(failure) = &outcome {
            telemetry::count(failure.metric());
        }
        outcome
    }

    /// Repeats what may be repeated: a connection that was not made, and "system busy", which uses no code up.
    async fn attempts<T: DeserializeOwned>(
        &self,
        endpoint: Endpoint,
        request: impl Fn() -> RequestBuilder,
    ) -> Result<T, WechatError> {
        let mut repetition = 0;
        loop {
            let outcome = attempt(endpoint, request(), self.clock.now()).await;
            let repeat = match &outcome {
                Err(WechatError::Unreachable(fault)) => fault.is_connect(),
                Err(WechatError::Errcode { errcode, .. }) => *errcode == errcode::BUSY,
                _ => false,
            };
            if !repeat || repetition == REPETITIONS {
                return outcome;
            }
            repetition += 1;
            let jitter = u32::from(self.random.bytes::<1>()[0]);
            tokio::time::sleep(BACKOFF * repetition + BACKOFF * jitter / 255).await;
        }
    }
}

async fn attempt<T: DeserializeOwned>(
    endpoint: Endpoint,
    request: RequestBuilder,
    now: Timestamp,
) -> Result<T, WechatError> {
    // The URL carries the secret or the token: no error may keep it.
    let mut response = request
        .send()
        .await
        .map_err(|fault| network_failure(fault.without_url()))?;
    match response.status() {
        StatusCode::OK => {}
        StatusCode::TOO_MANY_REQUESTS => {
            let wait = retry_after(response.headers());
            return Err(WechatError::TooManyRequests { wait });
        }
        status => return Err(WechatError::Status(status)),
    }
    let mut body = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|fault| network_failure(fault.without_url()))?
    {
        body.extend_from_slice(&chunk);
        if body.len() > ANSWER_LIMIT {
            return Err(WechatError::Malformed("too long"));
        }
    }
    read(endpoint, &body, now)
}

/// Whole seconds, up to a day. A date would need a clock that agrees with the sender's.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers
        .get(RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds).min(Duration::from_secs(24 * 60 * 60)))
}

fn network_failure(fault: reqwest::Error) -> WechatError {
    if fault.is_timeout() && !fault.is_connect() {
        WechatError::TimedOut
    } else {
        WechatError::Unreachable(fault)
    }
}

/// Reads an answer: an errcode other than 0 first, then the fields. Some of WeChat's servers put a byte-order mark
/// before the JSON, and write an errcode as text or with a fraction.
fn read<T: DeserializeOwned>(
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
fn integer(value: &Value) -> Option<i64> {
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

    #[test]
    fn codes_cannot_break_out_of_the_query() {
        for text in ["", "x&appid=y", "a b", "a\n", "汉", &"a".repeat(129)] {
            assert!(text.parse::<LoginCode>().is_err(), "{text}");
        }
        assert!("0a1B_-".parse::<LoginCode>().is_ok());
    }

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

    #[test]
    fn a_wait_is_believed_up_to_a_day() {
        let wait = |text: &str| {
            let value = http::HeaderValue::from_str(text).unwrap();
            retry_after(&HeaderMap::from_iter([(RETRY_AFTER, value)]))
        };
        assert_eq!(wait("7"), Some(Duration::from_secs(7)));
        assert_eq!(wait("999999999"), Some(Duration::from_secs(86_400)));
        for text in ["", "-1", "1.5", "Fri, 27 Nov 2026 16:00:00 GMT"] {
            assert_eq!(wait(text), None, "{text}");
        }
    }
}

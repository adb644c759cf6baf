//! The calls, under a breaker and a deadline. WeChat takes each code once, so that a call whose bytes were sent must not be
//! sent again.

use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::ids::OpenId;
use crate::net::Network;
use crate::random::Random;
use crate::redacted::Redacted;
use crate::sdk_http;
use crate::telemetry::{self, Metric};
use crate::time::Clock;
use crate::wechat::WechatError;
use crate::wechat::breaker::{Breaker, Open};
use crate::wechat::errcode::{self, Endpoint};
use crate::wechat::http_client::{Exchange, HttpClient};
use crate::wechat::response;
use crate::wechat::token::{ApiToken, TokenCache};

/// WeChat's server API, unless `WECHAT_API_BASE_URL` names another address.
pub const BASE_URL: &str = "https://api.weixin.qq.com";
/// One exchange with WeChat, with all its attempts.
pub const TOTAL_TIMEOUT: Duration = Duration::from_secs(3);
/// How often a call is repeated after "system busy", and a connection after it failed.
const REPETITIONS: u32 = 2;
const BACKOFF: Duration = Duration::from_millis(100);

/// The mini-program's secret, as WeChat's console shows it once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppSecret(Redacted<String>);

impl AppSecret {
    /// The secret as configured.
    pub fn new(text: String) -> Self {
        Self(Redacted::new(text))
    }
}

macro_rules! code_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name(Redacted<String>);

        impl FromStr for $name {
            type Err = &'static str;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let fits = (1..=128).contains(&text.len())
                    && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
                if fits { Ok(Self(Redacted::new(text.to_owned()))) } else { Err("must be a code as the phone got it from WeChat") }
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

/// Talks to WeChat for one mini-program.
#[derive(Debug)]
pub struct Wechat {
    http: HttpClient,
    app_id: String,
    clock: Clock,
    random: Random,
    breaker: Breaker,
    token: TokenCache,
}

#[derive(Deserialize)]
pub(super) struct SessionResponse {
    pub(super) openid: String,
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
    /// A client for the mini-program `app_id`, talking to `base_url` over `network`.
    ///
    /// # Errors
    /// If the HTTP client cannot be built.
    pub fn new(
        base_url: String,
        app_id: String,
        network: &Network,
        clock: Clock,
        random: Random,
    ) -> Result<Self, rustls::Error> {
        let breaker = Breaker::new(clock.clone());
        Ok(Self {
            http: HttpClient::new(base_url, network)?,
            app_id,
            clock,
            random,
            breaker,
            token: TokenCache::default(),
        })
    }

    /// The app id of the mini-program that is served.
    pub fn app_id(&self) -> &str {
        &self.app_id
    }

    /// Opens a connection ahead of the first exchange; what WeChat answers does not matter.
    pub async fn warm_up(&self) {
        self.http.warm_up(TOTAL_TIMEOUT).await;
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
        let query = [
            ("appid", self.app_id.as_str()),
            ("secret", secret.0.expose_secret()),
            ("js_code", code.0.expose_secret()),
            ("grant_type", "authorization_code"),
        ];
        let exchange = Exchange::new("/sns/jscode2session", &query);
        let answer: SessionResponse = self.call(Endpoint::Code2Session, exchange).await?;
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
        let number = |token| self.phone_number_with(token, code, openid);
        self.with_token(secret, number).await
    }

    /// What `call` gives with a token, or with a new one if WeChat refuses that at hand.
    pub(super) async fn with_token<T, F>(
        &self,
        secret: &AppSecret,
        call: impl Fn(ApiToken) -> F,
    ) -> Result<T, WechatError>
    where
        F: Future<Output = Result<T, WechatError>>,
    {
        let token = self.api_token(secret).await?;
        match call(token.clone()).await {
            Err(failure) if failure.is_bad_token() => {
                // Once, and never with force_refresh: that would kill the token of every other environment.
                self.token.forget(&token).await;
                call(self.api_token(secret).await?).await
            }
            outcome => outcome,
        }
    }

    async fn phone_number_with(
        &self,
        token: ApiToken,
        code: &PhoneCode,
        openid: &OpenId,
    ) -> Result<String, WechatError> {
        let body = json!({"code": code.0.expose_secret(), "openid": openid.as_str()});
        let query = [("access_token", token.expose_secret())];
        let exchange = Exchange::new("/wxa/business/getuserphonenumber", &query).json(&body);
        let answer: PhoneResponse = self.call(Endpoint::PhoneNumber, exchange).await?;
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
        let body = json!({
            "grant_type": "client_credential", "appid": self.app_id, "secret": secret.0.expose_secret(), "force_refresh": false,
        });
        let fetch = async {
            let exchange = Exchange::new("/cgi-bin/stable_token", &[]).json(&body);
            let answer: TokenResponse = self.call(Endpoint::StableToken, exchange).await?;
            let lifetime = response::integer(&answer.expires_in)
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
    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        endpoint: Endpoint,
        exchange: Exchange,
    ) -> Result<T, WechatError> {
        self.breaker
            .permit()
            .map_err(|Open(wait)| WechatError::NotAsked(wait))?;
        let attempts = self.attempts(endpoint, exchange);
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
        exchange: Exchange,
    ) -> Result<T, WechatError> {
        let mut repetition = 0;
        loop {
            let body = self.http.send(exchange.clone()).await;
            let outcome = body.and_then(|body| response::read(endpoint, &body, self.clock.now()));
            let repeat = match &outcome {
                Err(WechatError::Unreachable(error)) => sdk_http::is_not_connected(error),
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
}

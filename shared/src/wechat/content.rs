//! Checks of what people write and upload.
//! <https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/sec-center/sec-check/msgSecCheck.html>,
//! <https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/sec-center/sec-check/mediaCheckAsync.html>

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::content_check::Verdict;
use crate::ids::OpenId;
use crate::wechat::client::{AppSecret, Wechat};
use crate::wechat::errcode::Endpoint;
use crate::wechat::error::WechatError;
use crate::wechat::http_client::Exchange;
use crate::wechat::response;
use crate::wechat::token::ApiToken;

/// Version 2 of both calls: the first one has no scenes, and its verdicts no labels.
const VERSION: u8 = 2;
/// The longest `trace_id` that is stored, in bytes.
const TRACE_ID_MAX_LEN: usize = 128;

/// The label of content in which nothing was found.
const NOTHING_FOUND: i64 = 100;

/// Where the content is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scene {
    /// On a profile.
    Profile = 1,
    /// As a comment.
    Comment = 2,
    /// In a forum.
    Forum = 3,
    /// Among what a person shares.
    Social = 4,
}

/// What kind of media WeChat is to check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaType {
    /// Sound.
    Audio = 1,
    /// A picture.
    Image = 2,
}

/// Media to be checked.
#[derive(Clone, Copy, Debug)]
pub struct MediaToCheck<'a> {
    /// Where WeChat fetches it. Whoever has the address can do so, too.
    pub url: &'a str,
    /// What it is.
    pub media_type: MediaType,
    /// Where it is shown.
    pub scene: Scene,
    /// Whose it is.
    pub openid: &'a OpenId,
}

/// A text to be checked.
#[derive(Clone, Copy, Debug)]
pub struct TextToCheck<'a> {
    /// The text, of 2,500 characters at most.
    pub content: &'a str,
    /// The nickname that the text is, or whose owner wrote it. For [`Scene::Profile`] alone.
    pub nickname: Option<&'a str>,
    /// Where it is shown.
    pub scene: Scene,
    /// Who wrote it.
    pub openid: &'a OpenId,
}

/// What WeChat says of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextVerdict {
    /// [`Verdict::Pass`], [`Verdict::Review`] or [`Verdict::Risky`].
    pub verdict: Verdict,
    /// What was found: 20001 politics, 20002 pornography, 20003 abuse, 20006 crime, and so on.
    pub labels: Vec<i64>,
}

#[derive(Deserialize)]
struct MediaCheckResponse {
    trace_id: Value,
}

#[derive(Deserialize)]
struct TextCheckResponse {
    result: TextResult,
    /// What each of WeChat's models says.
    detail: Option<Vec<TextResult>>,
}

#[derive(Deserialize)]
struct TextResult {
    /// Of a model: what it says counts only if this is 0.
    errcode: Option<Value>,
    suggest: Option<String>,
    label: Option<Value>,
}

impl TextResult {
    fn is_valid(&self) -> bool {
        let errcode = self.errcode.as_ref();
        errcode.is_none_or(|errcode| response::integer(errcode) == Some(0))
    }

    fn verdict(&self) -> Verdict {
        match self.suggest.as_deref() {
            Some("pass") => Verdict::Pass,
            Some("risky") => Verdict::Risky,
            // What WeChat may come to say one day is for a person to decide.
            _ => Verdict::Review,
        }
    }
}

impl TextCheckResponse {
    /// The worst of what was said. If there are models, and none of them worked, nothing was checked.
    fn verdict(&self) -> TextVerdict {
        let models = self.detail.as_deref().unwrap_or_default();
        let valid = models.iter().filter(|model| model.is_valid());
        let said: Vec<_> = std::iter::once(&self.result).chain(valid).collect();
        let is_checked = models.is_empty() || said.len() > 1;
        let has = |verdict| said.iter().any(|said| said.verdict() == verdict);
        let verdict = match () {
            () if has(Verdict::Risky) => Verdict::Risky,
            () if has(Verdict::Review) || !is_checked => Verdict::Review,
            () => Verdict::Pass,
        };
        let labels = said.iter().filter_map(|said| said.label.as_ref());
        let labels = labels.filter_map(response::integer);
        let found: BTreeSet<_> = labels.filter(|label| *label != NOTHING_FOUND).collect();
        TextVerdict {
            verdict,
            labels: found.into_iter().collect(),
        }
    }
}

impl Wechat {
    /// Has media checked; returns what WeChat calls the check. Its verdict comes later, by message push.
    ///
    /// # Errors
    /// If WeChat refuses the media or the configuration, or is not to be had.
    pub async fn media_check_async(
        &self,
        media: &MediaToCheck<'_>,
        secret: &AppSecret,
    ) -> Result<String, WechatError> {
        let body = json!({
            "media_url": media.url, "media_type": media.media_type as u8, "version": VERSION, "scene": media.scene as u8,
            "openid": media.openid.as_str(),
        });
        let answer: MediaCheckResponse = self
            .check(
                Endpoint::MediaCheck,
                "/wxa/media_check_async",
                &body,
                secret,
            )
            .await?;
        let trace_id = match answer.trace_id {
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            _ => String::new(),
        };
        let fits = (1..=TRACE_ID_MAX_LEN).contains(&trace_id.len());
        Some(trace_id)
            .filter(|_| fits)
            .ok_or(WechatError::Unusable("trace_id"))
    }

    /// Checks a text.
    ///
    /// # Errors
    /// If WeChat refuses the text or the configuration, or is not to be had.
    pub async fn msg_sec_check(
        &self,
        text: &TextToCheck<'_>,
        secret: &AppSecret,
    ) -> Result<TextVerdict, WechatError> {
        let mut body = json!({
            "content": text.content, "version": VERSION, "scene": text.scene as u8, "openid": text.openid.as_str(),
        });
        if let Some(nickname) = text.nickname {
            body["nickname"] = nickname.into();
        }
        let answer: TextCheckResponse = self
            .check(Endpoint::TextCheck, "/wxa/msg_sec_check", &body, secret)
            .await?;
        Ok(answer.verdict())
    }

    async fn check<T: DeserializeOwned>(
        &self,
        endpoint: Endpoint,
        path: &str,
        body: &Value,
        secret: &AppSecret,
    ) -> Result<T, WechatError> {
        let check = |token: ApiToken| {
            let query = [("access_token", token.expose_secret())];
            self.call(endpoint, Exchange::new(path, &query).json(body))
        };
        self.with_token(secret, check).await
    }
}

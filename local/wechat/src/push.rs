//! The message push: what WeChat sends to the address that is entered in its console.

mod envelope;
mod http;
mod message;

use crate::state::Shared;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::time::{sleep, timeout};

pub use message::{MediaVerdict, Suggestion};

/// How often WeChat sends a message that is not acknowledged.
const ATTEMPTS: usize = 3;
/// How long it waits for an answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// The real one waits longer before it sends a message again.
const PAUSE: Duration = Duration::from_millis(100);

/// What the console is told about the message push.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PushSettings {
    /// The address, such as `http://127.0.0.1:9000/v1/wechat/push`.
    pub url: String,
    /// The Token.
    pub token: String,
    /// The EncodingAESKey.
    pub aes_key: String,
    /// Whether messages are encrypted.
    #[serde(default)]
    pub mode: PushMode,
    /// What messages are written in.
    #[serde(default)]
    pub format: PushFormat,
}

/// Whether messages are encrypted; in JSON `plain` and `secure`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PushMode {
    /// Signed by the query, which does not cover the body.
    Plain,
    /// Encrypted, with a signature that covers what is.
    #[default]
    Secure,
}

/// What messages are written in; in JSON `json` and `xml`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PushFormat {
    /// An object.
    #[default]
    Json,
    /// A document whose root is `xml`.
    Xml,
}

/// How one message is sent; by default as the settings say, once, at once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Delivery {
    /// Another mode than the settings'.
    pub mode: Option<PushMode>,
    /// Another format than the settings'.
    pub format: Option<PushFormat>,
    /// Numbers become text, as in some of WeChat's messages.
    pub numbers_as_text: bool,
    /// A list of one stays a list in JSON; WeChat sends its only element in its place.
    pub lists_of_one: bool,
    /// Encrypted as another mini-program's.
    pub app_id: Option<String>,
    /// Signed with another Token.
    pub token: Option<String>,
    /// How many seconds ago it was signed, or if negative, ahead.
    pub age_seconds: i64,
    /// How long to wait before it is sent; the control API does not wait for it.
    pub delay_ms: u64,
    /// How often it is sent although it is acknowledged; 0 is once.
    pub repeats: u32,
}

/// What came back for one attempt at a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PushAnswer {
    /// The HTTP status; 0 if there was no answer.
    pub status: u16,
    /// The body, or what went wrong.
    pub body: String,
}

impl PushAnswer {
    /// Whether WeChat would not send the message again.
    pub fn is_acknowledged(&self) -> bool {
        self.status == 200 && matches!(self.body.as_str(), "success" | "")
    }
}

/// A message as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushRequest {
    /// The query, which signs it.
    pub query: String,
    /// The body.
    pub body: String,
}

impl PushSettings {
    /// A message of these fields as it is sent to the mini-program. What every message has is filled in.
    ///
    /// # Errors
    ///
    /// When the message is no object, or the EncodingAESKey is none.
    pub fn request(
        &self,
        message: Value,
        delivery: &Delivery,
        app_id: &str,
    ) -> Result<PushRequest, String> {
        let text = message::write(message, self, delivery, app_id)?;
        envelope::seal(text, self, delivery, app_id)
    }

    /// The query by which the console asks the address to send `echostr` back.
    pub fn verification(&self, echostr: &str) -> String {
        let query = envelope::signed_query(&self.token, unix_seconds(0), None);
        format!("{query}&echostr={echostr}")
    }
}

/// Asks the address to prove that it knows the Token, as the console does before it takes the settings.
pub(crate) async fn verify(settings: &PushSettings) -> Result<(), String> {
    let echo = envelope::nonce();
    let answer = attempt(&settings.url, &settings.verification(&echo), None).await;
    if answer.status == 200 && answer.body == echo {
        return Ok(());
    }
    Err(format!(
        "the address did not send echostr back: {} {}",
        answer.status, answer.body
    ))
}

/// Sends a message; gives the answer to each attempt, none if there are no settings.
pub(crate) async fn push(
    shared: &Shared,
    message: Value,
    delivery: &Delivery,
) -> Result<Vec<PushAnswer>, String> {
    let (settings, app_id) = {
        let state = shared.state();
        (state.push.clone(), state.app_id.clone())
    };
    let Some(settings) = settings else {
        return Ok(Vec::new());
    };
    sleep(Duration::from_millis(delivery.delay_ms)).await;
    let request = settings.request(message, delivery, &app_id)?;
    let mut answers = Vec::new();
    for _ in 0..=delivery.repeats {
        send(&settings.url, &request, &mut answers).await;
    }
    Ok(answers)
}

/// Sends a message after its delay, while others are served.
pub(crate) fn push_later(shared: &Arc<Shared>, message: Value, delivery: Delivery) {
    let shared = Arc::clone(shared);
    // What becomes of it is the receiver's concern, which WeChat tells nobody either.
    tokio::spawn(async move { push(&shared, message, &delivery).await });
}

async fn send(url: &str, request: &PushRequest, answers: &mut Vec<PushAnswer>) {
    for attempt_number in 0..ATTEMPTS {
        if attempt_number > 0 {
            sleep(PAUSE).await;
        }
        let answer = attempt(url, &request.query, Some(&request.body)).await;
        let is_acknowledged = answer.is_acknowledged();
        answers.push(answer);
        if is_acknowledged {
            return;
        }
    }
}

/// What is at an address, as text; none if it is not given.
pub(crate) async fn fetch(url: &str) -> Option<String> {
    let answer = timeout(PATIENCE, http::send(url, "", None)).await;
    let answer = answer.ok()?.ok()?;
    (answer.status == 200).then_some(answer.body)
}

async fn attempt(url: &str, query: &str, body: Option<&str>) -> PushAnswer {
    let sent = timeout(PATIENCE, http::send(url, query, body)).await;
    let failed = |reason| PushAnswer {
        status: 0,
        body: reason,
    };
    sent.unwrap_or_else(|_| Err("no answer in time".to_owned()))
        .unwrap_or_else(failed)
}

/// The time so many seconds ago.
pub(crate) fn unix_seconds(ago: i64) -> i64 {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    i64::try_from(now.as_secs())
        .unwrap_or(i64::MAX)
        .saturating_sub(ago)
}

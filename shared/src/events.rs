//! What own functions are told: events on an SNS topic, in the form of CloudEvents.
//!
//! An event is published after the write that it is about, and again when the message that caused the write is delivered
//! again: a subscriber gets each at least once, in any order, and tells repetitions by the id.
//! <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md>

use std::sync::{Arc, OnceLock};

use aws_sdk_sns::Client;
use aws_sdk_sns::config::Config;
use aws_sdk_sns::types::MessageAttributeValue;
use serde::{Deserialize, Serialize};

use crate::aws::{Aws, client_config};
use crate::config::Vars;
use crate::ids::{Epoch, Purpose, UploadId, UserId};
use crate::queue::RetryError;
use crate::time::Timestamp;
use crate::upload::key::ObjectKey;

const SOURCE: &str = "wechat-backend";
const SPEC_VERSION: &str = "1.0";

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data")]
pub enum Event {
    /// An account generation has ended, by its owner, an administrator or WeChat.
    #[serde(rename = "account.deleted")]
    AccountDeleted {
        /// Whose account it was.
        user: UserId,
        /// The account generation that has ended.
        epoch: Epoch,
    },
    /// An upload may be shown: it was verified, and has passed the content check if there is one.
    #[serde(rename = "upload.ready")]
    UploadReady {
        /// Whose it is.
        user: UserId,
        /// The upload.
        upload: UploadId,
        /// What it is for.
        purpose: Purpose,
    },
}

/// An event as it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloudEvent {
    specversion: String,
    source: String,
    /// The same for each repetition.
    pub id: String,
    /// When it was sent, in RFC 3339.
    pub time: String,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// How SNS wraps what it delivers to a queue.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Envelope {
    message: String,
}

/// The text is no event.
#[derive(Debug, thiserror::Error)]
#[error("the message is no event of this backend")]
pub struct ParseEventError(#[source] serde_json::Error);

impl Event {
    /// `upload.ready` of the object's upload.
    pub fn upload_ready(key: &ObjectKey) -> Self {
        Self::UploadReady {
            user: key.user.clone(),
            upload: key.upload,
            purpose: key.upload.purpose(),
        }
    }

    /// The value of the attribute `type`, by which subscriptions filter.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::AccountDeleted { .. } => "account.deleted",
            Self::UploadReady { .. } => "upload.ready",
        }
    }

    fn id(&self) -> String {
        match self {
            Self::AccountDeleted { user, epoch } => {
                format!("{}:{user}:{}", self.name(), epoch.get())
            }
            Self::UploadReady { user, upload, .. } => format!("{}:{user}:{upload}", self.name()),
        }
    }

    fn at(self, time: Timestamp) -> CloudEvent {
        CloudEvent {
            specversion: SPEC_VERSION.to_owned(),
            source: SOURCE.to_owned(),
            id: self.id(),
            time: time.to_rfc3339(),
            event: self,
        }
    }
}

impl CloudEvent {
    /// Reads the body of a queue's message, with SNS's envelope or, of a subscription with `RawMessageDelivery`, without.
    /// <https://docs.aws.amazon.com/sns/latest/dg/sns-large-payload-raw-message-delivery.html>
    ///
    /// # Errors
    /// If it is no event, or one that only a later release knows.
    pub fn parse(body: &str) -> Result<Self, ParseEventError> {
        let envelope: Result<Envelope, _> = serde_json::from_str(body);
        let event = envelope.as_ref().map_or(body, |envelope| &envelope.message);
        serde_json::from_str(event).map_err(ParseEventError)
    }
}

/// Publishes events, if a topic is configured.
#[derive(Clone, Debug)]
pub struct Publisher(Option<Topic>);

#[derive(Clone, Debug)]
struct Topic {
    config: Config,
    /// Made for the first event.
    client: Arc<OnceLock<Client>>,
    arn: String,
}

/// The topic did not take the event.
#[derive(Debug, thiserror::Error)]
#[error("the topic did not take the event")]
pub struct PublishError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl From<PublishError> for RetryError {
    fn from(error: PublishError) -> Self {
        Self::new(error)
    }
}

impl Publisher {
    /// Reads `EVENTS_TOPIC_ARN`; without it nothing is published, and nothing is called.
    pub fn read(vars: &mut Vars<'_>, aws: &Aws) -> Self {
        Self(vars.text("EVENTS_TOPIC_ARN").map(|arn| Topic {
            config: client_config!(aws_sdk_sns, aws, Sns).build(),
            client: Arc::default(),
            arn,
        }))
    }

    /// Publishes `event`, which happened at about `now`.
    ///
    /// # Errors
    /// If the topic does not take it. It may have taken it all the same.
    pub async fn publish(&self, event: Event, now: Timestamp) -> Result<(), PublishError> {
        let Some(topic) = &self.0 else {
            return Ok(());
        };
        let failed = |error| PublishError(error);
        let name = MessageAttributeValue::builder()
            .data_type("String")
            .string_value(event.name())
            .build()
            .map_err(|error| failed(error.into()))?;
        let client = topic
            .client
            .get_or_init(|| Client::from_conf(topic.config.clone()));
        let publish = client
            .publish()
            .topic_arn(&topic.arn)
            .message_attributes("type", name)
            .message(serde_json::json!(event.at(now)).to_string());
        let sent = publish.send().await;
        sent.map_err(|error| failed(error.into()))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_a_cloud_event_that_can_be_read() {
        let user: UserId = "u5esjy36duo2g3uwfwiew2hluhz".parse().unwrap();
        let event = Event::AccountDeleted {
            user,
            epoch: Epoch::FIRST,
        };
        let sent = event.at(Timestamp::from_millis(0));
        let json = serde_json::json!(sent);
        let expected = serde_json::json!({
            "specversion": "1.0", "source": "wechat-backend", "type": "account.deleted",
            "id": "account.deleted:u5esjy36duo2g3uwfwiew2hluhz:1", "time": "1970-01-01T00:00:00Z",
            "data": {"user": "u5esjy36duo2g3uwfwiew2hluhz", "epoch": 1},
        });
        assert_eq!(json, expected);
        let wrapped = serde_json::json!({"Type": "Notification", "Message": json.to_string()});
        for body in [json, wrapped] {
            assert_eq!(CloudEvent::parse(&body.to_string()).unwrap(), sent);
        }
        for body in ["", "{}", "{\"type\":\"account.deleted\"}"] {
            assert!(CloudEvent::parse(body).is_err(), "{body}");
        }
    }
}

//! What the functions get from queues: notifications of S3, and announcements of deleted accounts.

use std::fmt;

use serde_json::{Value, json};

use crate::World;

/// A notification as S3 sends it.
#[derive(Clone, Debug)]
pub struct Notification {
    /// What happened, such as `ObjectCreated:Post`.
    pub event: &'static str,
    /// The bucket.
    pub bucket: String,
    /// The key, as S3 writes it.
    pub key: String,
    /// The version; without it, the bucket's versioning is off.
    pub version: Option<String>,
    /// What orders the events of one key.
    pub sequencer: String,
}

/// A message of a queue.
#[derive(Clone, Debug)]
pub struct Message {
    body: String,
    receives: usize,
}

impl Notification {
    /// This notification with another sequencer.
    #[must_use]
    pub fn sequencer(self, sequencer: &str) -> Self {
        let sequencer = sequencer.to_owned();
        Self { sequencer, ..self }
    }

    /// The notification about something else that happened to the same version.
    #[must_use]
    pub fn event(self, event: &'static str) -> Self {
        Self { event, ..self }
    }

    /// The body of the message that holds it.
    pub fn json(&self) -> Value {
        let object = json!({"key": self.key, "size": 1, "eTag": "e", "versionId": self.version,
            "sequencer": self.sequencer});
        json!({"Records": [{"eventVersion": "2.1", "eventSource": "aws:s3",
            "eventTime": "2026-01-31T09:30:00.000Z", "eventName": self.event,
            "s3": {"bucket": {"name": self.bucket}, "object": object}}]})
    }

    /// The same after so many receives.
    pub fn received(self, times: usize) -> Message {
        Message::from(self).received(times)
    }
}

impl fmt::Display for Notification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.json().fmt(f)
    }
}

impl Message {
    /// A message that is received for the first time.
    pub fn new(body: impl Into<String>) -> Self {
        Self {
            body: body.into(),
            receives: 1,
        }
    }

    /// The same after so many receives.
    #[must_use]
    pub fn received(self, times: usize) -> Self {
        Self {
            receives: times,
            ..self
        }
    }
}

impl From<Notification> for Message {
    fn from(notification: Notification) -> Self {
        Self::new(notification.to_string())
    }
}

impl From<String> for Message {
    fn from(body: String) -> Self {
        Self::new(body)
    }
}

impl From<&String> for Message {
    fn from(body: &String) -> Self {
        Self::new(body)
    }
}

impl From<&str> for Message {
    fn from(body: &str) -> Self {
        Self::new(body)
    }
}

/// One invocation's event, with the messages `m0`, `m1` and so on.
pub fn batch(messages: impl IntoIterator<Item = impl Into<Message>>) -> Value {
    let records = messages.into_iter().enumerate().map(|(i, message)| {
        let Message { body, receives } = message.into();
        json!({"messageId": format!("m{i}"), "body": body,
            "attributes": {"ApproximateReceiveCount": receives.to_string()}})
    });
    json!({"Records": records.collect::<Vec<_>>()})
}

impl World {
    /// The notification about a version of an object in the world's bucket.
    pub fn notification(
        &self,
        event: &'static str,
        key: &str,
        version: Option<&str>,
    ) -> Notification {
        Notification {
            event,
            bucket: self.bucket.clone(),
            key: key.to_owned(),
            version: version.map(str::to_owned),
            sequencer: "01".to_owned(),
        }
    }

    /// Delivers messages to `s3-event`, none of which may fail.
    ///
    /// # Panics
    /// If one is returned to the queue.
    pub async fn deliver_all(&self, messages: impl IntoIterator<Item = impl Into<Message>>) {
        let returned = self.deliver(batch(messages)).await;
        assert!(returned.is_empty(), "returned to the queue: {returned:?}");
    }

    /// Delivers messages to `purge`; returns the identifiers of those that are returned to the queue.
    pub async fn deliver_to_purge(
        &self,
        messages: impl IntoIterator<Item = impl Into<Message>>,
    ) -> Vec<String> {
        let answer = self.purge.handle(batch(messages), self.soon()).await;
        let failures = answer.expect("a batch is answered").batch_item_failures;
        let ids = failures.into_iter().map(|failure| failure.item_identifier);
        ids.collect()
    }

    /// Lets `purge` work on all that was announced. A deletion that was cut off after its announcement fails its
    /// message, and nothing else.
    pub async fn purge_announced(&self) {
        let announced = self.purge_messages().await;
        self.deliver_to_purge(announced).await;
    }
}

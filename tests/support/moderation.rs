//! The content checks: what waits for `moderation`, and what WeChat says.

use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::{Value, json};

use crate::events::{Message, batch};
use crate::world::Settings;
use crate::{Upload, World};

/// Settings of a world in which uploads are checked before others see them.
pub fn enforced() -> Settings {
    with_policy("enforce")
}

/// Settings of a world with this policy for uploads.
pub fn with_policy(policy: &'static str) -> Settings {
    Settings::default().limits(&[("CONTENT_CHECK_MEDIA", policy)])
}

/// The message that WeChat's verdict becomes.
pub fn verdict(trace_id: &str, verdict: &str) -> Value {
    json!({"task": "media_verdict", "trace_id": trace_id, "verdict": verdict})
}

impl World {
    /// Delivers messages to `moderation`; returns the identifiers of those that are returned to the queue.
    ///
    /// # Panics
    /// If the batch is not answered.
    pub async fn moderate(
        &self,
        messages: impl IntoIterator<Item = impl Into<Message>>,
    ) -> Vec<String> {
        let answer = self.moderation.handle(batch(messages), self.soon()).await;
        let failures = answer.expect("a batch is answered").batch_item_failures;
        let ids = failures.into_iter().map(|failure| failure.item_identifier);
        ids.collect()
    }

    /// The same, where none may fail.
    ///
    /// # Panics
    /// If one is returned to the queue.
    pub async fn moderate_all(&self, messages: impl IntoIterator<Item = impl Into<Message>>) {
        let returned = self.moderate(messages).await;
        assert!(returned.is_empty(), "returned to the queue: {returned:?}");
    }

    /// The messages for `moderation` that are due, which are taken out of the queue.
    pub async fn moderation_messages(&self) -> Vec<String> {
        self.messages(&self.moderation_queue).await
    }

    /// Lets `moderation` work on what is due: WeChat is asked to check what was uploaded.
    pub async fn submit_uploads(&self) {
        let messages = self.moderation_messages().await;
        self.moderate_all(messages).await;
    }

    /// What WeChat calls the checks of an upload, oldest first.
    pub fn traces(&self, upload: &Upload) -> Vec<String> {
        let checks = self.wechat.media_checks().into_iter();
        let of_upload = checks.filter(|check| check.media_url.contains(&upload.key));
        of_upload.map(|check| check.trace_id).collect()
    }

    /// What WeChat calls the newest check of an upload.
    ///
    /// # Panics
    /// If there is none.
    pub fn trace(&self, upload: &Upload) -> String {
        self.traces(upload).pop().expect("it was submitted")
    }

    /// Delivers WeChat's verdict on the newest check of an upload.
    pub async fn judge(&self, upload: &Upload, says: &str) {
        let message = verdict(&self.trace(upload), says).to_string();
        self.moderate_all([message]).await;
    }

    /// The message that a verdict is overdue, which came in time or not.
    pub async fn overdue(&self, upload: &Upload, trace_id: &str, due_ms: i64) -> String {
        let versions = self.versions(&upload.key).await;
        let version = versions.last().cloned().unwrap_or_default();
        json!({"task": "media_overdue", "key": upload.key, "version": version,
            "trace_id": trace_id, "due": due_ms})
        .to_string()
    }

    /// How many messages of a queue are not due yet.
    ///
    /// # Panics
    /// If the queue does not answer.
    pub async fn delayed(&self, queue: &str) -> usize {
        let name = QueueAttributeName::ApproximateNumberOfMessagesDelayed;
        let sqs = self.emulator.sqs();
        let attributes = sqs.get_queue_attributes().queue_url(queue);
        let attributes = attributes.attribute_names(name.clone()).send().await;
        let attributes = attributes.expect("the queue answers").attributes;
        let count = attributes.and_then(|attributes| attributes.get(&name)?.parse().ok());
        count.expect("a number")
    }
}

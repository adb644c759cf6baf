//! Sending to a queue.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::Config;

use crate::aws::{Aws, client_config};
use crate::error::{Code, Error};
use crate::queue::RetryError;

/// The longest delay that SQS allows.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>
pub const MAX_DELAY: Duration = Duration::from_secs(15 * 60);

/// Puts messages on one queue.
#[derive(Clone, Debug)]
pub struct Sender {
    config: Config,
    /// Made for the first message: a tenth of a cold start, for what few environments of an HTTP function ever do.
    client: Arc<OnceLock<Client>>,
    url: String,
}

/// The queue did not take the message.
#[derive(Debug, thiserror::Error)]
#[error("the queue did not take the message")]
pub struct SendError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl From<SendError> for Error {
    fn from(error: SendError) -> Self {
        Self::new(Code::TemporarilyUnavailable).caused_by(error)
    }
}

impl From<SendError> for RetryError {
    fn from(error: SendError) -> Self {
        Self::new(error)
    }
}

impl Sender {
    /// The queue at `url`.
    pub fn new(aws: &Aws, url: String) -> Self {
        Self {
            config: client_config!(aws_sdk_sqs, aws, Sqs).build(),
            client: Arc::default(),
            url,
        }
    }

    /// Sends a message that can be received after `delay`, of [`MAX_DELAY`] at most; `None` is the queue's own delay.
    ///
    /// # Errors
    /// If the queue does not take it. It may have taken it all the same.
    pub async fn send(&self, body: String, delay: Option<Duration>) -> Result<(), SendError> {
        let client = self
            .client
            .get_or_init(|| Client::from_conf(self.config.clone()));
        let seconds = delay.map(|delay| delay.min(MAX_DELAY).as_secs());
        let message = client
            .send_message()
            .queue_url(&self.url)
            .set_delay_seconds(seconds.and_then(|seconds| i32::try_from(seconds).ok()))
            .message_body(body);
        let sent = message.send().await;
        sent.map_err(|error| SendError(Box::new(error)))?;
        Ok(())
    }
}

//! The queue that `purge` reads.

use aws_sdk_sqs::Client;
use shared::store::user::Deleted;

/// Announces deleted accounts.
#[derive(Clone, Debug)]
pub struct PurgeQueue {
    client: Client,
    url: String,
}

/// The queue did not take the message.
#[derive(Debug, thiserror::Error)]
#[error("the purge queue did not take the message")]
pub struct NotAnnounced(#[source] Box<dyn std::error::Error + Send + Sync>);

impl PurgeQueue {
    /// The queue at `url`.
    pub fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }

    /// Announces that an account's life has ended. Announcing it twice does no harm.
    ///
    /// # Errors
    /// If the queue does not take the message.
    pub async fn announce(&self, deleted: &Deleted) -> Result<(), NotAnnounced> {
        let message = self
            .client
            .send_message()
            .queue_url(&self.url)
            .message_body(deleted.to_message());
        message
            .send()
            .await
            .map_err(|error| NotAnnounced(Box::new(error)))?;
        Ok(())
    }
}

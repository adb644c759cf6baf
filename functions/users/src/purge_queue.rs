//! The queue that `purge` reads.

use std::sync::OnceLock;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::Config;
use shared::store::user::DeletedAccount;

/// Puts deleted accounts on the queue of `purge`.
#[derive(Clone, Debug)]
pub(crate) struct PurgeQueue {
    config: Config,
    /// Made for the first deletion: a tenth of a cold start, for what few environments ever do.
    client: OnceLock<Client>,
    url: String,
}

/// The queue did not take the message.
#[derive(Debug, thiserror::Error)]
#[error("the purge queue did not take the message")]
pub(crate) struct EnqueueError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl PurgeQueue {
    /// The queue at `url`.
    pub(crate) fn new(config: Config, url: String) -> Self {
        Self {
            config,
            client: OnceLock::new(),
            url,
        }
    }

    /// Announces the end of an account generation. Announcing it twice does no harm.
    ///
    /// # Errors
    /// If the queue does not take the message.
    pub(crate) async fn announce(&self, deleted: &DeletedAccount) -> Result<(), EnqueueError> {
        let client = self
            .client
            .get_or_init(|| Client::from_conf(self.config.clone()));
        let message = client
            .send_message()
            .queue_url(&self.url)
            .message_body(deleted.to_message());
        message
            .send()
            .await
            .map_err(|error| EnqueueError(Box::new(error)))?;
        Ok(())
    }
}

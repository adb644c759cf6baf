//! Removes what a deleted account left behind: upload records, then objects with all their versions.
//!
//! Every step can be repeated, so a purge that is cut off at any point goes on where it was: what is gone stays gone,
//! and what is left is found again. A purge that needs more time than one invocation has sends itself a message.

mod objects;

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use shared::aws::{Aws, Service};
use shared::config::{self, Vars};
use shared::queue::{self, Message, Outcome, RetryError, SqsBatchResponse};
use shared::random::Random;
use shared::store::Store;
use shared::store::user::DeletedAccount;
use shared::telemetry::{self, Telemetry};
use shared::time::{Clock, Timestamp};

pub use objects::Objects;

/// With less time than this left, the rest is for another invocation.
const ENOUGH_TIME: Duration = Duration::from_secs(8);

/// After so many receives, an account that still lives is taken for one that was not deleted.
const GIVE_UP_RECEIVES: u32 = 3;

/// What the handler needs.
#[derive(Clone, Debug)]
pub struct App(Arc<Parts>);

/// The parts of an [`App`].
#[derive(Debug)]
pub struct Parts {
    /// The table.
    pub store: Store,
    /// The bucket.
    pub objects: Objects,
    /// The function's own queue.
    pub queue: aws_sdk_sqs::Client,
    /// The queue's address.
    pub queue_url: String,
    /// The time.
    pub clock: Clock,
    /// Lines and metrics.
    pub telemetry: Telemetry,
}

impl App {
    /// An app of these parts.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// An app as the environment describes it. Nobody waits for a purge, so nothing is opened ahead.
    ///
    /// # Errors
    /// If a variable is missing or malformed, or the platform lacks what is needed.
    pub async fn from_environment(
        get: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, lambda_runtime::Error> {
        let clock = Clock::system();
        let mut vars = Vars::new(get);
        let aws = Aws::read(&mut vars);
        let table = vars.required("TABLE_NAME");
        let bucket = vars.required("BUCKET_NAME");
        let queue_url = vars.required("PURGE_QUEUE_URL");
        config::warm_up(&mut vars);
        let telemetry = Telemetry::read(&mut vars, "purge", clock.clone());
        vars.finish()?;
        let dynamodb = aws_sdk_dynamodb::Client::new(&aws.sdk_config(Service::DynamoDb));
        Ok(Self::new(Parts {
            store: Store::new(dynamodb, table, clock.clone(), Random::system()),
            objects: Objects::new(&aws, bucket),
            queue: aws_sdk_sqs::Client::new(&aws.sdk_config(Service::Sqs)),
            queue_url,
            telemetry,
            clock,
        }))
    }

    /// Works on an SQS batch.
    ///
    /// # Errors
    /// If the event is not one.
    pub async fn handle(
        &self,
        event: Value,
        deadline: Timestamp,
    ) -> Result<SqsBatchResponse, lambda_runtime::Error> {
        let messages = queue::messages(&event).ok_or("the event is no SQS batch")?;
        let Parts {
            clock, telemetry, ..
        } = &*self.0;
        Ok(queue::run(messages, deadline, clock, telemetry, |message| {
            self.work(message, deadline)
        })
        .await)
    }

    async fn work(&self, message: Message, deadline: Timestamp) -> Result<Outcome, RetryError> {
        let Ok(deleted) = serde_json::from_str::<DeletedAccount>(&message.body) else {
            return Ok(Outcome::Discarded("it names no deleted account"));
        };
        if !self.has_ended(&deleted).await? {
            // The announcement comes before the deletion, which may yet be on its way, or may have failed.
            return if message.receives < GIVE_UP_RECEIVES {
                Err(RetryError::new("the account is not deleted yet"))
            } else {
                Ok(Outcome::Discarded("the account was not deleted"))
            };
        }
        if self.purge(&deleted, deadline).await? {
            let finished = self
                .0
                .store
                .finish_purge(&deleted.user, deleted.epoch)
                .await;
            finished.map_err(RetryError::new)?;
            telemetry::count("purges_finished");
            return Ok(Outcome::Done("purge is finished"));
        }
        let Parts {
            queue, queue_url, ..
        } = &*self.0;
        let rest = queue
            .send_message()
            .queue_url(queue_url)
            .message_body(deleted.to_message());
        rest.send().await.map_err(RetryError::new)?;
        Ok(Outcome::Done("purge goes on in another invocation"))
    }

    /// Whether the life has ended: nothing of a living account is ever touched.
    async fn has_ended(&self, deleted: &DeletedAccount) -> Result<bool, RetryError> {
        let account = self
            .0
            .store
            .account(&deleted.user)
            .await
            .map_err(RetryError::new)?;
        Ok(account.is_none_or(|account| account.epoch > deleted.epoch))
    }

    /// Removes records, then objects: an object that arrives in between finds no record, and its event removes it.
    /// Returns whether all is gone.
    async fn purge(
        &self,
        deleted: &DeletedAccount,
        deadline: Timestamp,
    ) -> Result<bool, RetryError> {
        let Parts {
            store,
            objects,
            clock,
            ..
        } = &*self.0;
        let in_time = || clock.now() < deadline.before(ENOUGH_TIME);
        loop {
            let removed = store
                .remove_upload_records(&deleted.user, deleted.epoch)
                .await;
            let removed = removed.map_err(RetryError::new)?;
            if removed == 0 {
                break;
            }
            let removed = u32::try_from(removed).unwrap_or(u32::MAX);
            telemetry::record::measure("purged_records", "Count", removed.into());
            if !in_time() {
                return Ok(false);
            }
        }
        let quota = store
            .remove_upload_quota(&deleted.user, deleted.epoch)
            .await;
        quota.map_err(RetryError::new)?;
        let mut cursor = None;
        loop {
            let removed = objects
                .remove_page(&deleted.user, deleted.epoch, cursor)
                .await?;
            telemetry::record::measure("purged_objects", "Count", removed.count.into());
            cursor = removed.next;
            if cursor.is_none() {
                return Ok(true);
            }
            if !in_time() {
                return Ok(false);
            }
        }
    }
}

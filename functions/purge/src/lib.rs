//! Removes what a deleted account left behind: upload records, then objects with all their versions.
//!
//! Every step can be repeated, so a purge that is cut off at any point goes on where it was: what is gone stays gone,
//! and what is left is found again. A purge that needs more time than one invocation has sends itself a message.

mod objects;

use std::time::Duration;

use serde_json::Value;
use shared::aws::Service;
use shared::config::WarmUp;
use shared::function::Setup;
use shared::queue::{self, Message, Outcome, RetryError, SqsBatchResponse};
use shared::store::Store;
use shared::store::user::Deleted;
use shared::telemetry::{self, Metric, Telemetry};
use shared::time::{Clock, Timestamp};

use crate::objects::Objects;

/// With less time than this left, the rest is for another invocation.
const ENOUGH_TIME: Duration = Duration::from_secs(8);

/// After so many receives, an account that still lives is taken for one that was not deleted.
const GIVE_UP_RECEIVES: u32 = 3;

/// What the handler needs.
#[derive(Debug)]
pub struct App {
    store: Store,
    objects: Objects,
    /// The function's own queue.
    queue: aws_sdk_sqs::Client,
    queue_url: String,
    clock: Clock,
    telemetry: Telemetry,
}

impl App {
    /// The app that `setup` describes. Nobody waits for a purge, so nothing is opened ahead.
    ///
    /// # Errors
    /// If a variable is missing or malformed, or the platform lacks what is needed.
    pub async fn build(mut setup: Setup<'_>) -> Result<Self, lambda_runtime::Error> {
        let aws = setup.aws();
        let store = setup.store(&aws);
        let Setup {
            mut vars,
            clock,
            telemetry,
            ..
        } = setup;
        let objects = Objects::new(&aws, vars.required("BUCKET_NAME"));
        let queue_url = vars.required("PURGE_QUEUE_URL");
        WarmUp::read(&mut vars);
        vars.finish()?;
        Ok(Self {
            store,
            objects,
            queue: aws_sdk_sqs::Client::new(&aws.sdk_config(Service::Sqs)),
            queue_url,
            clock,
            telemetry,
        })
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
        let (clock, telemetry) = (&self.clock, &self.telemetry);
        Ok(queue::run(messages, deadline, clock, telemetry, |message| {
            self.work(message, deadline)
        })
        .await)
    }

    async fn work(&self, message: Message, deadline: Timestamp) -> Result<Outcome, RetryError> {
        let Ok(deleted) = serde_json::from_str::<Deleted>(&message.body) else {
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
            let finished = self.store.finish_purge(&deleted.user, deleted.epoch).await;
            finished.map_err(RetryError::new)?;
            telemetry::count(Metric::PurgesFinished);
            return Ok(Outcome::Done("purge is finished"));
        }
        let rest = self
            .queue
            .send_message()
            .queue_url(&self.queue_url)
            .message_body(deleted.to_message());
        rest.send().await.map_err(RetryError::new)?;
        Ok(Outcome::Done("purge goes on in another invocation"))
    }

    /// Whether the life has ended: nothing of a living account is ever touched.
    async fn has_ended(&self, deleted: &Deleted) -> Result<bool, RetryError> {
        let account = self
            .store
            .account(&deleted.user)
            .await
            .map_err(RetryError::new)?;
        Ok(account.is_none_or(|account| account.epoch > deleted.epoch))
    }

    /// Removes records, then objects: an object that arrives in between finds no record, and its event removes it.
    /// Returns whether all is gone.
    async fn purge(&self, deleted: &Deleted, deadline: Timestamp) -> Result<bool, RetryError> {
        let (store, objects, clock) = (&self.store, &self.objects, &self.clock);
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
            telemetry::measure(Metric::PurgedRecords, removed.into());
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
            telemetry::measure(Metric::PurgedObjects, removed.count.into());
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

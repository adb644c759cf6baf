//! Removes what a deleted account left behind: upload records, then objects with all their versions.
//!
//! Every step is idempotent, so a purge that is cut off at any point continues when it is repeated: what was removed
//! stays removed, and what is left is found again. A purge that needs more time than one invocation has sends itself a
//! message.

mod account;
mod objects;

use std::sync::Arc;

use serde_json::Value;
use shared::aws::{Aws, Service};
use shared::config::{self, Vars};
use shared::queue::{self, SqsBatchResponse};
use shared::random::Random;
use shared::store::Store;
use shared::telemetry::Telemetry;
use shared::time::{Clock, Timestamp};

pub use objects::Objects;

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

    /// Processes an SQS batch.
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
            account::process(&self.0, message, deadline)
        })
        .await)
    }
}

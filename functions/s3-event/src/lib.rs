//! Turns a stored object into a verified upload record.
//!
//! An object's way: message → `notification` → `verify`, with its first bytes (`objects`) → `apply`: one conditional write.

mod apply;
mod notification;
mod objects;
mod settled;
mod verify;

use std::sync::Arc;

use serde_json::Value;
use shared::aws::{Aws, Service};
use shared::config::{self, Vars};
use shared::queue::{self, Message, Outcome, RetryError, SqsBatchResponse};
use shared::random::Random;
use shared::store::Store;
use shared::telemetry::Telemetry;
use shared::time::{Clock, Timestamp};
use shared::upload::limits::Limits;

pub use notification::{EventKind, NotificationError, ObjectEvent, parse};
pub use objects::Objects;
pub use settled::Settled;

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
    /// What may be uploaded.
    pub limits: Limits,
    /// What this environment knows of keys.
    pub settled: Settled,
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

    /// An app as the environment describes it, with a connection open.
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
        let limits = Limits::read(&mut vars);
        let telemetry = Telemetry::read(&mut vars, "s3-event", clock.clone());
        let warm_up = config::warm_up(&mut vars);
        vars.finish()?;
        let dynamodb = aws_sdk_dynamodb::Client::new(&aws.sdk_config(Service::DynamoDb));
        let app = Self::new(Parts {
            store: Store::new(dynamodb, table, clock.clone(), Random::system()),
            objects: Objects::new(&aws, bucket),
            limits,
            settled: Settled::default(),
            telemetry,
            clock,
        });
        if warm_up {
            let _ = tokio::time::timeout(config::WARM_UP_LIMIT, app.0.store.warm_up()).await;
        }
        Ok(app)
    }

    /// Processes an SQS batch, or a bare S3 event as `sam local invoke` and direct notifications send it.
    ///
    /// # Errors
    /// If a bare S3 event failed: only the whole invocation can say so.
    pub async fn handle(
        &self,
        event: Value,
        deadline: Timestamp,
    ) -> Result<SqsBatchResponse, lambda_runtime::Error> {
        let Parts {
            clock, telemetry, ..
        } = &*self.0;
        if let Some(messages) = queue::messages(&event) {
            return Ok(queue::run(messages, deadline, clock, telemetry, |message| {
                self.process(message)
            })
            .await);
        }
        let bare = Message {
            id: "bare S3 event".to_owned(),
            body: event.to_string(),
            receives: 1,
        };
        let response = queue::run(vec![bare], deadline, clock, telemetry, |message| {
            self.process(message)
        })
        .await;
        if response.batch_item_failures.is_empty() {
            Ok(response)
        } else {
            Err("the event could not be processed".into())
        }
    }

    /// Processes the events of one message, all of which are retried if one of them fails: each is idempotent.
    async fn process(&self, message: Message) -> Result<Outcome, RetryError> {
        let events = match parse(&message.body, self.0.objects.bucket()) {
            Ok(events) => events,
            Err(error) => return Ok(Outcome::Discarded(error.as_str())),
        };
        let mut result = Outcome::Discarded(NotificationError::NoUploadEvent.as_str());
        for event in events {
            let outcome = verify::process(&self.0, &event, message.receives).await?;
            // The message is discarded only if each of its events is.
            if matches!(outcome, Outcome::Done(_)) || matches!(result, Outcome::Discarded(_)) {
                result = outcome;
            }
        }
        Ok(result)
    }
}

//! Turns a stored object into a verified upload record.
//!
//! An object's way: message → `notification` → `verify`, with its first bytes (`objects`) → `apply`: one conditional write,
//! and a message if the object is to be checked.

mod apply;
mod notification;
mod objects;
mod settled;
mod verify;

use serde_json::Value;
use shared::config::WarmUp;
use shared::function::Setup;
use shared::moderation::Checks;
use shared::queue::{self, Message, Outcome, RetryError, SqsBatchResponse};
use shared::store::Store;
use shared::telemetry::Telemetry;
use shared::time::{Clock, Timestamp};
use shared::upload::limits::Limits;

pub use notification::{EventKind, NotificationError, ObjectEvent, parse};
pub use objects::Objects;
pub use settled::Settled;

/// What the handler needs.
#[derive(Debug)]
pub struct App {
    store: Store,
    objects: Objects,
    limits: Limits,
    /// Whether WeChat checks what is stored.
    checks: Checks,
    /// What this environment knows of keys.
    settled: Settled,
    clock: Clock,
    telemetry: Telemetry,
}

impl App {
    /// The app that `setup` describes, with a connection open.
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
        let limits = Limits::read(&mut vars);
        let checks = Checks::read(&mut vars, &aws, "CONTENT_CHECK_MEDIA");
        let warm_up = WarmUp::read(&mut vars);
        vars.finish()?;
        let app = Self {
            store,
            objects,
            limits,
            checks,
            settled: Settled::default(),
            clock,
            telemetry,
        };
        warm_up.run(app.store.warm_up()).await;
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
        let (clock, telemetry) = (&self.clock, &self.telemetry);
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
        let events = match parse(&message.body, self.objects.bucket()) {
            Ok(events) => events,
            Err(error) => return Ok(Outcome::Discarded(error.as_str())),
        };
        let mut result = Outcome::Discarded(NotificationError::NoUploadEvent.as_str());
        for event in events {
            let outcome = verify::process(self, &event, message.receives).await?;
            // The message is discarded only if each of its events is.
            if matches!(outcome, Outcome::Done(_)) || matches!(result, Outcome::Discarded(_)) {
                result = outcome;
            }
        }
        Ok(result)
    }
}

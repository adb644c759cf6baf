//! Removes what a deleted account left behind: upload records, reviews and reports, then objects with all their versions.
//!
//! Every step is idempotent, so a purge that is cut off at any point continues when it is repeated: what was removed
//! stays removed, and what is left is found again. A purge that needs more time than one invocation has sends itself a
//! message.

mod account;
mod item;
mod objects;

use serde_json::Value;
use shared::config::WarmUp;
use shared::events::Publisher;
use shared::function::Setup;
use shared::queue::{self, Sender, SqsBatchResponse};
use shared::store::Store;
use shared::telemetry::Telemetry;
use shared::time::{Clock, Timestamp};

use crate::objects::Objects;

/// What the handler needs.
#[derive(Debug)]
pub struct App {
    store: Store,
    objects: Objects,
    /// The function's own queue.
    queue: Sender,
    events: Publisher,
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
        let queue = Sender::new(&aws, vars.required("PURGE_QUEUE_URL"));
        let events = Publisher::read(&mut vars, &aws);
        WarmUp::read(&mut vars);
        vars.finish()?;
        Ok(Self {
            store,
            objects,
            queue,
            events,
            clock,
            telemetry,
        })
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
        let (clock, telemetry) = (&self.clock, &self.telemetry);
        Ok(queue::run(messages, deadline, clock, telemetry, |message| {
            account::process(self, message, deadline)
        })
        .await)
    }
}

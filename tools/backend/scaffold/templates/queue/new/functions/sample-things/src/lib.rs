//! Sample things: each message brings one, which is kept for the person whom it is about.
//!
//! SQS delivers at least once and in any order, so every step has to bear being repeated.

mod keep;

use serde_json::Value;
use shared::config::WarmUp;
use shared::function::Setup;
use shared::own::Items;
use shared::queue::{self, SqsBatchResponse};
use shared::telemetry::Telemetry;
use shared::time::{Clock, Timestamp};

use crate::keep::SampleThing;

/// What the handler needs.
#[derive(Debug)]
pub struct App {
    items: Items<SampleThing>,
    clock: Clock,
    telemetry: Telemetry,
}

impl App {
    /// The app that `setup` describes. No client waits for it, so nothing is opened ahead.
    ///
    /// # Errors
    /// If a variable is missing or malformed.
    pub async fn build(mut setup: Setup<'_>) -> Result<Self, lambda_runtime::Error> {
        let aws = setup.aws();
        let own = setup.own(&aws, env!("CARGO_PKG_NAME"));
        let Setup {
            mut vars,
            clock,
            telemetry,
            ..
        } = setup;
        WarmUp::read(&mut vars);
        vars.finish()?;
        Ok(Self {
            items: own.items(),
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
            keep::keep(self, message)
        })
        .await)
    }
}

//! Turns a stored object into a verified upload record.
//!
//! An object's way: message → `notification` → its first bytes (`objects`) → `verify` → one conditional write.

mod notification;
mod objects;
mod settled;
mod verify;

use serde_json::Value;
use shared::config::WarmUp;
use shared::function::Setup;
use shared::queue::{self, Message, Outcome, RetryError, SqsBatchResponse};
use shared::store::Store;
use shared::telemetry::Telemetry;
use shared::time::{Clock, Timestamp};
use shared::upload::limits::Limits;

pub use notification::{Event, Kind, NotificationError, parse};
pub use objects::Objects;
pub use settled::Settled;

/// What the handler needs.
#[derive(Debug)]
pub struct App {
    store: Store,
    objects: Objects,
    limits: Limits,
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
        let warm_up = WarmUp::read(&mut vars);
        vars.finish()?;
        let app = Self {
            store,
            objects,
            limits,
            settled: Settled::default(),
            clock,
            telemetry,
        };
        warm_up.run(app.store.warm_up()).await;
        Ok(app)
    }

    /// Works on an SQS batch, or on a bare S3 event as `sam local invoke` and direct notifications send it.
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
                self.work(message)
            })
            .await);
        }
        let bare = Message {
            id: "bare S3 event".to_owned(),
            body: event.to_string(),
            receives: 1,
        };
        let answer = queue::run(vec![bare], deadline, clock, telemetry, |message| {
            self.work(message)
        })
        .await;
        if answer.batch_item_failures.is_empty() {
            Ok(answer)
        } else {
            Err("the event could not be worked on".into())
        }
    }

    /// Works on the events of one message, which comes again if one of them fails: each is safe to repeat.
    async fn work(&self, message: Message) -> Result<Outcome, RetryError> {
        let events = match parse(&message.body, self.objects.bucket()) {
            Ok(events) => events,
            Err(reason) => return Ok(Outcome::Discarded(reason.as_str())),
        };
        let mut handled = Outcome::Discarded("it holds no event of an upload");
        for event in events {
            match verify::apply(self, &event, message.receives).await? {
                done @ Outcome::Done(_) => handled = done,
                Outcome::Discarded(reason) if matches!(handled, Outcome::Discarded(_)) => {
                    handled = Outcome::Discarded(reason);
                }
                Outcome::Discarded(_) => {}
            }
        }
        Ok(handled)
    }
}

//! One message: what it says is kept for the person whom it is about.

use serde::{Deserialize, Serialize};
use shared::auth::Caller;
use shared::ids::{Epoch, UserId};
use shared::own::{OwnError, OwnItem};
use shared::profile::Line;
use shared::queue::{Message, Outcome, RetryError};

use crate::App;

/// What is stored. A field that is added later needs `#[serde(default)]`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SampleThing {
    title: Line<100>,
}

impl OwnItem for SampleThing {
    const KIND: &'static str = "sample-things";
}

/// A message's body: `{"user":"u…","epoch":1,"title":"…"}`. The account generation is that of the sender's `Caller`: what
/// arrives after the account has ended changes nothing.
#[derive(Debug, Deserialize)]
struct Task {
    user: UserId,
    epoch: Epoch,
    title: Line<100>,
}

/// Keeps what the message brings, under the message's id: one that comes again finds what it created.
pub(crate) async fn keep(app: &App, message: Message) -> Result<Outcome, RetryError> {
    let Ok(task) = serde_json::from_str::<Task>(&message.body) else {
        return Ok(Outcome::Discarded("it is no task"));
    };
    let person = Caller::on_behalf_of(task.user, task.epoch);
    let item = SampleThing { title: task.title };
    match app.items.create_once(&person, &message.id, item).await {
        Ok(_) => Ok(Outcome::Done("kept")),
        Err(OwnError::AccessDenied(_)) => Ok(Outcome::Discarded("the account has ended or is disabled")),
        Err(error) => Err(RetryError::new(error)),
    }
}

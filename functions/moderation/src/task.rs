//! From a message to the use case that it is for.

use shared::moderation::Task;
use shared::queue::{Message, Outcome, RetryError};
use shared::telemetry;

use crate::App;
use crate::{
    cancellation, decision, media, nickname, overdue, profile_modified, reported, revocation, text,
    verdict,
};

/// Does what `message` asks for.
pub(crate) async fn process(app: &App, message: Message) -> Result<Outcome, RetryError> {
    let Ok(task) = serde_json::from_str::<Task>(&message.body) else {
        return Ok(Outcome::Discarded("it is no task"));
    };
    telemetry::field("task", task.name());
    let receives = message.receives;
    match &task {
        Task::MediaStored { key, version } => media::check(app, &task, key, version).await,
        Task::MediaOverdue {
            key,
            version,
            trace_id,
            due,
        } => overdue::check_again(app, &task, key, version, trace_id, *due).await,
        Task::MediaVerdict { trace_id, verdict } => verdict::apply(app, trace_id, *verdict).await,
        Task::NicknameChanged { user, check } => {
            nickname::check(app, &task, user, check, receives).await
        }
        Task::TextChanged { pk, sk, check } => {
            text::check(app, &task, pk, sk, check, receives).await
        }
        Task::ItemReported {
            pk,
            sk,
            version,
            text,
        } => reported::review(app, pk, sk, *version, text).await,
        Task::ReviewDecided { review } => decision::apply(app, review, receives).await,
        Task::ConsentRevoked { openid, data } => revocation::apply(app, &task, openid, data).await,
        Task::AccountCancelled { openid } => cancellation::delete(app, openid).await,
        Task::ProfileModified { openid } => profile_modified::review(app, openid).await,
    }
}

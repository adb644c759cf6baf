//! `DELETE /v1/users/me` and `/v1/users/{id}`.

use std::sync::Arc;

use axum::extract::State;
use http::{HeaderMap, StatusCode};
use shared::error::Error;
use shared::telemetry::{self, Metric};

use crate::target::Target;
use crate::{App, conditions};

/// Deletes an account: it is unusable when this answers; `purge` removes what is left of it.
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    target: Target,
    headers: HeaderMap,
) -> Result<StatusCode, Error> {
    let (user, editor) = target.to_change()?;
    let if_match = conditions::if_match(&headers, &target.caller, user)?;
    let if_match = if_match.as_deref();
    let target = app.store.read_for_deletion(user, editor, if_match).await?;
    // Announced first: what a generation that ended unannounced left behind would stay for good. `purge` touches nothing of
    // an account that is not deleted after all.
    let message = target.deleted.to_message();
    app.purge_queue.send(message, None).await?;
    app.store.delete_user(target, editor, if_match).await?;
    telemetry::count(Metric::DeletedUsers);
    Ok(StatusCode::NO_CONTENT)
}

//! `DELETE /v1/users/me` and `/v1/users/{id}`.

use std::sync::Arc;

use axum::extract::State;
use http::{HeaderMap, StatusCode};
use shared::error::{Code, Error};
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
    let doomed = app.store.doomed(user, editor, if_match).await?;
    let doomed = doomed.map_err(|refusal| refusal.into_error(editor))?;
    // Announced first: a life that ended unannounced would never be cleared away. `purge` touches nothing of an account
    // that lives on after all.
    let announced = app.purge_queue.announce(&doomed.deleted).await;
    announced.map_err(|error| Error::new(Code::TemporarilyUnavailable).caused_by(error))?;
    let deleted = app.store.delete_user(doomed, editor, if_match).await?;
    deleted.map_err(|refusal| refusal.into_error(editor))?;
    telemetry::count(Metric::DeletedUsers);
    Ok(StatusCode::NO_CONTENT)
}

//! `DELETE /v1/posts/{id}`: by its author, or an administrator. The uploads that it showed stay their owner's.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use shared::auth::{Admin, Caller};
use shared::error::Error;
use shared::http::PathId;
use shared::own::IfMatch;
use shared::telemetry;

use crate::App;
use crate::post::PostId;

pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId<PostId>,
) -> Result<StatusCode, Error> {
    let at = app.partition(id)?;
    if caller.is_admin() {
        let post = app.posts.get(&caller, at, id.item).await?;
        if post.owner != caller.user {
            telemetry::field("removed_post", id.to_string());
            app.posts.remove(&Admin(caller), at, &post).await?;
            return Ok(StatusCode::NO_CONTENT);
        }
    }
    let deleted = app.posts.delete(&caller, at, id.item, &IfMatch::NONE);
    deleted.await?;
    Ok(StatusCode::NO_CONTENT)
}

//! `PUT` and `DELETE /v1/posts/{id}/like`: each person likes a post once, however often they ask.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use shared::auth::Caller;
use shared::error::Error;
use shared::http::PathId;
use shared::own::Mark;

use crate::App;
use crate::post::{Post, PostId};
use crate::view;

/// That somebody likes a post.
pub(crate) enum Like {}

impl Mark for Like {
    type On = Post;
    const KIND: &'static str = "feed-likes";
}

/// The likes of a post.
#[derive(Debug, Serialize)]
pub(crate) struct LikesResponse {
    likes: u64,
    liked: bool,
}

pub(crate) async fn like(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId<PostId>,
) -> Result<Json<LikesResponse>, Error> {
    view::visible(&app, &caller, id).await?;
    app.likes.set(&caller, id.item).await?;
    likes(&app, &caller, id).await
}

/// Also of a post that is no longer shown to the caller: the like is theirs.
pub(crate) async fn unlike(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId<PostId>,
) -> Result<Json<LikesResponse>, Error> {
    app.likes.unset(&caller, id.item).await?;
    likes(&app, &caller, id).await
}

async fn likes(app: &App, caller: &Caller, id: PostId) -> Result<Json<LikesResponse>, Error> {
    let tallies = app.likes.tally(caller, &[id.item]).await?;
    let tally = tallies.first().copied().unwrap_or_default();
    Ok(Json(LikesResponse {
        likes: tally.count,
        liked: tally.is_own,
    }))
}

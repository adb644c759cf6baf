//! `GET /v1/blocks`, `PUT` and `DELETE /v1/blocks/{id}`: two people one of whom has blocked the other do not see each
//! other's posts.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use shared::api::page::PageResponse;
use shared::auth::Caller;
use shared::error::Error;
use shared::http::{PageRequest, PathId, WithQuery};
use shared::ids::UserId;
use shared::own::{Id, IfMatch, OwnError, OwnItem, Partition};

use crate::App;

/// That somebody has blocked another. It is whose who has blocked, and goes with their account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Block {
    /// Who is blocked.
    user: UserId,
}

impl OwnItem for Block {
    const KIND: &'static str = "feed-blocks";
}

/// A blocked person in responses.
#[derive(Debug, Serialize)]
pub(crate) struct BlockResponse {
    user: String,
    created_at: String,
}

/// Where the block of `blocked` by `blocker` is: in a partition of its own, so that nobody's list of blocks, nor that of the
/// blocks of a much-read author, is a hot one.
pub(crate) fn place(blocker: &UserId, blocked: &UserId) -> (Partition, Id<Block>) {
    let id = Id::derived(&[blocker.as_str(), blocked.as_str()]);
    (id.into(), id)
}

pub(crate) async fn block(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(user): PathId<UserId>,
) -> Result<StatusCode, Error> {
    if user == caller.user {
        let message = "must be somebody else";
        return Err(Error::invalid_field("id", "not_allowed", message));
    }
    let (at, id) = place(&caller.user, &user);
    let block = Block { user };
    app.blocks.create_as(&caller, &at, id, block).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn unblock(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(user): PathId<UserId>,
) -> Result<StatusCode, Error> {
    let (at, id) = place(&caller.user, &user);
    match app.blocks.delete(&caller, &at, id, &IfMatch::NONE).await {
        Ok(()) | Err(OwnError::NotFound) => Ok(StatusCode::NO_CONTENT),
        Err(error) => Err(error.into()),
    }
}

/// Whom the caller has blocked.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    WithQuery(caller, mut fields): WithQuery<Caller>,
) -> Result<Json<PageResponse<BlockResponse>>, Error> {
    let page = PageRequest::read(&mut fields);
    let page = fields.finish(Some(page))?;
    let found = app.blocks.list_own(&caller, &page).await?;
    let items = found.items.iter().map(|block| BlockResponse {
        user: block.user.as_str().to_owned(),
        created_at: block.created_at.to_rfc3339(),
    });
    Ok(Json(PageResponse {
        items: items.collect(),
        next_cursor: found.next_cursor,
    }))
}

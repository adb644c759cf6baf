//! `GET /v1/posts` and `GET /v1/posts/{id}`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use shared::api::page::PageResponse;
use shared::auth::Caller;
use shared::error::{Code, Error};
use shared::http::{PageRequest, PathId, WithQuery};

use crate::App;
use crate::post::PostId;
use crate::view::{self, PostResponse};

/// The newest posts. A page can be short, or empty, without being the last: what the caller is not shown is left out.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    WithQuery(caller, mut fields): WithQuery<Caller>,
) -> Result<Json<PageResponse<PostResponse>>, Error> {
    let page = PageRequest::read(&mut fields);
    let page = fields.finish(Some(page))?;
    let found = app.posts.list_all(&caller, &app.partitions, "posts", &page);
    let found = found.await?;
    Ok(Json(PageResponse {
        items: view::all(&app, &caller, found.items).await?,
        next_cursor: found.next_cursor,
    }))
}

pub(crate) async fn read(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId<PostId>,
) -> Result<Json<PostResponse>, Error> {
    let post = app.posts.get(&caller, app.partition(id)?, id.item).await?;
    let shown = view::all(&app, &caller, vec![post]).await?;
    let shown = shown.into_iter().next();
    shown.map(Json).ok_or_else(|| Error::new(Code::NotFound))
}

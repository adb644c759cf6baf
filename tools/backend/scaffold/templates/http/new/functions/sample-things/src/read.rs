//! `GET /v1/sample-things` and `GET /v1/sample-things/{id}`: the caller's own.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use shared::api::page::PageResponse;
use shared::auth::Caller;
use shared::error::Error;
use shared::http::{PageRequest, PathId, WithQuery};
use shared::own::{IfNoneMatch, Stored};

use crate::App;
use crate::item::{SampleThing, SampleThingId};

pub(crate) async fn read(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId<SampleThingId>,
    known: IfNoneMatch,
) -> Result<Response, Error> {
    let item = app.items.get(&caller, id).await?;
    Ok(item.response_unless(&known))
}

/// Lists items, newest first.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    WithQuery(caller, mut fields): WithQuery<Caller>,
) -> Result<Json<PageResponse<Stored<SampleThing>>>, Error> {
    let page = PageRequest::read(&mut fields);
    let page = fields.finish(Some(page))?;
    let page = app.items.list(&caller, &page).await?;
    Ok(Json(page))
}

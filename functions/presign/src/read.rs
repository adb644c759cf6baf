//! `GET /v1/uploads` and `GET /v1/uploads/{id}`: the caller's own.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use shared::api::page::PageResponse;
use shared::api::upload::{Reader, UploadResponse};
use shared::auth::Caller;
use shared::error::{Code, Error};
use shared::http::{PageRequest, PathId, WithQuery};
use shared::ids::UploadId;

use crate::App;
use crate::page::page_response;

pub(crate) async fn read(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId<UploadId>,
) -> Result<Json<UploadResponse>, Error> {
    let record = app.store.upload(caller.actor(), id).await?;
    let now = app.clock.now();
    let record = record.filter(|record| record.is_shown(now));
    let record = record.ok_or_else(|| Error::new(Code::NotFound))?;
    Ok(Json(UploadResponse::new(
        &record,
        Reader::Owner,
        &app.links,
        now,
    )))
}

/// Lists uploads, newest first.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    WithQuery(caller, mut fields): WithQuery<Caller>,
) -> Result<Json<PageResponse<UploadResponse>>, Error> {
    let page = PageRequest::read(&mut fields);
    let page = fields.finish(Some(page))?;
    let scope = format!("uploads {}", caller.user);
    let before = page.after(&scope)?;
    let found = app
        .store
        .uploads(caller.actor(), page.limit, before)
        .await?;
    Ok(Json(page_response(
        &app,
        found,
        &scope,
        Reader::Owner,
        |_| true,
    )))
}

//! `GET /v1/uploads` and `GET /v1/uploads/{id}`: the caller's own.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use shared::auth::Caller;
use shared::error::{Code, Error};
use shared::http::body;
use shared::http::{PathId, WithQuery};
use shared::ids::UploadId;
use shared::store::cursor;

use crate::App;
use crate::response;

const DEFAULT_LIMIT: usize = 20;

/// Shows one upload.
pub(crate) async fn read(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId<UploadId>,
) -> Result<Json<Value>, Error> {
    let record = app.store.upload(&caller, id).await??;
    let now = app.clock.now();
    let record = record.filter(|record| record.is_shown(now));
    let record = record.ok_or_else(|| Error::new(Code::NotFound))?;
    Ok(Json(response::upload(&record, &app.links, now)))
}

/// Lists uploads, newest first.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    WithQuery(caller, mut fields): WithQuery<Caller>,
) -> Result<Json<Value>, Error> {
    let limit = fields
        .optional("limit", body::page_limit)
        .unwrap_or(DEFAULT_LIMIT);
    let cursor = fields.optional("cursor", body::text);
    let (limit, cursor) = fields.finish(Some((limit, cursor)))?;
    let scope = format!("uploads {}", caller.user);
    let before = cursor
        .map(|cursor| cursor::decode(&cursor, &scope))
        .transpose()?;
    let before = before
        .map(|id| id.parse())
        .transpose()
        .map_err(|_| Error::new(Code::InvalidCursor))?;
    let page = app.store.uploads(&caller, limit, before).await??;
    let now = app.clock.now();
    let items: Vec<_> = page
        .items
        .iter()
        .map(|record| response::upload(record, &app.links, now))
        .collect();
    let next = page.next.map(|position| cursor::encode(&position, &scope));
    Ok(Json(json!({"items": items, "next_cursor": next})))
}

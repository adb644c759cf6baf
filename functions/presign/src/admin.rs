//! `GET /v1/users/{id}/uploads` and `DELETE /v1/users/{id}/uploads/{upload}`: what administrators may do about other
//! people's uploads.

use std::str::FromStr;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, State};
use http::StatusCode;
use serde_json::{Value, json};
use shared::auth::Admin;
use shared::error::{Code, Error};
use shared::http::WithQuery;
use shared::http::body::{self, ValueError};
use shared::ids::{UploadId, UserId};
use shared::store::cursor;
use shared::upload::lifecycle::UploadStatus;

use crate::App;
use crate::delete::{delete_record, delete_record_as};
use crate::response;

const DEFAULT_LIMIT: usize = 20;

type Params = Result<RawPathParams, RawPathParamsRejection>;

/// The part of the path that is called `name`; text that is no such id names nothing.
fn id<T: FromStr>(params: &Params, name: &str) -> Result<T, Error> {
    let params = params.as_ref().ok();
    let part = params.and_then(|params| params.iter().find(|(known, _)| *known == name));
    let id = part.and_then(|(_, text)| text.parse().ok());
    id.ok_or_else(|| Error::new(Code::NotFound))
}

/// Lists a user's uploads, newest first. A filter looks at what was read, so a page can be short or empty without being
/// the last.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    WithQuery(Admin(caller), mut fields): WithQuery<Admin>,
    params: Params,
) -> Result<Json<Value>, Error> {
    let user: UserId = id(&params, "id")?;
    let limit = fields
        .optional("limit", body::page_limit)
        .unwrap_or(DEFAULT_LIMIT);
    let cursor = fields.optional("cursor", body::text);
    let status = fields.optional("status", |value| {
        let known = body::text(value)?.parse().ok();
        let shown = known.filter(|status| *status != UploadStatus::Tombstone);
        shown.ok_or_else(|| ValueError::invalid("must be a status of uploads"))
    });
    let (limit, cursor, status) = fields.finish(Some((limit, cursor, status)))?;
    let filter = status.map_or("all", UploadStatus::as_str);
    let scope = format!("uploads of {user} {filter} {}", caller.user);
    let before = cursor
        .map(|cursor| cursor::decode(&cursor, &scope))
        .transpose()?;
    let before: Option<UploadId> = before
        .map(|id| id.parse())
        .transpose()
        .map_err(|_| Error::new(Code::InvalidCursor))?;
    let page = app
        .store
        .uploads_of(&caller, &user, limit, before)
        .await??;
    let page = page.ok_or_else(|| Error::new(Code::NotFound))?;
    let now = app.clock.now();
    let wanted = page
        .items
        .iter()
        .filter(|record| status.is_none_or(|status| record.status == status));
    let items: Vec<_> = wanted
        .map(|record| response::upload(record, &app.links, now))
        .collect();
    let next = page.next.map(|position| cursor::encode(&position, &scope));
    Ok(Json(json!({"items": items, "next_cursor": next})))
}

/// Deletes one of a user's uploads, as their own `DELETE /v1/uploads/{id}` does, and enters it into the audit; one's own
/// is deleted as anybody's own.
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    Admin(caller): Admin,
    params: Params,
) -> Result<StatusCode, Error> {
    let user: UserId = id(&params, "id")?;
    let upload: UploadId = id(&params, "upload")?;
    let record = app.store.upload_of(&caller, &user, upload).await??;
    let record = record.ok_or_else(|| Error::new(Code::NotFound))?;
    if caller.user == user {
        delete_record(&app, record).await?;
    } else {
        delete_record_as(&app, &caller, record).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

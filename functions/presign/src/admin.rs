//! `GET /v1/users/{id}/uploads` and `DELETE /v1/users/{id}/uploads/{upload}`: administrators and other users' uploads.

use std::str::FromStr;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, State};
use http::StatusCode;
use shared::api::page::PageResponse;
use shared::api::upload::{Reader, UploadResponse};
use shared::auth::Admin;
use shared::error::{Code, Error};
use shared::http::body::{self, ValueError};
use shared::http::{PageRequest, WithQuery};
use shared::ids::{UploadId, UserId};
use shared::upload::lifecycle::UploadStatus;

use crate::App;
use crate::delete::{delete_upload, delete_upload_as_admin};
use crate::page::page_response;

type Params = Result<RawPathParams, RawPathParamsRejection>;

/// The path parameter `name`; 404 if it is not a well-formed id.
fn id<T: FromStr>(params: &Params, name: &str) -> Result<T, Error> {
    let params = params.as_ref().ok();
    let part = params.and_then(|params| params.iter().find(|(known, _)| *known == name));
    let id = part.and_then(|(_, text)| text.parse().ok());
    id.ok_or_else(|| Error::new(Code::NotFound))
}

/// Lists a user's uploads, newest first. `status` filters the page after it was read, so a page can be short or empty
/// without being the last.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    WithQuery(Admin(caller), mut fields): WithQuery<Admin>,
    params: Params,
) -> Result<Json<PageResponse<UploadResponse>>, Error> {
    let user: UserId = id(&params, "id")?;
    let page = PageRequest::read(&mut fields);
    let status = fields.optional("status", |value| {
        let known = body::text(value)?.parse().ok();
        let shown = known.filter(|status| *status != UploadStatus::Tombstone);
        shown.ok_or_else(|| ValueError::invalid("must be a status of uploads"))
    });
    let (page, status) = fields.finish(Some((page, status)))?;
    let filter = status.map_or("all", UploadStatus::as_str);
    let scope = format!("uploads of {user} {filter} {}", caller.user);
    let before = page.after(&scope)?;
    let found = app
        .store
        .uploads_of_user(caller.actor(), &user, page.limit, before)
        .await?;
    let found = found.ok_or_else(|| Error::new(Code::NotFound))?;
    let reader = if caller.user == user {
        Reader::Owner
    } else {
        Reader::Other
    };
    Ok(Json(page_response(&app, found, &scope, reader, |record| {
        status.is_none_or(|status| record.status == status)
    })))
}

/// Deletes one of a user's uploads, and enters it into the audit log unless the administrator is that user.
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    Admin(caller): Admin,
    params: Params,
) -> Result<StatusCode, Error> {
    let user: UserId = id(&params, "id")?;
    let upload: UploadId = id(&params, "upload")?;
    let record = app
        .store
        .upload_of_user(caller.actor(), &user, upload)
        .await?;
    let record = record.ok_or_else(|| Error::new(Code::NotFound))?;
    if caller.user == user {
        delete_upload(&app, record).await?;
    } else {
        delete_upload_as_admin(&app, caller.actor(), record).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

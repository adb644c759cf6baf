//! `POST /v1/reports`: tells administrators of something that should not be shown.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde_json::{Value, json};
use shared::api::review::ReportResponse;
use shared::auth::Caller;
use shared::error::Error;
use shared::http::JsonFields;
use shared::http::body::{self, ValueError};
use shared::ids::{UploadId, UserId};
use shared::store::review::NewReport;

use crate::App;

/// Reports a user's profile, or one of their uploads.
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    mut fields: JsonFields,
) -> Result<(StatusCode, Json<Value>), Error> {
    let user: Option<UserId> = if fields.has("upload") && !fields.has("user") {
        let message = "is required: an upload is found by its id and its owner's";
        fields.reject("user", ValueError("required", message.into()))
    } else {
        fields.required("user", body::parsed)
    };
    let upload: Option<UploadId> = fields.optional("upload", body::parsed);
    let reason = fields.required("reason", body::parsed);
    let (user, reason) = fields.finish(user.zip(reason))?;
    let report = NewReport {
        reporter: caller.actor(),
        user: &user,
        upload,
        reason,
    };
    let made = app.store.report(&report).await?;
    let shown = ReportResponse::new(&report, &made);
    Ok((StatusCode::CREATED, Json(json!(shown))))
}

//! `POST /v1/posts/{id}/reports`: lists a post for administrators to decide on, in `GET /v1/reviews`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::auth::Caller;
use shared::error::Error;
use shared::http::{JsonFields, PathId, body};
use shared::own::OwnItem;
use shared::store::review::ReportReason;

use crate::App;
use crate::post::PostId;
use crate::view;

/// That somebody has reported a post. It is whose who has reported.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Report {
    post: String,
    reason: String,
}

impl OwnItem for Report {
    const KIND: &'static str = "feed-reports";
}

/// Reports a post, once: a repetition is answered with the first report. The report is stored first: if its announcement
/// fails, a repetition announces it.
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId<PostId>,
    mut fields: JsonFields,
) -> Result<(StatusCode, Json<Value>), Error> {
    let reason: Option<ReportReason> = fields.required("reason", body::parsed);
    let reason = fields.finish(reason)?;
    let post = view::visible(&app, &caller, id).await?;
    if post.owner == caller.user {
        let message = "must be somebody else's: what is one's own can be deleted";
        return Err(Error::invalid_field("id", "not_allowed", message));
    }
    let report = Report {
        post: id.to_string(),
        reason: reason.as_str().to_owned(),
    };
    let name = report.post.clone();
    let reported = app.reports.create_once(&caller, &name, report).await?;
    let report = reported.item;
    let at = app.partition(id)?;
    app.posts
        .report(&app.moderation_queue, &caller, at, &post)
        .await?;
    let shown = json!({"reason": report.reason, "created_at": report.created_at.to_rfc3339()});
    Ok((StatusCode::CREATED, Json(shown)))
}

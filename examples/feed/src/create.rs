//! `POST /v1/posts`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::LOCATION;
use serde_json::{Value, json};
use shared::auth::Caller;
use shared::error::Error;
use shared::http::JsonFields;
use shared::http::body::{self, ValueError};
use shared::ids::UploadId;
use shared::own::IdempotencyKey;

use crate::App;
use crate::post::{MAX_PICTURES, Post, PostText};
use crate::view;

/// Posts a text, pictures that were uploaded before, or both.
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    key: Option<IdempotencyKey>,
    mut fields: JsonFields,
) -> Result<Response, Error> {
    let text: Option<PostText> = fields.optional("text", body::parsed);
    let text = text.map(|PostText(text)| text).unwrap_or_default();
    let pictures = fields.optional("pictures", upload_ids).unwrap_or_default();
    let text = if text.is_empty() && pictures.is_empty() {
        let message = "is required, unless there are pictures";
        fields.reject("text", ValueError("required", message.into()))
    } else {
        Some(text)
    };
    let text = fields.finish(text)?;
    let pictures = app
        .attachments
        .check_pictures(&caller, "pictures", &pictures)
        .await?;
    let post = Post { text, pictures };
    let at = app.partition_of(&caller.user)?;
    let post = app.posts.create(&caller, at, post, key).await?;
    let shown = view::all(&app, &caller, vec![post]).await?;
    let shown = json!(shown.first());
    let id = shown["id"].as_str().unwrap_or_default();
    let location = format!("/v1/posts/{id}");
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(shown)).into_response())
}

fn upload_ids(value: Value) -> Result<Vec<UploadId>, ValueError> {
    let Value::Array(ids) = value else {
        return Err(ValueError("invalid_type", "must be a list".into()));
    };
    let ids = ids.iter().map(|id| id.as_str()?.parse().ok());
    let ids: Option<Vec<_>> = ids.collect();
    let ids = ids.filter(|ids| ids.len() <= MAX_PICTURES);
    ids.ok_or_else(|| ValueError::invalid("must be a list of up to 9 upload ids"))
}

//! `POST /v1/posts`.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::Json;
use http::StatusCode;
use http::header::LOCATION;
use serde_json::{Value, json};
use shared::auth::Caller;
use shared::error::{Error, FieldError};
use shared::http::body::{self, ValueError};
use shared::http::JsonFields;
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
    let post = if text.is_empty() && pictures.is_empty() {
        let message = "is required, unless there are pictures";
        fields.reject("text", ValueError("required", message.into()))
    } else {
        Some(Post {
            text,
            pictures: pictures.iter().map(UploadId::to_string).collect(),
        })
    };
    let post = fields.finish(post)?;
    check_pictures(&app, &caller, &pictures).await?;
    let at = app.partition_of(&caller.user)?;
    let post = app.posts.create(&caller, at, post, key).await?;
    let shown = view::all(&app, &caller, vec![post]).await?;
    let shown = json!(shown.first());
    let id = shown["id"].as_str().unwrap_or_default();
    let location = format!("/v1/posts/{id}");
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(shown)).into_response())
}

fn upload_ids(value: Value) -> Result<Vec<UploadId>, ValueError> {
    let malformed = || ValueError::invalid("must be a list of up to 9 upload ids, each once");
    let Value::Array(ids) = value else {
        return Err(ValueError("invalid_type", "must be a list".into()));
    };
    let ids = ids.iter().map(|id| id.as_str()?.parse().ok());
    let ids: Vec<UploadId> = ids.collect::<Option<_>>().ok_or_else(malformed)?;
    let distinct: BTreeSet<_> = ids.iter().collect();
    if ids.len() > MAX_PICTURES || distinct.len() < ids.len() {
        return Err(malformed());
    }
    Ok(ids)
}

async fn check_pictures(app: &App, caller: &Caller, pictures: &[UploadId]) -> Result<(), Error> {
    let are_own = app.attachments.are_own_pictures(caller, pictures).await?;
    let others = are_own.iter().enumerate().filter(|(_, is_own)| !**is_own);
    let faults: Vec<_> = others
        .map(|(i, _)| {
            let message = "must be a picture of yours that has arrived";
            FieldError::new(format!("pictures[{i}]"), "invalid_value", message)
        })
        .collect();
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Error::invalid(faults))
    }
}

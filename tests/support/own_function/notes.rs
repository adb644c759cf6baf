//! Notes that people keep for themselves.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use shared::api::page::PageResponse;
use shared::auth::Caller;
use shared::error::{Code, Error};
use shared::http::{JsonFields, PageRequest, PathId, WithQuery, body};
use shared::own::{Id, IdempotencyKey, IfMatch, IfNoneMatch, Stored};

use super::{App, Note};

pub(super) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    key: Option<IdempotencyKey>,
    mut fields: JsonFields,
) -> Result<Response, Error> {
    let text = fields.required("text", body::text);
    let stars = fields.optional("stars", body::whole_number).unwrap_or(0);
    let note = fields.finish(text.map(|text| Note { text, stars }))?;
    let note = app.notes.create(&caller, note, key).await?;
    Ok(note.created_response("/v1/notes"))
}

/// The one note that a person has pinned: 201 if it is new, 200 if it was there.
pub(super) async fn pin(
    State(app): State<Arc<App>>,
    caller: Caller,
    mut fields: JsonFields,
) -> Result<Response, Error> {
    let text = fields.required("text", body::text);
    let note = fields.finish(text.map(|text| Note { text, stars: 0 }))?;
    let pinned = app.notes.create_once(&caller, "pinned", note).await?;
    Ok(match pinned.is_new {
        true => pinned.item.created_response("/v1/notes"),
        false => pinned.item.response(),
    })
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    WithQuery(caller, mut fields): WithQuery<Caller>,
) -> Result<Json<PageResponse<Stored<Note>>>, Error> {
    let page = PageRequest::read(&mut fields);
    let page = fields.finish(Some(page))?;
    Ok(Json(app.notes.list(&caller, &page).await?))
}

pub(super) async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId<Id<Note>>,
    known: IfNoneMatch,
) -> Result<Response, Error> {
    let note = app.notes.get(&caller, id).await?;
    Ok(note.response_unless(&known))
}

pub(super) async fn update(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId<Id<Note>>,
    if_match: IfMatch,
    mut fields: JsonFields,
) -> Result<Response, Error> {
    let text = fields.optional("text", body::text);
    let stars = fields.optional("stars", body::whole_number);
    let (text, stars) = fields.finish(Some((text, stars)))?;
    let change = |note: &mut Note| {
        note.text = text.clone().unwrap_or_else(|| note.text.clone());
        note.stars = stars.unwrap_or(note.stars);
        if note.text == "locked" && note.stars > 5 {
            return Err(Error::new(Code::Forbidden));
        }
        Ok(())
    };
    let note = app.notes.try_update(&caller, id, &if_match, change).await?;
    Ok(note.response())
}

pub(super) async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId<Id<Note>>,
    if_match: IfMatch,
) -> Result<StatusCode, Error> {
    app.notes.delete(&caller, id, &if_match).await?;
    Ok(StatusCode::NO_CONTENT)
}

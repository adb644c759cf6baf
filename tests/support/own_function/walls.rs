//! Walls that people post on, with pictures.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};
use shared::api::page::PageResponse;
use shared::auth::Caller;
use shared::error::{Code, Error};
use shared::http::body::ValueError;
use shared::http::{JsonFields, PageRequest, WithQuery, body};
use shared::ids::UploadId;
use shared::own::{Attached, Id, IdempotencyKey, IfMatch, Partition, Reader, Stored, Visibility};

use super::{App, Post};

/// The wall and the post in the path.
type OnWall = Path<(String, String)>;

fn on_wall(path: &(String, String)) -> Result<(Partition, Id<Post>), Error> {
    let (wall, id) = path;
    let unknown = || Error::new(Code::NotFound);
    Ok((
        wall.parse().map_err(|_| unknown())?,
        id.parse().map_err(|_| unknown())?,
    ))
}

pub(super) async fn post(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(wall): Path<String>,
    key: Option<IdempotencyKey>,
    mut fields: JsonFields,
) -> Result<Response, Error> {
    let text = fields.required("text", body::text);
    let pictures = fields.optional("pictures", uploads).unwrap_or_default();
    let visibility = fields.optional("visibility", visibility);
    let text = fields.finish(text)?;
    let wall: Partition = wall.parse().map_err(|_| Error::new(Code::NotFound))?;
    let pictures = app
        .attachments
        .check(&caller, "pictures", &pictures)
        .await?;
    let post = Post {
        text,
        pictures,
        visibility: visibility.unwrap_or(Visibility::Members),
    };
    let post = app.posts.create(&caller, &wall, post, key).await?;
    Ok(post.created_response("/v1/posts"))
}

fn uploads(value: Value) -> Result<Vec<UploadId>, ValueError> {
    let ids: Vec<String> = serde_json::from_value(value).unwrap_or_default();
    let ids = ids.iter().map(|id| id.parse());
    ids.collect::<Result<_, _>>()
        .map_err(|_| ValueError::invalid("must be ids of uploads"))
}

fn visibility(value: Value) -> Result<Visibility, ValueError> {
    serde_json::from_value(value)
        .map_err(|_| ValueError::invalid("must be private, members or everybody"))
}

/// The first page of a wall, for anybody.
pub(super) async fn wall(
    State(app): State<Arc<App>>,
    Path(wall): Path<String>,
) -> Result<Json<Value>, Error> {
    show_wall(&app, Reader::Anyone, &wall).await
}

/// The first page of a wall, for members.
pub(super) async fn wall_of_members(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(wall): Path<String>,
) -> Result<Json<Value>, Error> {
    show_wall(&app, Reader::from(&caller), &wall).await
}

async fn show_wall(app: &App, reader: Reader<'_>, wall: &str) -> Result<Json<Value>, Error> {
    let wall: Partition = wall.parse().map_err(|_| Error::new(Code::NotFound))?;
    let first = PageRequest::first(50);
    let page = app.posts.list(reader, &wall, &first).await?;
    let attached = page.items.iter().map(|post| Attached {
        owner: &post.owner,
        visibility: post.visibility,
        uploads: &post.pictures,
    });
    let attached: Vec<_> = attached.collect();
    let pictures = app.attachments.show(reader, &attached).await?;
    let posts = page.items.iter().zip(pictures);
    let items: Vec<_> = posts
        .map(|(post, pictures)| json!({"text": post.text, "pictures": pictures}))
        .collect();
    Ok(Json(json!({"items": items})))
}

pub(super) async fn own_posts(
    State(app): State<Arc<App>>,
    WithQuery(caller, mut fields): WithQuery<Caller>,
) -> Result<Json<PageResponse<Stored<Post>>>, Error> {
    let page = PageRequest::read(&mut fields);
    let page = fields.finish(Some(page))?;
    Ok(Json(app.posts.list_own(&caller, &page).await?))
}

pub(super) async fn read_post(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(path): OnWall,
) -> Result<Response, Error> {
    let (wall, id) = on_wall(&path)?;
    Ok(app.posts.get(&caller, &wall, id).await?.response())
}

pub(super) async fn edit_post(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(path): OnWall,
    if_match: IfMatch,
    mut fields: JsonFields,
) -> Result<Response, Error> {
    let (wall, id) = on_wall(&path)?;
    let text = fields.required("text", body::text);
    let text = fields.finish(text)?;
    let change = |post: &mut Post| post.text.clone_from(&text);
    let post = app
        .posts
        .update(&caller, &wall, id, &if_match, change)
        .await?;
    Ok(post.response())
}

pub(super) async fn delete_post(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(path): OnWall,
    if_match: IfMatch,
) -> Result<StatusCode, Error> {
    let (wall, id) = on_wall(&path)?;
    app.posts.delete(&caller, &wall, id, &if_match).await?;
    Ok(StatusCode::NO_CONTENT)
}

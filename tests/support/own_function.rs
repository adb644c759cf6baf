//! An own function, as a project might have one: notes that people keep for themselves, and walls that they post on. It is built on the public surface of
//! `shared` alone, and is deployed nowhere.

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::api::page::PageResponse;
use shared::auth::Caller;
use shared::auth::jwt::Verifier;
use shared::config::WarmUp;
use shared::error::{Code, Error};
use shared::function::Setup;
use shared::http::body::ValueError;
use shared::http::{JsonFields, PageRequest, PathId, ProvideVerifier, WithQuery, body};
use shared::ids::UploadId;
use shared::own::{
    Attached, Attachment, Attachments, Id, IdempotencyKey, IfMatch, IfNoneMatch, Items, OwnItem,
    Partition, Reader, SharedItems, Stored, Visibility,
};
use shared::telemetry::Telemetry;
use shared::time::Clock;
use shared::upload::link::Links;

use crate::{Api, World};

/// What a person notes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// The text.
    pub text: String,
    /// How important it is.
    pub stars: u64,
}

impl OwnItem for Note {
    const KIND: &'static str = "notes";
    const VERSION: u16 = 2;

    /// The first version had no stars.
    fn upgrade(_: u16, mut content: Value) -> Result<Self, serde_json::Error> {
        content["stars"] = 0.into();
        serde_json::from_value(content)
    }
}

/// What a person shows to others, on the wall of a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    /// The text.
    pub text: String,
    /// Pictures beside it.
    pub pictures: Vec<Attachment>,
    /// Who sees them.
    pub visibility: Visibility,
}

impl OwnItem for Post {
    const KIND: &'static str = "posts";
}

/// The function's app.
#[derive(Debug)]
pub struct App {
    notes: Items<Note>,
    posts: SharedItems<Post>,
    attachments: Attachments,
    verifier: Verifier,
    clock: Clock,
    telemetry: Telemetry,
}

impl App {
    /// The app that `setup` describes.
    ///
    /// # Errors
    /// If a variable is missing or malformed.
    pub async fn build(mut setup: Setup<'_>) -> Result<Self, lambda_runtime::Error> {
        let aws = setup.aws();
        let own = setup.own(&aws, "notebook");
        let Setup {
            mut vars,
            clock,
            telemetry,
            ..
        } = setup;
        let verifier = Verifier::read(&mut vars, clock.clone());
        let links = Links::read(&mut vars, &aws);
        let warm_up = WarmUp::read(&mut vars);
        let app = Self {
            notes: own.items(),
            posts: own.shared_items(),
            attachments: own.attachments(links),
            verifier: vars.finish_with(verifier)?,
            clock,
            telemetry,
        };
        warm_up.run(own.warm_up()).await;
        Ok(app)
    }
}

impl ProvideVerifier for App {
    fn verifier(&self) -> &Verifier {
        &self.verifier
    }
}

shared::routes! {
    Arc<App>;
    GET "/v1/notes", User, Empty => list;
    POST "/v1/notes", User, Json => create;
    GET "/v1/notes/{id}", User, Empty => get;
    PUT "/v1/notes/{id}", User, Json => update;
    DELETE "/v1/notes/{id}", User, Empty => delete;
    GET "/v1/posts", User, Empty => own_posts;
    GET "/v1/walls/{wall}", Anyone, Empty => wall;
    GET "/v1/members/walls/{wall}", User, Empty => wall_of_members;
    POST "/v1/walls/{wall}", User, Json => post;
    GET "/v1/walls/{wall}/{id}", User, Empty => read_post;
    PUT "/v1/walls/{wall}/{id}", User, Json => edit_post;
    DELETE "/v1/walls/{wall}/{id}", User, Empty => delete_post;
}

/// The function's answers to requests.
pub fn router(app: App) -> Router {
    let (telemetry, clock) = (app.telemetry.clone(), app.clock.clone());
    shared::http::service(routes(), app, telemetry, clock)
}

async fn create(
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

async fn list(
    State(app): State<Arc<App>>,
    WithQuery(caller, mut fields): WithQuery<Caller>,
) -> Result<Json<PageResponse<Stored<Note>>>, Error> {
    let page = PageRequest::read(&mut fields);
    let page = fields.finish(Some(page))?;
    Ok(Json(app.notes.list(&caller, &page).await?))
}

async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId<Id<Note>>,
    known: IfNoneMatch,
) -> Result<Response, Error> {
    let note = app.notes.get(&caller, id).await?;
    Ok(note.response_unless(&known))
}

async fn update(
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

async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId<Id<Note>>,
    if_match: IfMatch,
) -> Result<StatusCode, Error> {
    app.notes.delete(&caller, id, &if_match).await?;
    Ok(StatusCode::NO_CONTENT)
}

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

async fn post(
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
async fn wall(State(app): State<Arc<App>>, Path(wall): Path<String>) -> Result<Json<Value>, Error> {
    show_wall(&app, Reader::Anyone, &wall).await
}

/// The first page of a wall, for members.
async fn wall_of_members(
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

async fn own_posts(
    State(app): State<Arc<App>>,
    WithQuery(caller, mut fields): WithQuery<Caller>,
) -> Result<Json<PageResponse<Stored<Post>>>, Error> {
    let page = PageRequest::read(&mut fields);
    let page = fields.finish(Some(page))?;
    Ok(Json(app.posts.list_own(&caller, &page).await?))
}

async fn read_post(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(path): OnWall,
) -> Result<Response, Error> {
    let (wall, id) = on_wall(&path)?;
    Ok(app.posts.get(&caller, &wall, id).await?.response())
}

async fn edit_post(
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

async fn delete_post(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(path): OnWall,
    if_match: IfMatch,
) -> Result<StatusCode, Error> {
    let (wall, id) = on_wall(&path)?;
    app.posts.delete(&caller, &wall, id, &if_match).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl World {
    /// An environment of the own function, in this world.
    pub async fn own_function(&self) -> Api {
        let telemetry = Telemetry::writing_to("notebook", self.clock.clone(), |_| {});
        Api(router(self.build_unnoted(telemetry, App::build).await))
    }
}

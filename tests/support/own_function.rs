//! An own function, as a project might have one: notes that people keep for themselves. It is built on the public surface of
//! `shared` alone, and is deployed nowhere.

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::api::page::PageResponse;
use shared::auth::Caller;
use shared::auth::jwt::Verifier;
use shared::config::WarmUp;
use shared::error::{Code, Error};
use shared::function::Setup;
use shared::http::{JsonFields, PageRequest, PathId, ProvideVerifier, WithQuery, body};
use shared::own::{Id, IdempotencyKey, IfMatch, IfNoneMatch, Items, OwnItem, Stored};
use shared::telemetry::Telemetry;
use shared::time::Clock;

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

/// The function's app.
#[derive(Debug)]
pub struct App {
    notes: Items<Note>,
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
        let warm_up = WarmUp::read(&mut vars);
        let app = Self {
            notes: own.items(),
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

impl World {
    /// An environment of the own function, in this world.
    pub async fn own_function(&self) -> Api {
        let telemetry = Telemetry::writing_to("notebook", self.clock.clone(), |_| {});
        Api(router(self.build_unnoted(telemetry, App::build).await))
    }
}

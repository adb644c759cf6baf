//! An own function, as a project might have one: notes that people keep for themselves, and walls that they post on. It is
//! built on the public surface of `shared` alone, and is deployed nowhere.

mod notes;
mod walls;

use std::sync::Arc;

use axum::Router;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::auth::jwt::Verifier;
use shared::config::WarmUp;
use shared::function::Setup;
use shared::http::ProvideVerifier;
use shared::moderation::TextChecks;
use shared::own::{Attachment, Attachments, Items, OwnItem, SharedItems, Visibility};
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

    fn text_to_check(&self) -> Option<String> {
        Some(self.text.clone())
    }

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

    fn text_to_check(&self) -> Option<String> {
        Some(self.text.clone())
    }
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
            random,
            telemetry,
            ..
        } = setup;
        let own = own.with_text_checks(TextChecks::read(&mut vars, &aws, random));
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
    GET "/v1/notes", User, Empty => notes::list;
    POST "/v1/notes", User, Json => notes::create;
    GET "/v1/notes/{id}", User, Empty => notes::get;
    PUT "/v1/notes/{id}", User, Json => notes::update;
    DELETE "/v1/notes/{id}", User, Empty => notes::delete;
    PUT "/v1/pinned-note", User, Json => notes::pin;
    GET "/v1/posts", User, Empty => walls::own_posts;
    GET "/v1/walls/{wall}", Anyone, Empty => walls::wall;
    GET "/v1/members/walls/{wall}", User, Empty => walls::wall_of_members;
    POST "/v1/walls/{wall}", User, Json => walls::post;
    GET "/v1/walls/{wall}/{id}", User, Empty => walls::read_post;
    PUT "/v1/walls/{wall}/{id}", User, Json => walls::edit_post;
    DELETE "/v1/walls/{wall}/{id}", User, Empty => walls::delete_post;
}

/// The function's answers to requests.
pub fn router(app: App) -> Router {
    let (telemetry, clock) = (app.telemetry.clone(), app.clock.clone());
    shared::http::service(routes(), app, telemetry, clock)
}

impl World {
    /// An environment of the own function, in this world.
    pub async fn own_function(&self) -> Api {
        let telemetry = Telemetry::writing_to("notebook", self.clock.clone(), |_| {});
        Api(router(self.build_unnoted(telemetry, App::build).await))
    }
}

//! A feed: what people post, with pictures and likes. It stands on [`shared::own`] alone; README.md says what is stored.

mod block;
mod create;
mod delete;
mod like;
mod post;
mod read;
mod report;
mod view;

use std::sync::Arc;

use axum::Router;
use shared::auth::jwt::Verifier;
use shared::config::WarmUp;
use shared::function::Setup;
use shared::http::ProvideVerifier;
use shared::moderation::TextChecks;
use shared::own::{Attachments, Items, Marks, Own, Partition, SharedItems};
use shared::queue::Sender;
use shared::telemetry::Telemetry;
use shared::time::Clock;
use shared::upload::link::Links;

use crate::block::Block;
use crate::like::Like;
use crate::post::Post;
use crate::report::Report;

/// What the handlers need.
#[derive(Debug)]
pub struct App {
    own: Own,
    posts: SharedItems<Post>,
    /// The partitions of the posts, by number.
    partitions: Vec<Partition>,
    likes: Marks<Like>,
    blocks: SharedItems<Block>,
    reports: Items<Report>,
    attachments: Attachments,
    /// Where reported posts are announced.
    moderation_queue: Sender,
    verifier: Verifier,
    clock: Clock,
    telemetry: Telemetry,
}

impl App {
    /// The app that `setup` describes, with a connection open.
    ///
    /// # Errors
    /// If a variable is missing or malformed.
    pub async fn build(mut setup: Setup<'_>) -> Result<Self, lambda_runtime::Error> {
        let aws = setup.aws();
        let own = setup.own(&aws, env!("CARGO_PKG_NAME"));
        let Setup {
            mut vars,
            clock,
            random,
            telemetry,
            ..
        } = setup;
        let own = own.with_text_checks(TextChecks::read(&mut vars, &aws, random));
        let moderation_queue = Sender::new(&aws, vars.required("MODERATION_QUEUE_URL"));
        let purge_queue = Sender::new(&aws, vars.required("PURGE_QUEUE_URL"));
        let links = Links::read(&mut vars, &aws);
        let verifier = Verifier::read(&mut vars, clock.clone());
        let warm_up = WarmUp::read(&mut vars);
        let app = Self {
            posts: own.marked_items(purge_queue),
            partitions: post::partitions()?,
            likes: own.marks(),
            blocks: own.shared_items(),
            reports: own.items(),
            attachments: own.attachments(links),
            own,
            moderation_queue,
            verifier: vars.finish_with(verifier)?,
            clock,
            telemetry,
        };
        warm_up.run(app.own.warm_up()).await;
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
    GET "/v1/posts", User, Empty => read::list;
    POST "/v1/posts", User, Json => create::create;
    GET "/v1/posts/{id}", User, Empty => read::read;
    DELETE "/v1/posts/{id}", User, Empty => delete::delete;
    PUT "/v1/posts/{id}/like", User, Empty => like::like;
    DELETE "/v1/posts/{id}/like", User, Empty => like::unlike;
    POST "/v1/posts/{id}/reports", User, Json => report::create;
    GET "/v1/blocks", User, Empty => block::list;
    PUT "/v1/blocks/{id}", User, Empty => block::block;
    DELETE "/v1/blocks/{id}", User, Empty => block::unblock;
}

/// The function's answers to requests.
pub fn router(app: App) -> Router {
    let (telemetry, clock) = (app.telemetry.clone(), app.clock.clone());
    shared::http::service(routes(), app, telemetry, clock)
}

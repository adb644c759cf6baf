//! Uploads: tickets, records and download links.

mod admin;
mod delete;
mod issue;
mod page;
mod read;
mod request;
mod ticket;

use std::sync::Arc;

use axum::Router;
use shared::auth::jwt::Verifier;
use shared::config::WarmUp;
use shared::function::Setup;
use shared::http::ProvideVerifier;
use shared::random::Random;
use shared::store::Store;
use shared::telemetry::Telemetry;
use shared::time::Clock;
use shared::upload::deleter::ObjectDeleter;
use shared::upload::limits::Limits;
use shared::upload::link::Links;

/// What the handlers need.
#[derive(Debug)]
pub struct App {
    store: Store,
    verifier: Verifier,
    /// Links to objects, and the signer of tickets.
    links: Links,
    deleter: ObjectDeleter,
    limits: Limits,
    clock: Clock,
    random: Random,
    telemetry: Telemetry,
}

impl App {
    /// The app that `setup` describes, with a connection open.
    ///
    /// # Errors
    /// If a variable is missing or malformed, or the platform lacks what is needed.
    pub async fn build(mut setup: Setup<'_>) -> Result<Self, lambda_runtime::Error> {
        let aws = setup.aws();
        let store = setup.store(&aws);
        let Setup {
            mut vars,
            clock,
            random,
            telemetry,
            ..
        } = setup;
        let verifier = Verifier::read(&mut vars, clock.clone());
        let links = Links::read(&mut vars, &aws);
        let limits = Limits::read(&mut vars);
        let warm_up = WarmUp::read(&mut vars);
        let verifier = vars.finish_with(verifier)?;
        let http = aws.http().ok_or("TLS could not be set up")?.clone();
        let app = Self {
            store,
            verifier,
            deleter: ObjectDeleter::new(http, links.signer().clone(), clock.clone()),
            links,
            limits,
            clock,
            random,
            telemetry,
        };
        warm_up.run(app.store.warm_up()).await;
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
    GET "/v1/uploads", User, Empty => read::list;
    POST "/v1/uploads", User, Json => issue::issue_one;
    POST "/v1/uploads/batch", User, Json => issue::issue_batch;
    GET "/v1/uploads/{id}", User, Empty => read::read;
    DELETE "/v1/uploads/{id}", User, Empty => delete::delete;
    GET "/v1/users/{id}/uploads", Admin, Empty => admin::list;
    DELETE "/v1/users/{id}/uploads/{upload}", Admin, Empty => admin::delete;
}

/// The function's answers to requests.
pub fn router(app: App) -> Router {
    let (telemetry, clock) = (app.telemetry.clone(), app.clock.clone());
    shared::http::service(routes(), app, telemetry, clock)
}

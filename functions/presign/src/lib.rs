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
use axum::extract::FromRef;
use axum::routing::{get, post};
use shared::auth::jwt::Verifier;
use shared::aws::{Aws, Service};
use shared::config::{self, Vars};
use shared::http::edge;
use shared::random::Random;
use shared::store::Store;
use shared::telemetry::Telemetry;
use shared::time::Clock;
use shared::upload::deleter::ObjectDeleter;
use shared::upload::limits::Limits;
use shared::upload::link::Links;

/// What the handlers need.
#[derive(Clone, Debug)]
pub struct App(Arc<Parts>);

/// The parts of an [`App`].
#[derive(Debug)]
pub struct Parts {
    /// The table.
    pub store: Store,
    /// Checks access tokens.
    pub verifier: Arc<Verifier>,
    /// Links to objects, and the signer of tickets.
    pub links: Links,
    /// Deletes objects.
    pub deleter: ObjectDeleter,
    /// What may be uploaded.
    pub limits: Limits,
    /// The time.
    pub clock: Clock,
    /// Unpredictable bytes.
    pub random: Random,
    /// Lines and metrics.
    pub telemetry: Telemetry,
}

impl App {
    /// An app of these parts.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// An app as the environment describes it, with a connection open.
    ///
    /// # Errors
    /// If a variable is missing or malformed, or the platform lacks what is needed.
    pub async fn from_environment(
        get: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, lambda_runtime::Error> {
        let clock = Clock::system();
        let random = Random::system();
        let mut vars = Vars::new(get);
        let aws = Aws::read(&mut vars);
        let table = vars.required("TABLE_NAME");
        let verifier = Verifier::read(&mut vars, clock.clone());
        let links = Links::read(&mut vars, &aws);
        let limits = Limits::read(&mut vars);
        let telemetry = Telemetry::read(&mut vars, "presign", clock.clone());
        let warm_up = config::warm_up(&mut vars);
        vars.finish()?;
        let verifier = verifier.ok_or("JWT_JWKS is missing")?;
        let dynamodb = aws_sdk_dynamodb::Client::new(&aws.sdk_config(Service::DynamoDb));
        let https = aws.https().ok_or("TLS could not be set up")?;
        let app = Self::new(Parts {
            store: Store::new(dynamodb, table, clock.clone(), random.clone()),
            verifier: Arc::new(verifier),
            deleter: ObjectDeleter::new(https.clone(), links.signer().clone(), clock.clone()),
            links,
            limits,
            telemetry,
            clock,
            random,
        });
        if warm_up {
            let _ = tokio::time::timeout(config::WARM_UP_LIMIT, app.store.warm_up()).await;
        }
        Ok(app)
    }
}

impl std::ops::Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl FromRef<App> for Arc<Verifier> {
    fn from_ref(app: &App) -> Self {
        app.verifier.clone()
    }
}

/// The function's routes.
pub fn router(app: App) -> Router {
    let (telemetry, clock) = (app.telemetry.clone(), app.clock.clone());
    let upload_of_user = axum::routing::delete(admin::delete);
    let routes = Router::new()
        .route("/v1/uploads", get(read::list).post(issue::issue_one))
        .route("/v1/uploads/batch", post(issue::issue_batch))
        .route("/v1/uploads/{id}", get(read::read).delete(delete::delete))
        .route("/v1/users/{id}/uploads", get(admin::list))
        .route("/v1/users/{id}/uploads/{upload}", upload_of_user)
        .with_state(app);
    edge(routes, telemetry, clock)
}

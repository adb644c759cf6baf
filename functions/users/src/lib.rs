//! Users: create, read, update, delete, list.

mod admin;
mod audit;
mod conditions;
mod create;
mod delete;
mod list;
mod profiles;
mod purge_queue;
mod read;
mod response;
mod target;
mod update;

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::get;
use shared::auth::jwt::Verifier;
use shared::aws::{Aws, Service};
use shared::config::{self, Vars};
use shared::http::edge;
use shared::random::Random;
use shared::store::Store;
use shared::telemetry::Telemetry;
use shared::time::Clock;
use shared::upload::link::Links;

pub use purge_queue::PurgeQueue;

/// What the handlers need.
#[derive(Clone, Debug)]
pub struct App(Arc<Parts>);

/// The parts of an [`App`].
#[derive(Debug)]
pub struct Parts {
    /// The table.
    pub store: Store,
    /// Where deleted accounts are announced.
    pub purge_queue: PurgeQueue,
    /// Checks access tokens.
    pub verifier: Arc<Verifier>,
    /// Links to avatars.
    pub links: Links,
    /// The mini-program's id, from which user ids are derived; only creating a user needs it.
    pub app_id: Option<String>,
    /// The time.
    pub clock: Clock,
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
        let mut vars = Vars::new(get);
        let aws = Aws::read(&mut vars);
        let table = vars.required("TABLE_NAME");
        let queue_url = vars.required("PURGE_QUEUE_URL");
        let verifier = Verifier::read(&mut vars, clock.clone());
        let links = Links::read(&mut vars, &aws);
        let app_id = vars.text("WECHAT_APP_ID");
        let telemetry = Telemetry::read(&mut vars, "users", clock.clone());
        let warm_up = config::warm_up(&mut vars);
        vars.finish()?;
        let verifier = verifier.ok_or("JWT_JWKS is missing")?;
        let dynamodb = aws_sdk_dynamodb::Client::new(&aws.sdk_config(Service::DynamoDb));
        let sqs = aws_sdk_sqs::Config::new(&aws.sdk_config(Service::Sqs));
        let app = Self::new(Parts {
            store: Store::new(dynamodb, table, clock.clone(), Random::system()),
            purge_queue: PurgeQueue::new(sqs, queue_url),
            verifier: Arc::new(verifier),
            links,
            app_id,
            telemetry,
            clock,
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
    let user = || {
        get(read::read)
            .put(update::update)
            .patch(update::update)
            .delete(delete::delete)
    };
    let routes = Router::new()
        .route("/v1/users", get(list::list).post(create::create))
        .route("/v1/users/me", user())
        .route("/v1/users/{id}", user())
        .route("/v1/profiles", get(profiles::profiles))
        .route("/v1/audit", get(audit::list))
        .with_state(app);
    edge(routes, telemetry, clock)
}

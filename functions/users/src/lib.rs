//! Users: create, read, update, delete, list.

mod admin;
mod audit;
mod conditions;
mod create;
mod delete;
mod export;
mod list;
mod profiles;
mod read;
mod reports;
mod response;
mod reviews;
mod target;
mod update;

use std::sync::Arc;

use axum::Router;
use shared::auth::jwt::Verifier;
use shared::config::WarmUp;
use shared::function::Setup;
use shared::http::ProvideVerifier;
use shared::moderation::TextChecks;
use shared::queue::Sender;
use shared::store::Store;
use shared::telemetry::Telemetry;
use shared::time::Clock;
use shared::upload::link::Links;

/// What the handlers need.
#[derive(Debug)]
pub struct App {
    store: Store,
    /// Where deleted accounts are announced.
    purge_queue: Sender,
    text_checks: TextChecks,
    /// Where decisions on reviews are announced.
    moderation_queue: Sender,
    verifier: Verifier,
    links: Links,
    /// The mini-program's id, from which user ids are derived; only creating a user needs it.
    app_id: Option<String>,
    clock: Clock,
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
        let purge_queue = Sender::new(&aws, vars.required("PURGE_QUEUE_URL"));
        let text_checks = TextChecks::read(&mut vars, &aws, random);
        let moderation_queue = Sender::new(&aws, vars.required("MODERATION_QUEUE_URL"));
        let verifier = Verifier::read(&mut vars, clock.clone());
        let links = Links::read(&mut vars, &aws);
        let app_id = vars.text("WECHAT_APP_ID");
        let warm_up = WarmUp::read(&mut vars);
        let app = Self {
            store,
            purge_queue,
            text_checks,
            moderation_queue,
            verifier: vars.finish_with(verifier)?,
            links,
            app_id,
            clock,
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
    GET "/v1/users", Admin, Empty => list::list;
    POST "/v1/users", Admin, Json => create::create;
    GET "/v1/users/me", User, Empty => read::read;
    PUT "/v1/users/me", User, Json => update::update;
    PATCH "/v1/users/me", User, Json => update::update;
    DELETE "/v1/users/me", User, Empty => delete::delete;
    GET "/v1/users/me/export", User, Empty => export::export;
    GET "/v1/users/{id}", User, Empty => read::read;
    PUT "/v1/users/{id}", User, Json => update::update;
    PATCH "/v1/users/{id}", User, Json => update::update;
    DELETE "/v1/users/{id}", User, Empty => delete::delete;
    GET "/v1/profiles", User, Empty => profiles::profiles;
    GET "/v1/audit", Admin, Empty => audit::list;
    GET "/v1/reviews", Admin, Empty => reviews::list;
    POST "/v1/reviews/{id}", Admin, Json => reviews::decide;
    POST "/v1/reports", User, Json => reports::create;
}

/// The function's answers to requests.
pub fn router(app: App) -> Router {
    let (telemetry, clock) = (app.telemetry.clone(), app.clock.clone());
    shared::http::service(routes(), app, telemetry, clock)
}

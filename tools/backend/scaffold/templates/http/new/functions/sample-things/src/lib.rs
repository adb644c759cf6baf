//! Sample things: every person has their own, and nobody sees those of others.

mod create;
mod delete;
mod read;
mod item;
mod update;

use std::sync::Arc;

use axum::Router;
use shared::auth::jwt::Verifier;
use shared::config::WarmUp;
use shared::function::Setup;
use shared::http::ProvideVerifier;
use shared::own::Items;
use shared::telemetry::Telemetry;
use shared::time::Clock;

use crate::item::SampleThing;

/// What the handlers need.
#[derive(Debug)]
pub struct App {
    items: Items<SampleThing>,
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
            telemetry,
            ..
        } = setup;
        let verifier = Verifier::read(&mut vars, clock.clone());
        let warm_up = WarmUp::read(&mut vars);
        let verifier = vars.finish_with(verifier)?;
        let app = Self {
            items: own.items(),
            verifier,
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
    POST "/v1/sample-things", User, Json => create::create;
    GET "/v1/sample-things", User, Empty => read::list;
    GET "/v1/sample-things/{id}", User, Empty => read::read;
    PUT "/v1/sample-things/{id}", User, Json => update::update;
    DELETE "/v1/sample-things/{id}", User, Empty => delete::delete;
}

/// The function's answers to requests.
pub fn router(app: App) -> Router {
    let (telemetry, clock) = (app.telemetry.clone(), app.clock.clone());
    shared::http::service(routes(), app, telemetry, clock)
}

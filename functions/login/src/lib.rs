//! Login with WeChat, sessions and the phone number: the only function that can sign tokens and sees the app secret.

mod client;
mod exchange;
mod logout;
mod phone;
mod rate_limit;
mod refresh;
mod secrets;
mod session;

use std::sync::Arc;

use axum::Router;
use serde_json::json;
use shared::auth::jwt::{TokenIssuer, Verifier};
use shared::config::{self, WarmUp};
use shared::function::Setup;
use shared::http::ProvideVerifier;
use shared::ids::OpenId;
use shared::random::Random;
use shared::store::Store;
use shared::telemetry::Telemetry;
use shared::time::Clock;
use shared::upload::link::Links;
use shared::wechat::{self, Wechat};

pub use client::{Cdn, Client};
pub use rate_limit::RateLimit;
pub use secrets::Secrets;

/// What the handlers need.
#[derive(Debug)]
pub struct App {
    store: Store,
    wechat: Wechat,
    secrets: Secrets,
    verifier: Verifier,
    /// Who logs in as an administrator.
    admin_openids: Vec<OpenId>,
    rate_limit: RateLimit,
    /// The CDN in front of the API, if there is one.
    cdn: Option<Cdn>,
    /// Links to avatars, where the function knows a bucket.
    links: Option<Links>,
    clock: Clock,
    random: Random,
    telemetry: Telemetry,
}

impl App {
    /// The app that `setup` describes, with secrets at hand and connections open.
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
            network,
            telemetry,
            ..
        } = setup;
        let verifier = Verifier::read(&mut vars, clock.clone());
        let token_issuer = TokenIssuer::read(&mut vars);
        let secrets = Secrets::read(&mut vars, &aws, token_issuer, clock.clone());
        let app_id = vars.required("WECHAT_APP_ID");
        let base_url = vars.optional_as("WECHAT_API_BASE_URL", config::base_url);
        let base_url = base_url.unwrap_or_else(|| wechat::client::BASE_URL.to_owned());
        let admin_openids = vars.optional_as("ADMIN_OPENIDS", openids);
        let logins_per_minute = vars.number("LOGIN_RATE_LIMIT", 60, 0..=1_000_000);
        let cdn = Cdn::read(&mut vars);
        let has_bucket = vars.has("BUCKET_NAME");
        let links = has_bucket.then(|| Links::read(&mut vars, &aws));
        let warm_up = WarmUp::read(&mut vars);
        let (verifier, secrets) = vars.finish_with(verifier.zip(secrets))?;
        let app = Self {
            store,
            wechat: Wechat::new(base_url, app_id, &network, clock.clone(), random.clone())?,
            secrets,
            verifier,
            admin_openids: admin_openids.unwrap_or_default(),
            rate_limit: RateLimit::per_minute(logins_per_minute, clock.clone()),
            cdn,
            links,
            clock,
            random,
            telemetry,
        };
        warm_up.run(app.open_connections()).await;
        Ok(app)
    }

    /// Does what the first request would otherwise wait for.
    async fn open_connections(&self) {
        tokio::join!(
            self.store.warm_up(),
            self.wechat.warm_up(),
            self.secrets.warm_up()
        );
    }
}

impl ProvideVerifier for App {
    fn verifier(&self) -> &Verifier {
        &self.verifier
    }
}

fn openids(text: &str) -> Result<Vec<OpenId>, &'static str> {
    text.split(',')
        .map(|part| {
            part.trim()
                .parse()
                .map_err(|_| "must be openids, separated by commas")
        })
        .collect()
}

shared::routes! {
    Arc<App>;
    GET "/v1/ping", Anyone, Empty => ping;
    // API Gateway answers this path itself; it gets here where another gateway is in front.
    GET "/ping", Anyone, Empty => ping;
    POST "/v1/login", Anyone, Json => exchange::login;
    POST "/v1/login/refresh", Anyone, Json => refresh::refresh;
    POST "/v1/logout", User, Json => logout::logout;
    POST "/v1/users/me/phone", User, Json => phone::set_phone;
}

/// The function's answers to requests.
pub fn router(app: App) -> Router {
    let (telemetry, clock) = (app.telemetry.clone(), app.clock.clone());
    shared::http::service(routes(), app, telemetry, clock)
}

/// Tells that the function runs, and of which release it is; touches nothing else. The commit is the operator's to know:
/// it stands in the description of the function's version.
async fn ping() -> axum::Json<serde_json::Value> {
    axum::Json(json!({"message": "pong", "version": env!("CARGO_PKG_VERSION")}))
}

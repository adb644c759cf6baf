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
use axum::extract::FromRef;
use axum::routing::{get, post};
use serde_json::json;
use shared::auth::jwt::{TokenIssuer, Verifier};
use shared::aws::{Aws, Service};
use shared::config::{self, Vars};
use shared::http::edge;
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
#[derive(Clone, Debug)]
pub struct App(Arc<Parts>);

/// The parts of an [`App`].
#[derive(Debug)]
pub struct Parts {
    /// The table.
    pub store: Store,
    /// WeChat.
    pub wechat: Wechat,
    /// The app secret and the keys.
    pub secrets: Secrets,
    /// Checks access tokens.
    pub verifier: Arc<Verifier>,
    /// Who logs in as an administrator.
    pub admin_openids: Vec<OpenId>,
    /// Limits logins and refreshes.
    pub rate_limit: RateLimit,
    /// The CDN in front of the API, if there is one.
    pub cdn: Option<Cdn>,
    /// Links to avatars, where the function knows a bucket.
    pub links: Option<Links>,
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

    /// An app as the environment describes it, with secrets at hand and connections open.
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
        let token_issuer = TokenIssuer::read(&mut vars);
        let secrets = Secrets::read(&mut vars, &aws, token_issuer, clock.clone());
        let app_id = vars.required("WECHAT_APP_ID");
        let base_url = vars.optional_as("WECHAT_API_BASE_URL", config::base_url);
        let admin_openids = vars
            .optional_as("ADMIN_OPENIDS", openids)
            .unwrap_or_default();
        let rate_limit = RateLimit::per_minute(
            vars.number("LOGIN_RATE_LIMIT", 60, 0..=1_000_000),
            clock.clone(),
        );
        let cdn = Cdn::read(&mut vars);
        let links = vars
            .has("BUCKET_NAME")
            .then(|| Links::read(&mut vars, &aws));
        let telemetry = Telemetry::read(&mut vars, "login", clock.clone());
        let warm_up = config::warm_up(&mut vars);
        vars.finish()?;
        let (Some(verifier), Some(secrets)) = (verifier, secrets) else {
            return Err("the environment is not as it should be".into());
        };
        let dynamodb = aws_sdk_dynamodb::Client::new(&aws.sdk_config(Service::DynamoDb));
        let base_url = base_url.unwrap_or_else(|| wechat::client::BASE_URL.to_owned());
        let app = Self::new(Parts {
            store: Store::new(dynamodb, table, clock.clone(), random.clone()),
            wechat: Wechat::new(base_url, app_id, aws.roots(), clock.clone(), random.clone())?,
            secrets,
            verifier: Arc::new(verifier),
            admin_openids,
            rate_limit,
            cdn,
            links,
            telemetry,
            clock,
            random,
        });
        if warm_up {
            app.warm_up().await;
        }
        Ok(app)
    }

    /// Does what the first request would otherwise wait for. Nothing here can fail the start: what did not work is done
    /// again when it is needed.
    async fn warm_up(&self) {
        let parts = &self.0;
        let all = async {
            tokio::join!(
                parts.store.warm_up(),
                parts.wechat.warm_up(),
                parts.secrets.warm_up()
            )
        };
        let _ = tokio::time::timeout(config::WARM_UP_LIMIT, all).await;
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

fn openids(text: &str) -> Result<Vec<OpenId>, &'static str> {
    text.split(',')
        .map(|part| {
            part.trim()
                .parse()
                .map_err(|_| "must be openids, separated by commas")
        })
        .collect()
}

/// The function's routes.
pub fn router(app: App) -> Router {
    let (telemetry, clock) = (app.telemetry.clone(), app.clock.clone());
    let routes = Router::new()
        .route("/v1/ping", get(ping))
        // API Gateway answers this path itself; it gets here where another gateway is in front.
        .route("/ping", get(ping))
        .route("/v1/login", post(exchange::login))
        .route("/v1/login/refresh", post(refresh::refresh))
        .route("/v1/logout", post(logout::logout))
        .route("/v1/users/me/phone", post(phone::set_phone))
        .with_state(app);
    edge(routes, telemetry, clock)
}

/// Tells that the function runs, and of which release it is; touches nothing else. The commit is the operator's to know:
/// it stands in the description of the function's version.
async fn ping() -> axum::Json<serde_json::Value> {
    axum::Json(json!({"message": "pong", "version": env!("CARGO_PKG_VERSION")}))
}

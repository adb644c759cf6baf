//! The functions' environments: each built as the deployed one, with a clock of its own.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::config::retry::RetryPartition;
use axum::Router;
use futures_util::FutureExt;
use shared::aws::Timeouts;
use shared::config::Vars;
use shared::function::Setup;
use shared::net;
use shared::random::Random;
use shared::telemetry::Telemetry;
use shared::time::{Clock, Timestamp};
use tokio::time::Instant;

use crate::actors::{Function, Person};
use crate::cloud;
use crate::network::request::{AWS, WECHAT};
use crate::network::{Network, START};
use crate::place::{Queue, stream};
use crate::trace::Hashed;

/// A function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// One that answers requests.
    Http(Function),
    /// One that reads a queue.
    Queue(Queue),
}

/// A function that runs.
#[derive(Clone, Debug)]
pub enum App {
    /// One that answers requests.
    Router(Router),
    /// `s3-event`.
    S3Event(Arc<s3_event::App>),
    /// `purge`.
    Purge(Arc<purge::App>),
}

/// One running copy of a function.
#[derive(Clone, Debug)]
pub struct Environment {
    /// The function.
    pub app: App,
    /// Its time.
    pub clock: Clock,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Http(Function::Login) => "login",
            Self::Http(Function::Users) => "users",
            Self::Http(Function::Presign) => "presign",
            Self::Queue(Queue::Uploads) => "s3-event",
            Self::Queue(Queue::Purge) => "purge",
        }
    }

    const fn number(self) -> u64 {
        match self {
            Self::Http(function) => function as u64,
            Self::Queue(queue) => 10 + queue as u64,
        }
    }
}

/// How many tickets a person may have open.
const PENDING: usize = 6;
/// How many tickets a person gets in a day.
const DAILY: i64 = 12;

/// What the template gives the functions.
fn variable(name: &str) -> Option<String> {
    let text = match name {
        "AWS_REGION" => cloud::REGION,
        "AWS_ACCESS_KEY_ID" => cloud::ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY" => cloud::SECRET_KEY,
        "AWS_ENDPOINT_URL" => AWS,
        "TABLE_NAME" => cloud::TABLE,
        "BUCKET_NAME" => cloud::BUCKET,
        "PURGE_QUEUE_URL" => Queue::Purge.url(),
        // Nobody decides on a review yet.
        "MODERATION_QUEUE_URL" => "https://sqs.us-east-1.amazonaws.com/123456789012/moderation",
        "JWT_JWKS" => cloud::JWKS,
        "JWT_ISSUER" => "https://issuer.test",
        "JWT_AUDIENCE" => "mini-program",
        "JWT_SECRETS_ID" => cloud::JWT_SECRETS,
        "WECHAT_SECRETS_ID" => cloud::WECHAT_SECRETS,
        "WECHAT_APP_ID" => cloud::APP_ID,
        "WECHAT_API_BASE_URL" => WECHAT,
        "ADMIN_OPENIDS" => return Some(Person::ROOT.openid()),
        "UPLOAD_PENDING_LIMIT" => return Some(PENDING.to_string()),
        "UPLOAD_DAILY_LIMIT" => return Some(DAILY.to_string()),
        // A limit of requests has no model behind it that could be wrong.
        "LOGIN_RATE_LIMIT" => "0",
        "WARM_UP" => "off",
        _ => return None,
    };
    Some(text.to_owned())
}

/// The limits that the functions are configured with.
pub fn limits(skew: i64) -> crate::invariants::Limits {
    crate::invariants::Limits {
        pending: PENDING,
        daily: DAILY,
        total_bytes: None,
        skew,
    }
}

impl Environment {
    /// The `number`th environment of a function, whose clock is that many milliseconds ahead.
    ///
    /// # Errors
    /// If the function cannot start.
    pub fn start(
        kind: Kind,
        number: u64,
        ahead: i64,
        seed: u64,
        network: &Network,
    ) -> Result<Self, lambda_runtime::Error> {
        let started = Instant::now();
        let origin = network.lock().now();
        let clock = Clock::new(move || {
            let elapsed = i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
            Timestamp::from_millis(origin + elapsed + ahead)
        });
        let random = Mutex::new(stream(seed, "random", &[kind.number(), number]));
        let random = Random::new(move |bytes| {
            let mut random = random.lock().unwrap_or_else(PoisonError::into_inner);
            random.fill(bytes);
        });
        let lines = network.clone();
        let name = kind.name();
        let telemetry = Telemetry::writing_to(name, clock.clone(), move |line| {
            let mut state = lines.lock();
            state.note(Hashed(line), || format!("## {line}"));
        });
        let setup = Setup {
            vars: Vars::new(&variable),
            clock: clock.clone(),
            random,
            network: net::Network::Simulated {
                http: network.connector(),
                retries: RetryPartition::custom("sim").build(),
            },
            telemetry,
            timeouts: Timeouts::default(),
        };
        let app = kind.build(setup).now_or_never();
        let app = app.ok_or("a function waits for something while it starts")??;
        debug_assert!(origin >= START);
        Ok(Self { app, clock })
    }
}

impl Kind {
    async fn build(self, setup: Setup<'_>) -> Result<App, lambda_runtime::Error> {
        Ok(match self {
            Self::Http(Function::Login) => {
                App::Router(login::router(login::App::build(setup).await?))
            }
            Self::Http(Function::Users) => {
                App::Router(users::router(users::App::build(setup).await?))
            }
            Self::Http(Function::Presign) => {
                App::Router(presign::router(presign::App::build(setup).await?))
            }
            Self::Queue(Queue::Uploads) => {
                App::S3Event(Arc::new(s3_event::App::build(setup).await?))
            }
            Self::Queue(Queue::Purge) => App::Purge(Arc::new(purge::App::build(setup).await?)),
        })
    }
}

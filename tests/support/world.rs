//! All functions in one process, on a table, a bucket and a queue of their own, with a WeChat that does as it is told.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use shared::aws::Timeouts;
use shared::config::Vars;
use shared::function::Setup;
use shared::net::Network;
use shared::random::Random;
use shared::store::Store;
use shared::telemetry::{Metric, Telemetry};
use shared::time::{Clock, Timestamp};
use wechat_standin::Wechat;

use crate::api::{Answer, Api};
use crate::emulator::{self, Emulator};
use crate::own::{Built, Worker};
use crate::proxy::Proxy;
use crate::{functions, keys, own, recorder};

/// The system under test.
#[derive(Debug)]
pub struct World {
    /// The function `login`.
    pub login: Api,
    /// The function `users`.
    pub users: Api,
    /// The function `presign`.
    pub presign: Api,
    /// The function `wechat-push`, which knows [`keys::PUSH_TOKEN`] unless it reads a secret.
    pub wechat_push: Api,
    /// The function `s3-event`.
    pub s3_event: Arc<s3_event::App>,
    /// The function `purge`.
    pub purge: purge::App,
    /// The function `moderation`.
    pub moderation: moderation::App,
    /// The table as the functions use it, for what a test does itself.
    pub store: Store,
    /// WeChat.
    pub wechat: Wechat,
    /// The emulator.
    pub emulator: Emulator,
    /// The table's name.
    pub table: String,
    /// The bucket's name.
    pub bucket: String,
    /// The purge queue's address.
    pub queue: String,
    /// The address of the queue of `moderation`.
    pub moderation_queue: String,
    /// The functions' time.
    pub clock: Clock,
    /// The lines that the functions wrote about requests and messages.
    pub lines: Lines,
    pub(crate) deployment: Deployment,
    pub(crate) own: own::Running,
    ahead_ms: Arc<AtomicI64>,
    logins: AtomicU32,
}

/// Lines of telemetry, in the order in which they were written.
#[derive(Clone, Debug, Default)]
pub struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    /// The last line.
    pub fn last(&self) -> Value {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines
            .last()
            .map(|line| serde_json::from_str(line).expect("a line is JSON"))
            .unwrap_or_default()
    }

    fn write(&self, function: &str, line: &str) {
        check_metrics(function, line);
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(line.to_owned());
    }
}

/// Fails the test if a function writes a metric that the table gives to others.
fn check_metrics(function: &str, line: &str) {
    let line: Value = serde_json::from_str(line).expect("a line is JSON");
    let is_http = functions::named(function).is_http();
    for metric in Metric::ALL {
        let may = metric.writers().include(function, is_http);
        let name = metric.name();
        assert!(may || line[name].is_null(), "{function} writes {name}");
    }
}

/// What may differ from world to world.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Requests a minute and address on login and refresh; 0 means no limit.
    pub login_rate_limit: u64,
    /// Variables of the upload limits.
    pub limits: Vec<(&'static str, String)>,
    /// Where DynamoDB, S3 and SQS are, if not at the emulator's own address.
    pub endpoint: Option<String>,
    /// Variables that name secrets in the emulator's Secrets Manager, if `login` is to read them.
    pub secrets: Vec<(&'static str, String)>,
    /// `UPLOADS_BASE_URL`.
    pub uploads_base_url: Option<String>,
    /// Whether the functions wait for a busy emulator behind a proxy as long as for one without.
    pub is_patient: bool,
}

impl Settings {
    /// The settings of a world whose functions reach AWS through a proxy.
    pub fn behind(proxy: &Proxy) -> Self {
        Self {
            endpoint: Some(proxy.url()),
            ..Self::default()
        }
    }

    /// The same settings with these upload limits.
    #[must_use]
    pub fn limits(self, limits: &[(&'static str, &str)]) -> Self {
        let limits = limits.iter();
        Self {
            limits: limits
                .map(|(name, most)| (*name, (*most).to_owned()))
                .collect(),
            ..self
        }
    }
}

impl World {
    /// A world of its own.
    pub async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    /// A world of its own, with these upload limits.
    pub async fn limited(limits: &[(&'static str, &str)]) -> Self {
        Self::with(Settings::default().limits(limits)).await
    }

    /// A world of its own, whose functions reach AWS through a proxy.
    pub async fn behind(proxy: &Proxy) -> Self {
        Self::with(Settings::behind(proxy)).await
    }

    /// A world of its own, with these settings.
    pub async fn with(settings: Settings) -> Self {
        let emulator = Emulator::new();
        let (table, bucket, queue, moderation_queue) = (
            emulator.table().await,
            emulator.bucket().await,
            emulator.queue("purge").await,
            emulator.queue("moderation").await,
        );
        let wechat = Wechat::start().await.expect("the stand-in starts");
        let ahead_ms = Arc::new(AtomicI64::new(0));
        let clock = ahead_of_the_system(&ahead_ms);
        let through = settings
            .endpoint
            .as_deref()
            .map_or_else(Emulator::new, |endpoint| {
                if settings.is_patient {
                    Emulator::patiently_behind(endpoint)
                } else {
                    Emulator::behind(endpoint)
                }
            });
        let places = Places {
            table: &table,
            bucket: &bucket,
            purge_queue: &queue,
            moderation_queue: &moderation_queue,
        };
        let mut variables = common_variables(places, &wechat, &settings.secrets);
        let limit = settings.login_rate_limit.to_string();
        variables.insert("LOGIN_RATE_LIMIT".to_owned(), limit);
        let limits = settings.limits.iter();
        variables.extend(limits.map(|(name, value)| ((*name).to_owned(), value.clone())));
        let uploads_base_url = settings.uploads_base_url.iter().cloned();
        variables.extend(uploads_base_url.map(|url| ("UPLOADS_BASE_URL".to_owned(), url)));
        let deployment = Deployment {
            endpoint: through.endpoint.clone(),
            timeouts: through.timeouts(),
            variables,
            clock: clock.clone(),
        };
        let lines = Lines::default();
        let telemetry = |function: &'static str| {
            let lines = lines.clone();
            let write = move |line: &str| lines.write(function, line);
            Telemetry::writing_to(function, clock.clone(), write)
        };
        let login = deployment.build("login", telemetry("login"), login::App::build);
        let login = Api(login::router(login.await));
        let users = deployment.build("users", telemetry("users"), users::App::build);
        let users = Api(users::router(users.await));
        let presign = deployment.build("presign", telemetry("presign"), presign::App::build);
        let presign = Api(presign::router(presign.await));
        let build = wechat_push::App::build;
        let wechat_push = deployment.build("wechat-push", telemetry("wechat-push"), build);
        let wechat_push = Api(wechat_push::router(wechat_push.await));
        let s3_event = deployment.build("s3-event", telemetry("s3-event"), s3_event::App::build);
        let s3_event = s3_event.await.into();
        let purge = deployment.build("purge", telemetry("purge"), purge::App::build);
        let purge = purge.await;
        let build = moderation::App::build;
        let moderation = deployment.build("moderation", telemetry("moderation"), build);
        let moderation = moderation.await;
        let store = Store::new(
            through.dynamodb(),
            table.clone(),
            clock.clone(),
            Random::system(),
        );
        let own = own::build(&deployment, &telemetry).await;
        Self {
            login,
            users,
            presign,
            wechat_push,
            s3_event,
            purge,
            moderation,
            deployment,
            own,
            store,
            wechat,
            emulator,
            table,
            bucket,
            queue,
            moderation_queue,
            clock,
            lines,
            ahead_ms,
            logins: AtomicU32::new(0),
        }
    }

    /// The function of that name, if it answers requests.
    ///
    /// # Panics
    /// If there is no such function.
    pub fn api(&self, function: &str) -> &Api {
        match function {
            "login" => &self.login,
            "users" => &self.users,
            "presign" => &self.presign,
            "wechat-push" => &self.wechat_push,
            other => match self.own.get(other) {
                Some(Built::Http(api)) => api,
                _ => panic!("add {other} to World::api"),
            },
        }
    }

    /// The function of that name, if it is one of [`own`] that reads a queue.
    ///
    /// # Panics
    /// If there is no such function.
    pub fn worker(&self, function: &str) -> &Worker {
        match self.own.get(function) {
            Some(Built::Queue(worker)) => worker,
            _ => panic!("there is no worker {function:?}"),
        }
    }

    /// The variables of a function, reached as `function` reaches AWS. They are the same for all, which also shows that what
    /// is not a function's own does it no harm.
    pub fn variables(&self, function: &'static str) -> HashMap<String, String> {
        self.deployment.variables(function)
    }

    /// An app that is no function of the template: what it asks AWS for is not compared with a role.
    pub(crate) async fn build_unnoted<A>(
        &self,
        telemetry: Telemetry,
        build: impl AsyncFnOnce(Setup<'_>) -> Result<A, lambda_runtime::Error>,
    ) -> A {
        let mut variables = emulator::aws_variables(&self.deployment.endpoint);
        variables.extend(self.deployment.variables.clone());
        self.deployment
            .build_with(&variables, telemetry, build)
            .await
    }

    /// Lets time pass for the functions.
    pub fn advance(&self, by: Duration) {
        self.ahead_ms.fetch_add(
            i64::try_from(by.as_millis()).expect("a short while"),
            Ordering::Relaxed,
        );
    }

    /// Another environment of `s3-event`, which remembers nothing, and whose lines go nowhere.
    pub async fn new_s3_event(&self) -> Arc<s3_event::App> {
        let telemetry = Telemetry::writing_to("s3-event", self.clock.clone(), |_| {});
        let app = self
            .deployment
            .build("s3-event", telemetry, s3_event::App::build);
        app.await.into()
    }

    /// Sets the functions' time back.
    pub fn rewind(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).expect("a short while");
        self.ahead_ms.fetch_sub(by, Ordering::Relaxed);
    }

    /// A fresh code for `openid`.
    pub fn code(&self, openid: &str) -> String {
        format!("{openid}-{}", self.logins.fetch_add(1, Ordering::Relaxed))
    }

    /// Asks for a session.
    pub async fn try_log_in(&self, openid: &str) -> Answer {
        self.login
            .post("/v1/login", &json!({"code": self.code(openid)}))
            .send()
            .await
    }

    /// Asks for the next refresh token.
    pub async fn refresh(&self, refresh_token: &str) -> Answer {
        self.login
            .post(
                "/v1/login/refresh",
                &json!({"refresh_token": refresh_token}),
            )
            .send()
            .await
    }

    /// Delivers messages to `s3-event`; returns the identifiers of those that failed.
    pub async fn deliver(&self, event: Value) -> Vec<String> {
        let answer = self
            .s3_event
            .handle(event, self.soon())
            .await
            .expect("a batch is answered");
        answer
            .batch_item_failures
            .into_iter()
            .map(|failure| failure.item_identifier)
            .collect()
    }

    /// When an invocation that starts now would end.
    pub fn soon(&self) -> Timestamp {
        self.clock.now().after(Duration::from_secs(25))
    }

    /// The bodies of the messages in the purge queue, which are taken out of it.
    pub async fn purge_messages(&self) -> Vec<String> {
        self.messages(&self.queue).await
    }

    /// The bodies of up to ten messages in `queue` that can be received, which are taken out of it.
    pub async fn messages(&self, queue: &str) -> Vec<String> {
        let sqs = self.emulator.sqs();
        let received = sqs
            .receive_message()
            .queue_url(queue)
            .max_number_of_messages(10)
            .wait_time_seconds(0)
            .send()
            .await;
        let messages = received
            .expect("the queue answers")
            .messages
            .unwrap_or_default();
        for message in &messages {
            let handle = message.receipt_handle().expect("a receipt");
            let deleted = sqs
                .delete_message()
                .queue_url(queue)
                .receipt_handle(handle)
                .send()
                .await;
            deleted.expect("the queue deletes");
        }
        messages
            .into_iter()
            .filter_map(|message| message.body)
            .collect()
    }
}

fn ahead_of_the_system(ahead_ms: &Arc<AtomicI64>) -> Clock {
    let (system, ahead_ms) = (Clock::system(), ahead_ms.clone());
    Clock::new(move || {
        Timestamp::from_millis(system.now().millis() + ahead_ms.load(Ordering::Relaxed))
    })
}

/// How the functions of a world are configured.
#[derive(Clone, Debug)]
pub(crate) struct Deployment {
    /// Where AWS is.
    pub(crate) endpoint: String,
    pub(crate) timeouts: Timeouts,
    pub(crate) variables: HashMap<String, String>,
    pub(crate) clock: Clock,
}

impl Deployment {
    fn variables(&self, function: &'static str) -> HashMap<String, String> {
        let way = recorder::on_the_way(function, &self.endpoint);
        let mut variables = emulator::aws_variables(&way);
        variables.extend(self.variables.clone());
        variables
    }

    /// The app as it is deployed, but for its time and its lines. On the heap: a build's state is large for a test's stack.
    pub(crate) fn build<'a, A: 'a>(
        &'a self,
        function: &'static str,
        telemetry: Telemetry,
        build: impl AsyncFnOnce(Setup<'_>) -> Result<A, lambda_runtime::Error> + 'a,
    ) -> Pin<Box<dyn Future<Output = A> + 'a>> {
        Box::pin(async move {
            let variables = self.variables(function);
            self.build_with(&variables, telemetry, build).await
        })
    }

    async fn build_with<A>(
        &self,
        variables: &HashMap<String, String>,
        telemetry: Telemetry,
        build: impl AsyncFnOnce(Setup<'_>) -> Result<A, lambda_runtime::Error>,
    ) -> A {
        let get = |name: &str| variables.get(name).cloned();
        let mut vars = Vars::new(&get);
        let network = Network::read(&mut vars);
        let setup = Setup {
            vars,
            network,
            clock: self.clock.clone(),
            random: Random::system(),
            telemetry,
            timeouts: self.timeouts,
        };
        build(setup).await.expect("the environment is complete")
    }
}

/// What a world has of its own at AWS.
struct Places<'a> {
    table: &'a str,
    bucket: &'a str,
    purge_queue: &'a str,
    moderation_queue: &'a str,
}

/// What the template gives the functions, with the secrets beside it unless there are ids to read them by.
fn common_variables(
    places: Places<'_>,
    wechat: &Wechat,
    secrets: &[(&'static str, String)],
) -> HashMap<String, String> {
    let (app_id, app_secret) = (wechat.app_id(), wechat.app_secret());
    let base_url = wechat.base_url();
    let common = [
        ("TABLE_NAME", places.table),
        ("BUCKET_NAME", places.bucket),
        ("PURGE_QUEUE_URL", places.purge_queue),
        ("MODERATION_QUEUE_URL", places.moderation_queue),
        ("JWT_JWKS", keys::JWKS),
        ("JWT_ISSUER", keys::ISSUER),
        ("JWT_AUDIENCE", keys::AUDIENCE),
        ("WECHAT_APP_ID", &app_id),
        ("WECHAT_API_BASE_URL", &base_url),
        ("PUSH_TOKEN", keys::PUSH_TOKEN),
        ("PUSH_AES_KEY", keys::PUSH_AES_KEY),
        ("ADMIN_OPENIDS", "admin"),
        ("ROLES", "editor,courier"),
        // What a start does ahead of time would be counted as its first request's.
        ("WARM_UP", "off"),
    ];
    let instead = [
        ("WECHAT_APP_SECRET", app_secret.as_str()),
        ("JWT_PRIVATE_JWK", keys::PRIVATE_JWK),
    ];
    let instead = instead.into_iter().filter(|_| secrets.is_empty());
    let ids = secrets.iter().map(|(name, id)| (*name, id.as_str()));
    let all = common.into_iter().chain(instead).chain(ids);
    all.map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

impl World {
    /// How another environment of this world is configured, with secrets of its own if it is to read some.
    pub(crate) fn deployment_reading(&self, secrets: &[(&'static str, String)]) -> Deployment {
        let places = Places {
            table: &self.table,
            bucket: &self.bucket,
            purge_queue: &self.queue,
            moderation_queue: &self.moderation_queue,
        };
        let variables = common_variables(places, &self.wechat, secrets);
        let mut deployment = self.deployment.clone();
        deployment.variables = variables;
        let no_limit = ("LOGIN_RATE_LIMIT".to_owned(), "0".to_owned());
        deployment.variables.extend([no_limit]);
        deployment
    }
}

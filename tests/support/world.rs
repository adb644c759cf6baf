//! All functions in one process, on a table, a bucket and a queue of their own, with a WeChat that does as it is told.

use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use shared::auth::jwt::Verifier;
use shared::aws::Aws;
use shared::config::Vars;
use shared::random::Random;
use shared::store::Store;
use shared::telemetry::Telemetry;
use shared::time::{Clock, Timestamp};
use shared::upload::deleter::ObjectDeleter;
use shared::upload::limits::Limits;
use shared::upload::link::Links;
use shared::upload::signer::S3Signer;
use shared::wechat::AppSecret;
use wechat_standin::Wechat;

use crate::api::{Answer, Api};
use crate::emulator::Emulator;
use crate::keys;
use crate::proxy::Proxy;

const FUNCTIONS: [&str; 5] = ["login", "users", "presign", "s3-event", "purge"];

/// The system under test.
#[derive(Debug)]
pub struct World {
    /// The function `login`.
    pub login: Api,
    /// The function `users`.
    pub users: Api,
    /// The function `presign`.
    pub presign: Api,
    /// The function `s3-event`.
    pub s3_event: s3_event::App,
    /// The function `purge`.
    pub purge: purge::App,
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
    /// The functions' time.
    pub clock: Clock,
    /// The lines that the functions wrote about requests and messages.
    pub lines: Lines,
    new_s3_event: NewS3Event,
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

    fn write(&self, line: &str) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(line.to_owned());
    }
}

struct NewS3Event(Box<dyn Fn() -> s3_event::App + Send + Sync>);

impl std::fmt::Debug for NewS3Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewS3Event")
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
        let (table, bucket, queue) = (
            emulator.table().await,
            emulator.bucket().await,
            emulator.queue().await,
        );
        let wechat = Wechat::start().await.expect("the stand-in starts");
        let ahead_ms = Arc::new(AtomicI64::new(0));
        let clock = ahead_of_the_system(&ahead_ms);
        let through = settings
            .endpoint
            .as_deref()
            .map_or_else(Emulator::new, Emulator::behind);
        let random = Random::system();
        let store =
            |at: &Emulator| Store::new(at.dynamodb(), table.clone(), clock.clone(), random.clone());
        // Each function has clients of its own, so that what it asks for is known to be its doing.
        let [for_login, for_users, for_presign, for_s3_event, for_purge] =
            FUNCTIONS.map(|function| through.as_seen_from(function));
        let signer = |function| {
            let at = emulator.as_seen_from(function);
            S3Signer::new(&at.aws, bucket.clone())
        };
        let links = |function| Links::new(signer(function), None);
        let verifier = Arc::new(Verifier::new(
            keys::public(),
            &keys::token_issuer(),
            clock.clone(),
        ));
        let limits = limits(&settings.limits);
        let lines = Lines::default();
        let telemetry = |function| {
            let lines = lines.clone();
            Telemetry::writing_to(function, clock.clone(), move |line| lines.write(line))
        };

        let login = login::App::new(login::Parts {
            store: store(&for_login),
            wechat: shared::wechat::Wechat::new(
                wechat.base_url(),
                wechat.app_id(),
                emulator.aws.roots(),
                clock.clone(),
                random.clone(),
            )
            .expect("an HTTP client"),
            secrets: secrets(&for_login.aws, &settings.secrets, &wechat, &clock),
            verifier: verifier.clone(),
            admin_openids: vec!["admin".parse().expect("an openid")],
            rate_limit: login::RateLimit::per_minute(settings.login_rate_limit, clock.clone()),
            cdn: None,
            links: Some(links("login")),
            clock: clock.clone(),
            random: random.clone(),
            telemetry: telemetry("login"),
        });
        let users = users::App::new(users::Parts {
            store: store(&for_users),
            purge_queue: users::PurgeQueue::new(for_users.sqs().config().clone(), queue.clone()),
            verifier: verifier.clone(),
            links: links("users"),
            app_id: Some(wechat.app_id()),
            clock: clock.clone(),
            telemetry: telemetry("users"),
        });
        let https = emulator.aws.https().expect("an HTTP client").clone();
        let presign = presign::App::new(presign::Parts {
            store: store(&for_presign),
            verifier,
            deleter: ObjectDeleter::new(https, signer("presign"), clock.clone()),
            links: links("presign"),
            limits: limits.clone(),
            clock: clock.clone(),
            random: random.clone(),
            telemetry: telemetry("presign"),
        });
        let new_s3_event = {
            let (store, bucket) = (store(&for_s3_event), bucket.clone());
            let (clock, telemetry) = (clock.clone(), telemetry("s3-event"));
            NewS3Event(Box::new(move || {
                s3_event::App::new(s3_event::Parts {
                    store: store.clone(),
                    objects: s3_event::Objects::new(&for_s3_event.aws, bucket.clone()),
                    limits: limits.clone(),
                    settled: s3_event::Settled::default(),
                    clock: clock.clone(),
                    telemetry: telemetry.clone(),
                })
            }))
        };
        let purge = purge::App::new(purge::Parts {
            store: store(&for_purge),
            objects: purge::Objects::new(&for_purge.aws, bucket.clone()),
            queue: for_purge.sqs(),
            queue_url: queue.clone(),
            clock: clock.clone(),
            telemetry: telemetry("purge"),
        });
        Self {
            login: Api(login::router(login)),
            users: Api(users::router(users)),
            presign: Api(presign::router(presign)),
            s3_event: (new_s3_event.0)(),
            new_s3_event,
            purge,
            store: store(&through),
            wechat,
            emulator,
            table,
            bucket,
            queue,
            clock,
            lines,
            ahead_ms,
            logins: AtomicU32::new(0),
        }
    }

    /// Lets time pass for the functions.
    pub fn advance(&self, by: Duration) {
        self.ahead_ms.fetch_add(
            i64::try_from(by.as_millis()).expect("a short while"),
            Ordering::Relaxed,
        );
    }

    /// Another environment of `s3-event`, which remembers nothing.
    pub fn new_s3_event(&self) -> s3_event::App {
        (self.new_s3_event.0)()
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
        let sqs = self.emulator.sqs();
        let received = sqs
            .receive_message()
            .queue_url(&self.queue)
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
                .queue_url(&self.queue)
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

pub(crate) fn secrets(
    aws: &Aws,
    ids: &[(&'static str, String)],
    wechat: &Wechat,
    clock: &Clock,
) -> login::Secrets {
    if ids.is_empty() {
        let app_secret = AppSecret::new(wechat.app_secret());
        return login::Secrets::fixed(
            app_secret,
            keys::private(),
            keys::token_issuer(),
            clock.clone(),
        );
    }
    let get = |name: &str| {
        let mut ids = ids.iter();
        ids.find(|(known, _)| *known == name)
            .map(|(_, id)| id.clone())
    };
    let mut vars = Vars::new(&get);
    let secrets = login::Secrets::read(&mut vars, aws, keys::token_issuer(), clock.clone());
    secrets.expect("the secrets have ids")
}

fn limits(variables: &[(&'static str, String)]) -> Limits {
    let get = |name: &str| {
        variables
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.clone())
    };
    let mut vars = Vars::new(&get);
    let limits = Limits::read(&mut vars);
    vars.finish().expect("well-formed limits");
    limits
}

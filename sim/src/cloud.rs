//! The services, and the checks that see each of their changes.

use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};

use crate::aws_json::{JSON_1_0, respond};
use crate::dynamodb::{Context, DynamoDb};
use crate::invariants::{Leftovers, StoredObject};
use crate::network::fault::Fault;
use crate::network::request::Service;
use crate::place::Queue;
use crate::planted::Planted;
use crate::reference::Checks;
use crate::s3::{self, Credential, S3};
use crate::secrets::{self, SecretsManager};
use crate::sqs::{self, Settings, Sqs};
use crate::wechat::{self, Wechat};

/// The table's name.
pub const TABLE: &str = "table";
/// The bucket's name.
pub const BUCKET: &str = "bucket";
/// The region.
pub const REGION: &str = "us-east-1";
/// What everything is signed with.
pub const ACCESS_KEY: &str = "access-key";
/// The secret half of it.
pub const SECRET_KEY: &str = "secret-key";
/// The mini-program's id.
pub const APP_ID: &str = "wx0123456789abcdef";
/// The secret that holds the app secret.
pub const WECHAT_SECRETS: &str = "wechat";
/// The secret that holds the keys.
pub const JWT_SECRETS: &str = "jwt";

/// Signing keys that protect nothing: that of RFC 8037, and the next one.
const SIGNING_KEYS: [&str; 2] = [
    r#"{"kty":"OKP","crv":"Ed25519","kid":"one","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
    r#"{"kty":"OKP","crv":"Ed25519","kid":"two","d":"UHqai-PRRahtqpZEsov0Ko3Acg2LrqvfBAbDk2kr8II","x":"JGjQwqHtIyX_X4Swdn68Fky-EPf02ZNfSlf-iW1IWko"}"#,
];
/// Their public halves, which functions know before they are used.
pub const JWKS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"one","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},{"kty":"OKP","crv":"Ed25519","kid":"two","x":"JGjQwqHtIyX_X4Swdn68Fky-EPf02ZNfSlf-iW1IWko"}]}"#;
const REFRESH_KEYS: [&str; 2] = [
    "the-first-key-of-the-refresh-tokens",
    "the-second-key-of-the-refresh-tokens",
];
const APP_SECRETS: [&str; 2] = ["the-first-app-secret", "the-second-app-secret"];

/// All services.
#[derive(Debug)]
pub struct Cloud {
    /// The table.
    pub dynamodb: DynamoDb,
    /// The bucket.
    pub s3: S3,
    /// The queues.
    pub sqs: Sqs,
    /// WeChat.
    pub wechat: Wechat,
    /// The secrets.
    pub secrets: SecretsManager,
    /// What has to hold.
    pub checks: Checks,
    /// What requests lose on their way to the table.
    pub planted: Planted,
}

impl Queue {
    /// The queue's URL.
    pub const fn url(self) -> &'static str {
        match self {
            Self::Uploads => "http://aws/1/uploads",
            Self::Purge => "http://aws/1/purge",
        }
    }

    /// The URL of its dead letters.
    pub const fn dead_letters(self) -> &'static str {
        match self {
            Self::Uploads => "http://aws/1/uploads-dead",
            Self::Purge => "http://aws/1/purge-dead",
        }
    }
}

impl Cloud {
    /// Services that hold nothing but secrets.
    pub fn new(checks: Checks, now: i64) -> Self {
        let credential = Credential {
            id: ACCESS_KEY.to_owned(),
            secret: SECRET_KEY.to_owned(),
            token: None,
        };
        let uploads = Settings::upload_events(Queue::Uploads.dead_letters());
        let purge = Settings::purge(Queue::Purge.dead_letters());
        let mut cloud = Self {
            dynamodb: DynamoDb::new(TABLE),
            s3: S3::new(BUCKET, REGION).with_credential(credential),
            sqs: Sqs::new()
                .with_queue(Queue::Uploads.url(), uploads)
                .with_queue(Queue::Purge.url(), purge)
                .with_queue(Queue::Uploads.dead_letters(), Settings::dead_letters())
                .with_queue(Queue::Purge.dead_letters(), Settings::dead_letters()),
            wechat: Wechat::new(APP_ID, APP_SECRETS[0]),
            secrets: SecretsManager::new(),
            checks,
            planted: Planted::default(),
        };
        cloud.store_app_secret(0, now);
        cloud.store_keys(0, now);
        cloud
    }

    fn store_app_secret(&mut self, version: usize, now: i64) {
        let secret = json!({"wechat_app_secret": APP_SECRETS[version]});
        let secrets = &mut self.secrets;
        secrets.rotate(WECHAT_SECRETS, &secret.to_string(), now);
    }

    fn store_keys(&mut self, version: usize, now: i64) {
        let previous: Vec<_> = REFRESH_KEYS[..version].iter().rev().collect();
        let keys = json!({
            "jwt_private_jwk": SIGNING_KEYS[version],
            "refresh_key": {"current": REFRESH_KEYS[version], "previous": previous, "unnamed": false},
        });
        self.secrets.rotate(JWT_SECRETS, &keys.to_string(), now);
    }

    /// The operator makes a new app secret, and stores it.
    pub fn rotate_app_secret(&mut self, now: i64) {
        self.wechat.rotate(APP_SECRETS[1]);
        self.store_app_secret(1, now);
        self.checks.secret_rotated(now);
    }

    /// The operator makes new keys.
    pub fn rotate_keys(&mut self, now: i64) {
        self.store_keys(1, now);
        self.checks.secret_rotated(now);
    }

    /// Answers a request; `json` is its body where that is JSON.
    pub fn call(
        &mut self,
        service: Service,
        operation: &str,
        request: &Request<Bytes>,
        json: Option<&Value>,
        fault: Option<Fault>,
        now: i64,
    ) -> Response<Bytes> {
        match service {
            Service::DynamoDb => self.table(operation, json.unwrap_or(&Value::Null), fault, now),
            Service::S3 => self.s3.call(request, now),
            Service::Sqs => self.sqs.call(request, now),
            Service::SecretsManager => self.secrets.call(request),
            Service::Wechat => self.wechat.call(request, now),
        }
    }

    fn table(
        &mut self,
        operation: &str,
        request: &Value,
        fault: Option<Fault>,
        now: i64,
    ) -> Response<Bytes> {
        let mut context = Context {
            now,
            ..Context::default()
        };
        match fault {
            Some(Fault::StaleIndex(by)) => context.index_lag = by.into(),
            Some(Fault::Unprocessed(items)) => context.unprocessed = items as usize,
            Some(Fault::Conflict) => context.conflict = true,
            _ => {}
        }
        let request = self.planted.pass(operation, request);
        let answer = self.dynamodb.call(operation, &request, &context);
        self.checks.table_changed(&answer.changes, now);
        respond(JSON_1_0, answer.status, answer.body)
    }

    /// What S3 has to tell since the last call. The checks see what has changed.
    pub fn take_events(&mut self) -> Vec<Value> {
        let events = self.s3.take_events();
        if !events.is_empty() {
            let stored = self.s3.objects().flat_map(|(key, versions)| {
                versions.iter().map(move |version| StoredObject {
                    key: key.to_owned(),
                    version: version.id.clone(),
                    is_latest: versions.last().is_some_and(|last| last.id == version.id),
                    is_marker: version.is_marker,
                    bytes: version.bytes.clone(),
                    etag: version.etag.clone(),
                    content_type: Some(version.content_type.clone())
                        .filter(|content_type| !content_type.is_empty()),
                })
            });
            self.checks.bucket_changed(stored);
        }
        events
    }

    /// S3 puts an event on the queue.
    pub fn notify(&mut self, record: &Value, now: i64, visible_at: i64) {
        let body = s3::message(record);
        self.sqs.send(Queue::Uploads.url(), &body, now, visible_at);
    }

    /// Whether no queue holds a message.
    pub fn is_idle(&self) -> bool {
        Queue::ALL
            .into_iter()
            .all(|queue| self.sqs.messages(queue.url()).next().is_none())
    }

    /// What is left in the queues. `faults` tells how many faults a message has met.
    pub fn leftovers(&self, faults: impl Fn(&str) -> u32) -> Leftovers {
        let messages = |url| self.sqs.messages(url);
        let waiting = Queue::ALL
            .into_iter()
            .flat_map(|queue| messages(queue.url()));
        let dead = Queue::ALL
            .into_iter()
            .flat_map(|queue| messages(queue.dead_letters()));
        Leftovers {
            messages: waiting.map(|message| message.body.clone()).collect(),
            dead_letters: dead
                .map(|message| (faults(&message.id), message.body.clone()))
                .collect(),
        }
    }
}

/// What a service answers that does not work, or asks for patience.
pub fn refusal(service: Service, is_throttle: bool) -> Response<Bytes> {
    let one_of = |throttle, failure| if is_throttle { throttle } else { failure };
    match service {
        Service::DynamoDb => {
            let (status, code) = one_of((400, "ThrottlingException"), (500, "InternalServerError"));
            let kind = format!("com.amazonaws.dynamodb.v20120810#{code}");
            let body = json!({"__type": kind, "message": "Please try again."});
            respond(JSON_1_0, status, body.to_string())
        }
        Service::S3 => {
            let (status, code) = one_of((503, "SlowDown"), (500, "InternalError"));
            s3::refusal(status, code)
        }
        Service::Sqs => {
            let (status, code) = one_of((403, "RequestThrottled"), (500, "InternalFailure"));
            sqs::refusal(status, code)
        }
        Service::SecretsManager => {
            let (status, code) =
                one_of((400, "ThrottlingException"), (500, "InternalServiceError"));
            secrets::refusal(status, code)
        }
        Service::Wechat => wechat::refusal(-1),
    }
}

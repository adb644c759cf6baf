//! The two secrets, from Secrets Manager or, in local runs, from the environment.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use shared::auth::jwk::{BadKey, PrivateKey};
use shared::auth::jwt::{Parties, Signer};
use shared::auth::refresh::SuccessorKey;
use shared::aws::{Aws, Service};
use shared::config::Vars;
use shared::error::{Code, Error};
use shared::seams::{Clock, Timestamp};
use shared::wechat::AppSecret;
use tokio::sync::Mutex;

/// How long secrets are used before they are read again.
const LIFETIME: Duration = Duration::from_secs(60 * 60);
/// How long after a reading another one is worth nothing.
const FRESH: Duration = Duration::from_secs(10);

/// Where the secrets are, and those at hand.
#[derive(Debug)]
pub struct Secrets {
    source: Source,
    parties: Parties,
    clock: Clock,
    cached: Mutex<Option<Cached>>,
}

#[derive(Debug)]
enum Source {
    Manager {
        client: aws_sdk_secretsmanager::Client,
        id: String,
    },
    Fixed,
}

#[derive(Debug)]
struct Cached {
    keys: Arc<Keys>,
    read_at: Timestamp,
}

/// The secrets, ready for use.
#[derive(Debug)]
pub struct Keys {
    /// Proves to WeChat who we are.
    pub app_secret: AppSecret,
    /// Signs access tokens.
    pub signer: Signer,
    /// Derives refresh tokens.
    pub successor_key: SuccessorKey,
}

/// What the secret in Secrets Manager holds.
#[derive(Deserialize)]
struct Document {
    wechat_app_secret: String,
    jwt_private_jwk: serde_json::Value,
}

/// The secrets cannot be had. The text holds nothing of them.
#[derive(Debug, thiserror::Error)]
pub enum NoSecrets {
    /// Secrets Manager did not give them.
    #[error("Secrets Manager did not give the secret")]
    NotGiven(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The secret has another shape.
    #[error("the secret must be JSON with wechat_app_secret and jwt_private_jwk")]
    Shape,
    /// The signing key cannot be used.
    #[error("jwt_private_jwk {0}")]
    Key(#[from] BadKey),
}

impl From<NoSecrets> for Error {
    fn from(error: NoSecrets) -> Self {
        let code = match error {
            NoSecrets::NotGiven(_) => Code::TemporarilyUnavailable,
            NoSecrets::Shape | NoSecrets::Key(_) => Code::Internal,
        };
        Self::new(code).caused_by(error)
    }
}

impl Secrets {
    /// Reads `SECRETS_ID`, or `WECHAT_APP_SECRET` and `JWT_PRIVATE_JWK` where it is not set.
    pub fn read(vars: &mut Vars<'_>, aws: &Aws, parties: Parties, clock: Clock) -> Option<Self> {
        if let Some(id) = vars.text("SECRETS_ID") {
            let client =
                aws_sdk_secretsmanager::Client::new(&aws.sdk_config(Service::SecretsManager));
            let source = Source::Manager { client, id };
            return Some(Self {
                source,
                parties,
                clock,
                cached: Mutex::default(),
            });
        }
        if !vars.has("WECHAT_APP_SECRET") && !vars.has("JWT_PRIVATE_JWK") {
            vars.fault(
                "SECRETS_ID",
                "is missing (or, for local runs, WECHAT_APP_SECRET and JWT_PRIVATE_JWK)",
            );
            return None;
        }
        let app_secret = AppSecret::new(vars.required("WECHAT_APP_SECRET"));
        let key = vars.required_as("JWT_PRIVATE_JWK", PrivateKey::parse)?;
        Some(Self::fixed(app_secret, key, parties, clock))
    }

    /// Secrets that never change.
    pub fn fixed(app_secret: AppSecret, key: PrivateKey, parties: Parties, clock: Clock) -> Self {
        let keys = Arc::new(Keys::new(app_secret, key, parties.clone()));
        let cached = Mutex::new(Some(Cached {
            keys,
            read_at: clock.now(),
        }));
        Self {
            source: Source::Fixed,
            parties,
            clock,
            cached,
        }
    }

    /// Reads the secrets ahead of the first request.
    pub async fn warm_up(&self) {
        // The request that needs them reports what is wrong.
        let _ = self.get().await;
    }

    /// The secrets.
    ///
    /// # Errors
    /// If there are none at hand and none can be read. Those at hand are used for as long as none can be read.
    pub async fn get(&self) -> Result<Arc<Keys>, NoSecrets> {
        let mut cached = self.cached.lock().await;
        let now = self.clock.now();
        if let Some(Cached { keys, read_at }) = &*cached
            && (matches!(self.source, Source::Fixed) || now.since(*read_at) < LIFETIME)
        {
            return Ok(keys.clone());
        }
        match (self.fetch().await, &mut *cached) {
            (Err(error), Some(old)) => {
                tracing::warn!(
                    cause = shared::error::causes(&error),
                    "the secrets could not be read again"
                );
                old.read_at = now;
                Ok(old.keys.clone())
            }
            (fetched, cached) => {
                let keys = Arc::new(fetched?);
                *cached = Some(Cached {
                    keys: keys.clone(),
                    read_at: now,
                });
                Ok(keys)
            }
        }
    }

    /// Other secrets than `refused`, if there are: WeChat refuses the app secret after it was rotated.
    pub async fn instead_of(&self, refused: &Arc<Keys>) -> Option<Arc<Keys>> {
        let mut cached = self.cached.lock().await;
        let now = self.clock.now();
        let current = cached.as_ref()?;
        if Arc::ptr_eq(&current.keys, refused) {
            if matches!(self.source, Source::Fixed) || now.since(current.read_at) < FRESH {
                return None;
            }
            let keys = Arc::new(self.fetch().await.ok()?);
            *cached = Some(Cached { keys, read_at: now });
        }
        let keys = cached.as_ref()?.keys.clone();
        (keys.app_secret != refused.app_secret).then_some(keys)
    }

    async fn fetch(&self) -> Result<Keys, NoSecrets> {
        let Source::Manager { client, id } = &self.source else {
            return Err(NoSecrets::Shape);
        };
        let answer = client.get_secret_value().secret_id(id).send().await;
        let answer = answer.map_err(|error| NoSecrets::NotGiven(Box::new(error)))?;
        let text = answer.secret_string().ok_or(NoSecrets::Shape)?;
        let document: Document = serde_json::from_str(text).map_err(|_| NoSecrets::Shape)?;
        // The key stands there as an object, or as the text of one.
        let jwk = match document.jwt_private_jwk {
            serde_json::Value::String(text) => text,
            object => object.to_string(),
        };
        let app_secret = AppSecret::new(document.wechat_app_secret);
        Ok(Keys::new(
            app_secret,
            PrivateKey::parse(&jwk)?,
            self.parties.clone(),
        ))
    }
}

impl Keys {
    fn new(app_secret: AppSecret, key: PrivateKey, parties: Parties) -> Self {
        Self {
            app_secret,
            successor_key: SuccessorKey::of(&key),
            signer: Signer::new(key, parties),
        }
    }
}

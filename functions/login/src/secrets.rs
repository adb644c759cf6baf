//! The app secret and the keys, from Secrets Manager or, in local runs, from the environment.
//!
//! Each is in a secret of its own. Until `make secret` has moved them there they are in one that holds both.

mod cache;

use std::cell::OnceCell;
use std::sync::Arc;

use aws_sdk_secretsmanager::Client;
use serde::Deserialize;
use shared::auth::jwt::{Signer, TokenIssuer};
use shared::aws::{Aws, client_config};
use shared::config::Vars;
use shared::error::{Code, Error};
use shared::jwk::{JwkError, PrivateKey};
use shared::refresh::{RefreshKeys, WeakKeyError};
use shared::time::Clock;
use shared::wechat::AppSecret;

use cache::{Cache, Source};

/// What a secret holds that nobody has filled in.
const PLACEHOLDER: &str = "replace-me";

/// Where the secrets are, and those at hand.
#[derive(Debug)]
pub struct Secrets {
    app_secret: Cache<AppSecret>,
    keys: Cache<Keys>,
}

/// The keys, ready for use.
#[derive(Debug)]
pub struct Keys {
    /// Signs access tokens with the newest key.
    pub signer: Signer,
    /// Derive refresh tokens; older ones are still accepted.
    pub refresh: RefreshKeys,
}

/// What the secret with the keys holds.
#[derive(Deserialize)]
struct KeyDocument {
    /// An object, or the text of one.
    jwt_private_jwk: serde_json::Value,
    refresh_key: Option<RefreshKeyDocument>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RefreshKeyDocument {
    One(String),
    Several {
        current: String,
        #[serde(default)]
        previous: Vec<String>,
        /// Whether sessions that name no key go on: those from before there was one, which derive from the signing key.
        #[serde(default = "yes")]
        unnamed: bool,
    },
}

const fn yes() -> bool {
    true
}

/// The secrets cannot be had. The text holds nothing of them.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// Secrets Manager did not give them.
    #[error("Secrets Manager did not give the secret")]
    NotGiven(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The secret has another shape.
    #[error("the secret must be JSON with {0}")]
    Shape(&'static str),
    /// There is no secret to read.
    #[error("the secret is in no secret")]
    Nowhere,
    /// The signing key cannot be used.
    #[error("jwt_private_jwk {0}")]
    Key(#[from] JwkError),
    /// A refresh key cannot be used.
    #[error("refresh_key: {0}")]
    RefreshKey(#[from] WeakKeyError),
}

impl From<SecretsError> for Error {
    fn from(error: SecretsError) -> Self {
        let code = match error {
            SecretsError::NotGiven(_) => Code::TemporarilyUnavailable,
            _ => Code::Internal,
        };
        Self::new(code).caused_by(error)
    }
}

impl Secrets {
    /// Reads `WECHAT_SECRETS_ID` and `JWT_SECRETS_ID`, and `SECRETS_ID` for what neither holds yet; where an id is
    /// missing, `WECHAT_APP_SECRET` and `JWT_PRIVATE_JWK`.
    pub fn read(
        vars: &mut Vars<'_>,
        aws: &Aws,
        token_issuer: TokenIssuer,
        clock: Clock,
    ) -> Option<Self> {
        let both = vars.text("SECRETS_ID");
        let config = client_config!(aws_sdk_secretsmanager, aws, SecretsManager).build();
        let client = OnceCell::new();
        let mut source = |name, instead| {
            let ids: Vec<_> = vars.text(name).into_iter().chain(both.clone()).collect();
            if ids.is_empty() && !vars.has(instead) {
                vars.reject(name, &format!("is missing (or, for local runs, {instead})"));
            }
            let client = || {
                client
                    .get_or_init(|| Client::from_conf(config.clone()))
                    .clone()
            };
            (!ids.is_empty()).then(|| Source {
                client: client(),
                ids,
            })
        };
        let wechat = source("WECHAT_SECRETS_ID", "WECHAT_APP_SECRET");
        let jwt = source("JWT_SECRETS_ID", "JWT_PRIVATE_JWK");
        let app_secret = match wechat {
            Some(source) => Some(Cache::new(source, app_secret_of, clock.clone())),
            None => {
                let secret = vars.text("WECHAT_APP_SECRET").map(AppSecret::new);
                secret.map(|secret| Cache::fixed(secret, clock.clone()))
            }
        };
        let keys = match jwt {
            Some(source) => {
                let read = move |text: &str| Keys::from_text(text, &token_issuer);
                Some(Cache::new(source, read, clock))
            }
            None => {
                let key = vars.optional_as("JWT_PRIVATE_JWK", PrivateKey::parse);
                key.map(|key| Cache::fixed(Keys::from_signing_key(key, token_issuer), clock))
            }
        };
        Some(Self {
            app_secret: app_secret?,
            keys: keys?,
        })
    }

    /// Reads the secrets ahead of the first request.
    pub async fn warm_up(&self) {
        // The request that needs them reports what is wrong.
        let _ = tokio::join!(self.app_secret.get(), self.keys.get());
    }

    /// The app secret.
    ///
    /// # Errors
    /// If there is none at hand and none can be read. The one at hand is used for as long as none can be read.
    pub async fn app_secret(&self) -> Result<Arc<AppSecret>, SecretsError> {
        self.app_secret.get().await
    }

    /// The keys.
    ///
    /// # Errors
    /// As [`Secrets::app_secret`].
    pub async fn keys(&self) -> Result<Arc<Keys>, SecretsError> {
        self.keys.get().await
    }

    /// Another app secret than `refused`, if there is one: WeChat refuses it after it was rotated.
    ///
    /// # Errors
    /// If none can be read: then nobody knows whether there is.
    pub async fn app_secret_instead_of(
        &self,
        refused: &Arc<AppSecret>,
    ) -> Result<Option<Arc<AppSecret>>, SecretsError> {
        let current = self.app_secret.instead_of(refused).await?;
        Ok(current.filter(|current| current != refused))
    }

    /// Keys that were read after `outdated`, if there are: a session names one that is not among those.
    ///
    /// # Errors
    /// If none can be read.
    pub async fn keys_instead_of(
        &self,
        outdated: &Arc<Keys>,
    ) -> Result<Option<Arc<Keys>>, SecretsError> {
        self.keys.instead_of(outdated).await
    }
}

fn app_secret_of(text: &str) -> Result<AppSecret, SecretsError> {
    #[derive(Deserialize)]
    struct Document {
        wechat_app_secret: String,
    }
    let document: Option<Document> = serde_json::from_str(text).ok();
    let document = document.filter(|document| document.wechat_app_secret != PLACEHOLDER);
    let document = document.ok_or(SecretsError::Shape("wechat_app_secret"))?;
    Ok(AppSecret::new(document.wechat_app_secret))
}

impl Keys {
    fn from_signing_key(key: PrivateKey, token_issuer: TokenIssuer) -> Self {
        Self {
            refresh: RefreshKeys::from_signing_key(&key),
            signer: Signer::new(key, token_issuer),
        }
    }

    fn from_text(text: &str, token_issuer: &TokenIssuer) -> Result<Self, SecretsError> {
        let shape = SecretsError::Shape("jwt_private_jwk and refresh_key");
        let document: Option<KeyDocument> = serde_json::from_str(text).ok();
        let Some(document) = document.filter(|document| document.jwt_private_jwk != PLACEHOLDER)
        else {
            return Err(shape);
        };
        let jwk = match document.jwt_private_jwk {
            serde_json::Value::String(text) => text,
            object => object.to_string(),
        };
        let key = PrivateKey::parse(&jwk)?;
        let refresh = match document.refresh_key {
            None => RefreshKeys::from_signing_key(&key),
            Some(RefreshKeyDocument::One(current)) => RefreshKeys::new(&current, &[], Some(&key))?,
            Some(RefreshKeyDocument::Several {
                current,
                previous,
                unnamed,
            }) => RefreshKeys::new(&current, &previous, unnamed.then_some(&key))?,
        };
        Ok(Self {
            signer: Signer::new(key, token_issuer.clone()),
            refresh,
        })
    }
}

//! The app secret and the keys, from Secrets Manager or, in local runs, from the environment.
//!
//! Each is in a secret of its own. Until `make secret` has moved them there they are in one that holds both.

use std::sync::Arc;

use serde::Deserialize;
use shared::auth::jwt::{Signer, TokenIssuer};
use shared::aws::Aws;
use shared::config::Vars;
use shared::jwk::PrivateKey;
use shared::refresh::RefreshKeys;
use shared::secrets::{AppSecrets, Cache, PLACEHOLDER, SecretsError, Sources};
use shared::time::Clock;

/// Where the secrets are, and those at hand.
#[derive(Debug)]
pub struct Secrets {
    /// The app secret.
    pub app_secret: AppSecrets,
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

impl Secrets {
    /// Reads `WECHAT_SECRETS_ID` and `JWT_SECRETS_ID`, and `SECRETS_ID` for what neither holds yet; where an id is
    /// missing, `WECHAT_APP_SECRET` and `JWT_PRIVATE_JWK`.
    pub fn read(
        vars: &mut Vars<'_>,
        aws: &Aws,
        token_issuer: TokenIssuer,
        clock: Clock,
    ) -> Option<Self> {
        let sources = Sources::new(aws);
        let wechat = ["WECHAT_SECRETS_ID", "SECRETS_ID"];
        let wechat = sources.find(vars, wechat, "WECHAT_APP_SECRET");
        let jwt = ["JWT_SECRETS_ID", "SECRETS_ID"];
        let jwt = sources.find(vars, jwt, "JWT_PRIVATE_JWK");
        let app_secret = AppSecrets::read(vars, wechat, clock.clone());
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

    /// The keys.
    ///
    /// # Errors
    /// If there are none at hand and none can be read. Those at hand are used for as long as none can be read.
    pub async fn keys(&self) -> Result<Arc<Keys>, SecretsError> {
        self.keys.get().await
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

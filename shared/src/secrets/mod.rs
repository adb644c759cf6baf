//! Secrets, from Secrets Manager or, in local runs, from the environment.

mod app_secret;
mod cache;

use std::cell::OnceCell;

use aws_sdk_secretsmanager::{Client, Config};

use crate::aws::{Aws, client_config};
use crate::config::Vars;
use crate::error::{Code, Error};
use crate::jwk::JwkError;
use crate::queue::RetryError;
use crate::refresh::WeakKeyError;

pub use app_secret::AppSecrets;
pub use cache::{Cache, Source};

/// What a secret holds that nobody has filled in.
pub const PLACEHOLDER: &str = "replace-me";

/// Finds out where secrets are.
#[derive(Debug)]
pub struct Sources {
    config: Config,
    /// Made for the first secret that is somewhere: it is a part of a cold start.
    client: OnceCell<Client>,
}

impl Sources {
    /// Secrets in Secrets Manager.
    pub fn new(aws: &Aws) -> Self {
        Self {
            config: client_config!(aws_sdk_secretsmanager, aws, SecretsManager).build(),
            client: OnceCell::new(),
        }
    }

    /// Where the secret is that the variables `names` lead to, in their order. Without them it has to be in `instead`.
    pub fn find(&self, vars: &mut Vars<'_>, names: [&str; 2], instead: &str) -> Option<Source> {
        let source = self.find_any(vars, &names);
        if source.is_none() && !vars.has(instead) {
            let reason = format!("is missing (or, for local runs, {instead})");
            vars.reject(names[0], &reason);
        }
        source
    }

    /// Where the secret is that the variables `names` lead to, in their order, if it is anywhere.
    pub fn find_any(&self, vars: &Vars<'_>, names: &[&str]) -> Option<Source> {
        let ids: Vec<_> = names.iter().filter_map(|name| vars.text(name)).collect();
        if ids.is_empty() {
            return None;
        }
        let client = || Client::from_conf(self.config.clone());
        let client = self.client.get_or_init(client).clone();
        Some(Source { client, ids })
    }
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

impl From<SecretsError> for RetryError {
    fn from(error: SecretsError) -> Self {
        Self::new(error)
    }
}

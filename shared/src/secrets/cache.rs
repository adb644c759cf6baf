//! One secret, read when it is needed and kept for an hour.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use crate::secrets::SecretsError;
use crate::telemetry::causes;
use crate::time::{Clock, Timestamp};

/// How long a secret is used before it is read again.
const LIFETIME: Duration = Duration::from_secs(60 * 60);
/// How long after a reading another one is worth nothing.
const FRESH: Duration = Duration::from_secs(10);

type Read<T> = dyn Fn(&str) -> Result<T, SecretsError> + Send + Sync;

/// Where a secret is in Secrets Manager: in the first of these that has been filled in.
#[derive(Clone, Debug)]
pub struct Source {
    /// The client that reads it.
    pub client: aws_sdk_secretsmanager::Client,
    /// The ids of the secrets.
    pub ids: Vec<String>,
}

/// A secret, and where it comes from if it can change.
pub struct Cache<T> {
    source: Option<(Source, Box<Read<T>>)>,
    clock: Clock,
    cached: Mutex<Option<Cached<T>>>,
}

struct Cached<T> {
    secret: Arc<T>,
    read_at: Timestamp,
}

impl<T> Cache<T> {
    /// The secret at `source`, as `read` makes it of the secret's text.
    pub fn new(
        source: Source,
        read: impl Fn(&str) -> Result<T, SecretsError> + Send + Sync + 'static,
        clock: Clock,
    ) -> Self {
        Self {
            source: Some((source, Box::new(read))),
            clock,
            cached: Mutex::new(None),
        }
    }

    /// A secret that does not change.
    pub fn fixed(secret: T, clock: Clock) -> Self {
        let cached = Cached {
            secret: Arc::new(secret),
            read_at: clock.now(),
        };
        Self {
            source: None,
            clock,
            cached: Mutex::new(Some(cached)),
        }
    }

    /// The secret. That at hand is used for as long as none can be read.
    ///
    /// # Errors
    /// If there is none at hand and none can be read.
    pub async fn get(&self) -> Result<Arc<T>, SecretsError> {
        let mut cached = self.cached.lock().await;
        let now = self.clock.now();
        if let Some(Cached { secret, read_at }) = &*cached
            && (self.source.is_none() || now.since(*read_at) < LIFETIME)
        {
            return Ok(secret.clone());
        }
        match (self.fetch().await, &mut *cached) {
            (Err(error), Some(old)) => {
                tracing::warn!(
                    cause = causes(&error),
                    "the secrets could not be read again"
                );
                old.read_at = now;
                Ok(old.secret.clone())
            }
            (fetched, cached) => {
                let secret = Arc::new(fetched?);
                *cached = Some(Cached {
                    secret: secret.clone(),
                    read_at: now,
                });
                Ok(secret)
            }
        }
    }

    /// What was read after `refused`, which is read again for it unless that has just been done.
    ///
    /// # Errors
    /// If none can be read.
    pub async fn instead_of(&self, refused: &Arc<T>) -> Result<Option<Arc<T>>, SecretsError> {
        let mut cached = self.cached.lock().await;
        let now = self.clock.now();
        let Some(current) = &*cached else {
            return Ok(None);
        };
        if !Arc::ptr_eq(&current.secret, refused) {
            return Ok(Some(current.secret.clone()));
        }
        if self.source.is_none() || now.since(current.read_at) < FRESH {
            return Ok(None);
        }
        let secret = Arc::new(self.fetch().await?);
        *cached = Some(Cached {
            secret: secret.clone(),
            read_at: now,
        });
        Ok(Some(secret))
    }

    async fn fetch(&self) -> Result<T, SecretsError> {
        let mut outcome = Err(SecretsError::Nowhere);
        let Some((Source { client, ids }, read)) = &self.source else {
            return outcome;
        };
        for id in ids {
            let answer = client.get_secret_value().secret_id(id).send().await;
            let answer = answer.map_err(|error| SecretsError::NotGiven(Box::new(error)))?;
            outcome = read(answer.secret_string().unwrap_or_default());
            // Not filled in yet: then it is where it was before.
            if !matches!(outcome, Err(SecretsError::Shape(_))) {
                break;
            }
        }
        outcome
    }
}

impl<T> fmt::Debug for Cache<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cache")
    }
}

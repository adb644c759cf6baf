//! The access token to WeChat's own API, cached per environment.
//!
//! `stable_token` gives every environment the same token until its last five minutes, and old and new live together
//! for those five: no environment needs to know of another.

use std::future::Future;
use std::time::Duration;

use tokio::sync::Mutex;

use crate::redacted::Redacted;
use crate::time::{Clock, Timestamp};

/// How long before its end a token is no longer used. Less than the five minutes in which it has a successor already.
const MARGIN: Duration = Duration::from_secs(120);

/// A token to WeChat's API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiToken(Redacted<String>);

impl ApiToken {
    /// The token as WeChat gave it.
    pub fn new(text: String) -> Self {
        Self(Redacted::new(text))
    }

    /// The text to send to WeChat, and nowhere else.
    pub fn expose_secret(&self) -> &str {
        self.0.expose_secret()
    }
}

/// Holds one token. The lock is held while a token is fetched, so that many callers make one call.
#[derive(Debug, Default)]
pub struct TokenCache(Mutex<Option<(ApiToken, Timestamp)>>);

impl TokenCache {
    /// The token at hand, else the one that `fetch` gives together with its lifetime.
    ///
    /// # Errors
    /// If `fetch` fails; nothing is cached then.
    pub async fn get_or_fetch<E>(
        &self,
        clock: &Clock,
        fetch: impl Future<Output = Result<(ApiToken, Duration), E>>,
    ) -> Result<ApiToken, E> {
        let mut cached = self.0.lock().await;
        if let Some((token, until)) = &*cached
            && clock.now() < *until
        {
            return Ok(token.clone());
        }
        let (token, lifetime) = fetch.await?;
        *cached = Some((
            token.clone(),
            clock.now().after(lifetime.saturating_sub(MARGIN)),
        ));
        Ok(token)
    }

    /// Forgets the token if it is still the one that failed: another caller may have replaced it already.
    pub async fn forget(&self, failed: &ApiToken) {
        let mut cached = self.0.lock().await;
        if cached.as_ref().is_some_and(|(token, _)| token == failed) {
            *cached = None;
        }
    }
}

//! The Token and the EncodingAESKey, from Secrets Manager or, in local runs, from the environment.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use shared::aws::Aws;
use shared::config::Vars;
use shared::error::{Code, Error};
use shared::secrets::{Cache, PLACEHOLDER, SecretsError, Sources};
use shared::time::{Clock, Timestamp};

use crate::envelope::PushKeys;

/// How often the secret is read again because of requests that the keys at hand make nothing of. Anybody can send such.
const REREAD_INTERVAL: Duration = Duration::from_secs(60);
/// How long after a reading that failed there is no other.
const FAILURE_INTERVAL: Duration = Duration::from_secs(5);

/// The keys at hand, `None` while the push is off, and where they come from.
#[derive(Debug)]
pub(crate) struct Keys {
    cache: Cache<Option<PushKeys>>,
    clock: Clock,
    reread: Pause,
    failed: Pause,
}

/// When something was done last.
#[derive(Debug, Default)]
struct Pause(Mutex<Option<Timestamp>>);

impl Pause {
    fn begin(&self, now: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
    }

    /// Whether less than `interval` has passed.
    fn lasts(&self, now: Timestamp, interval: Duration) -> bool {
        let began = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        began.is_some_and(|began| now.since(began) < interval)
    }
}

impl Keys {
    /// Reads `PUSH_SECRETS_ID`; without it `PUSH_TOKEN` and `PUSH_AES_KEY`; without these the push is off.
    pub(crate) fn read(vars: &mut Vars<'_>, aws: &Aws, app_id: String, clock: Clock) -> Self {
        let source = Sources::new(aws).find_any(vars, &["PUSH_SECRETS_ID"]);
        let cache = match source {
            Some(source) => {
                let read = move |text: &str| keys_of(text, &app_id);
                Cache::new(source, read, clock.clone())
            }
            None => Cache::fixed(given(vars, &app_id), clock.clone()),
        };
        Self {
            cache,
            clock,
            reread: Pause::default(),
            failed: Pause::default(),
        }
    }

    /// Reads the secret ahead of the first request.
    pub(crate) async fn warm_up(&self) {
        // The request that needs it reports what is wrong.
        let _ = self.get().await;
    }

    /// The keys at hand.
    pub(crate) async fn get(&self) -> Result<Arc<Option<PushKeys>>, Error> {
        let now = self.clock.now();
        if self.failed.lasts(now, FAILURE_INTERVAL) {
            let cause = "the secret could not be read a moment ago";
            return Err(Error::new(Code::TemporarilyUnavailable).caused_by(cause));
        }
        let keys = self.cache.get().await;
        keys.map_err(|error| {
            self.failed.begin(now);
            error.into()
        })
    }

    /// Keys that were read after `refused`, if there are: the secret may have been filled in or rotated.
    pub(crate) async fn instead_of(
        &self,
        refused: &Arc<Option<PushKeys>>,
    ) -> Option<Arc<Option<PushKeys>>> {
        let now = self.clock.now();
        if self.reread.lasts(now, REREAD_INTERVAL) {
            return None;
        }
        self.reread.begin(now);
        // Those at hand stay good for whatever they fit.
        self.cache.instead_of(refused).await.ok()?
    }
}

/// What the secret holds; `None` if nobody has filled it in.
fn keys_of(text: &str, app_id: &str) -> Result<Option<PushKeys>, SecretsError> {
    #[derive(Deserialize)]
    struct Document {
        push_token: String,
        push_aes_key: String,
    }
    let shape = SecretsError::Shape(
        "push_token, of 3 to 32 letters and digits, and push_aes_key, the EncodingAESKey",
    );
    let document: Option<Document> = serde_json::from_str(text).ok();
    match document {
        Some(Document {
            push_token,
            push_aes_key,
        }) if push_token != PLACEHOLDER && push_aes_key != PLACEHOLDER => {
            let keys = PushKeys::new(&push_token, &push_aes_key, app_id);
            keys.map(Some).map_err(|_| shape)
        }
        Some(_) => Ok(None),
        None => Err(shape),
    }
}

/// The keys in the environment.
fn given(vars: &mut Vars<'_>, app_id: &str) -> Option<PushKeys> {
    let (token, aes_key) = (vars.text("PUSH_TOKEN"), vars.text("PUSH_AES_KEY"));
    match (token, aes_key) {
        (Some(token), Some(aes_key)) => match PushKeys::new(&token, &aes_key, app_id) {
            Ok(keys) => return Some(keys),
            Err(reason) => {
                vars.reject("PUSH_TOKEN or PUSH_AES_KEY", &format!("is wrong: {reason}"))
            }
        },
        (Some(_), None) => vars.reject("PUSH_AES_KEY", "is missing beside PUSH_TOKEN"),
        (None, Some(_)) => vars.reject("PUSH_TOKEN", "is missing beside PUSH_AES_KEY"),
        (None, None) => {}
    }
    None
}

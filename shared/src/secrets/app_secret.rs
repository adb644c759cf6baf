//! The mini-program's app secret.

use std::sync::Arc;

use serde::Deserialize;

use crate::config::Vars;
use crate::secrets::{Cache, PLACEHOLDER, SecretsError, Source};
use crate::time::Clock;
use crate::wechat::{AppSecret, WechatError};

/// The app secret at hand, and where it comes from.
#[derive(Debug)]
pub struct AppSecrets(Cache<AppSecret>);

impl AppSecrets {
    /// The app secret at `source`; without one, `WECHAT_APP_SECRET`.
    pub fn read(vars: &mut Vars<'_>, source: Option<Source>, clock: Clock) -> Option<Self> {
        let cache = match source {
            Some(source) => Some(Cache::new(source, app_secret_of, clock)),
            None => {
                let secret = vars.text("WECHAT_APP_SECRET").map(AppSecret::new);
                secret.map(|secret| Cache::fixed(secret, clock))
            }
        };
        cache.map(Self)
    }

    /// The app secret.
    ///
    /// # Errors
    /// If there is none at hand and none can be read. The one at hand is used for as long as none can be read.
    pub async fn get(&self) -> Result<Arc<AppSecret>, SecretsError> {
        self.0.get().await
    }

    /// What `call` gives with `secret`, or with another one if WeChat refuses that and there is another: it was rotated.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn call<T, F>(
        &self,
        secret: Arc<AppSecret>,
        call: impl Fn(Arc<AppSecret>) -> F,
    ) -> Result<T, WechatError>
    where
        F: Future<Output = Result<T, WechatError>>,
    {
        match call(secret.clone()).await {
            Err(error) if error.is_wrong_secret() => match self.instead_of(&secret).await {
                Some(other) => call(other).await,
                None => Err(error),
            },
            outcome => outcome,
        }
    }

    /// Another app secret than `refused`, if there is one: WeChat refuses it after it was rotated.
    async fn instead_of(&self, refused: &Arc<AppSecret>) -> Option<Arc<AppSecret>> {
        let current = self.0.instead_of(refused).await.ok()??;
        (current != *refused).then_some(current)
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

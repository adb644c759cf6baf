//! WeChat's message push: verifies a message, puts what it asks for on a queue, and answers. It knows the Token and the
//! EncodingAESKey, and can send to one queue; nothing else.

mod cipher;
mod envelope;
mod event;
mod keys;
mod message;
mod receive;
mod signature;
mod verify;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use shared::config::WarmUp;
use shared::error::{Code, Error};
use shared::function::Setup;
use shared::queue::Sender;
use shared::telemetry::{self, Metric, Telemetry};
use shared::time::{Clock, Timestamp};

pub use envelope::PushKeys;

use envelope::RefusedError;
use keys::Keys;

/// What is left of the second within which WeChat is answered, beside one attempt at the queue.
const RESERVE: Duration = Duration::from_millis(100);

/// What the handlers need.
#[derive(Debug)]
pub struct App {
    keys: Keys,
    /// Where `moderation` gets its work from.
    queue: Sender,
    /// How long a request may take. WeChat repeats what is not acknowledged, so nothing is tried here for long.
    patience: Duration,
    clock: Clock,
    telemetry: Telemetry,
}

impl App {
    /// The app that `setup` describes, with the keys at hand.
    ///
    /// # Errors
    /// If a variable is missing or malformed, or the platform lacks what is needed.
    pub async fn build(mut setup: Setup<'_>) -> Result<Self, lambda_runtime::Error> {
        let aws = setup.aws();
        let Setup {
            mut vars,
            clock,
            telemetry,
            timeouts,
            ..
        } = setup;
        let app_id = vars.required("WECHAT_APP_ID");
        let keys = Keys::read(&mut vars, &aws, app_id, clock.clone());
        let queue = Sender::new(&aws, vars.required("MODERATION_QUEUE_URL"));
        let warm_up = WarmUp::read(&mut vars);
        vars.finish()?;
        let app = Self {
            keys,
            queue,
            patience: timeouts.attempt + RESERVE,
            clock,
            telemetry,
        };
        warm_up.run(app.keys.warm_up()).await;
        Ok(app)
    }

    /// What `open` makes of a request with the keys at hand or, if it could have been signed or encrypted with others,
    /// with those that have replaced them.
    async fn open<T>(
        &self,
        open: impl Fn(&PushKeys, Timestamp) -> Result<T, RefusedError>,
    ) -> Result<T, Error> {
        let now = self.clock.now();
        let attempt = |keys: &Option<PushKeys>| keys.as_ref().map(|keys| open(keys, now));
        let keys = self.keys.get().await?;
        let mut outcome = attempt(&keys);
        let may_be_rotation = match &outcome {
            None => true,
            Some(opened) => opened.as_ref().is_err_and(|error| error.may_be_rotation()),
        };
        if may_be_rotation && let Some(newer) = self.keys.instead_of(&keys).await {
            outcome = attempt(&newer);
        }
        outcome.ok_or(Error::new(Code::NotFound))?.map_err(refused)
    }

    /// What `work` gives, if it does within the time that WeChat waits for an answer.
    async fn in_time<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let outcome = tokio::time::timeout(self.patience, work).await;
        outcome.unwrap_or_else(|elapsed| {
            Err(Error::new(Code::TemporarilyUnavailable).caused_by(elapsed))
        })
    }
}

/// The one answer to whatever is not WeChat's, or not for this mini-program; the log says more.
fn refused(error: RefusedError) -> Error {
    telemetry::count(Metric::PushesRefused);
    if error.is_mismatch() {
        telemetry::count(Metric::PushKeyMismatches);
    }
    Error::new(Code::Forbidden)
        .detail("not a message of WeChat's to this mini-program")
        .caused_by(error)
}

shared::routes! {
    Arc<App>;
    GET "/v1/wechat/push", Anyone, Empty => verify::verify;
    POST "/v1/wechat/push", Anyone, Opaque => receive::receive;
}

/// The function's answers to requests.
pub fn router(app: App) -> Router {
    let (telemetry, clock) = (app.telemetry.clone(), app.clock.clone());
    shared::http::service(routes(), app, telemetry, clock)
}

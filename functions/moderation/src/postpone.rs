//! What is done when WeChat does not answer as it should: nothing is lost, and nothing is shown early.

use std::time::Duration;

use shared::moderation::Task;
use shared::queue::{MAX_DELAY, Outcome, RetryError};
use shared::telemetry::{self, Metric, causes};
use shared::wechat::WechatError;
use shared::wechat::errcode::Class;

use crate::App;

/// How long WeChat is left alone after it failed, if it does not say how long.
const PAUSE: Duration = Duration::from_secs(60);

/// What a failed call means for what was to be checked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// WeChat is not to be had, or has had enough for this minute or day: the task comes again by itself, as often as it
    /// takes.
    Later(WechatError),
    /// WeChat does not check this: a person has to.
    Refused,
    /// The operator has to do something. The message is retried, and then waits among the dead letters, whose alarm calls
    /// for them.
    Broken(RetryError),
}

impl From<WechatError> for Failure {
    fn from(error: WechatError) -> Self {
        match error.class() {
            Some(Class::Rate) => Self::Later(error),
            _ if error.is_outage() => Self::Later(error),
            Some(Class::Config | Class::Token) => Self::Broken(RetryError::new(error)),
            _ if !error.is_about_the_request() => Self::Broken(RetryError::new(error)),
            _ => Self::Refused,
        }
    }
}

/// Has the task come again after a while. Many that are postponed together come back apart.
pub(crate) async fn postpone(
    app: &App,
    task: &Task,
    error: &WechatError,
) -> Result<Outcome, RetryError> {
    telemetry::count(Metric::ChecksPostponed);
    telemetry::field("cause", causes(error));
    let pause = error.wait().unwrap_or_default().max(PAUSE);
    let jitter = u32::from(app.random.bytes::<1>()[0]);
    let delay = (pause + pause * jitter / 255).min(MAX_DELAY);
    app.queue.send(task.to_message(), Some(delay)).await?;
    Ok(Outcome::Done("WeChat is asked again later"))
}

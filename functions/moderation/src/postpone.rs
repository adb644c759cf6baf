//! What cannot be checked now is checked later.

use std::time::Duration;

use serde_json::json;
use shared::moderation::Task;
use shared::queue::{MAX_DELAY, Outcome, RetryError};
use shared::random::Random;
use shared::telemetry::{self, Metric};
use shared::wechat::WechatError;
use shared::wechat::errcode::Class;

use crate::App;

/// How long WeChat is left alone after an outage, or when a minute's calls are used up.
const MINUTE: Duration = Duration::from_secs(60);
/// How long what only the operator can fix is left alone.
const UNTIL_FIXED: Duration = Duration::from_secs(5 * 60);

/// Sends the task anew, to come after `wait`. A message that failed instead would be a dead letter after a few minutes, and
/// WeChat can be away for longer.
pub(crate) async fn postpone(
    app: &App,
    task: &Task,
    wait: Duration,
) -> Result<Outcome, RetryError> {
    let message = json!(task).to_string();
    app.queue
        .send(message, Some(spread(&app.random, wait)))
        .await?;
    telemetry::count(Metric::ChecksPostponed);
    Ok(Outcome::Done("WeChat is asked later"))
}

/// How long to wait after `failure` before WeChat is asked again; `None` if it would answer the same.
pub(crate) fn wait_after(failure: &WechatError) -> Option<Duration> {
    match failure {
        WechatError::Errcode { wait, .. } | WechatError::TooManyRequests { wait } => {
            match failure.class()? {
                Class::Unavailable => Some(MINUTE),
                Class::Rate => Some(wait.unwrap_or(MINUTE)),
                Class::Config | Class::Token => Some(UNTIL_FIXED),
                Class::Client | Class::Policy | Class::Bug | Class::Unknown => None,
            }
        }
        WechatError::Unaddressable => Some(UNTIL_FIXED),
        WechatError::Unusable(_) => None,
        WechatError::TimedOut
        | WechatError::Unreachable(_)
        | WechatError::Interrupted(_)
        | WechatError::Status(_)
        | WechatError::Malformed(_)
        | WechatError::NotAsked(_) => Some(MINUTE),
    }
}

/// Up to twice as long, at random, so that what was postponed together does not come together; no longer than a queue
/// waits.
fn spread(random: &Random, wait: Duration) -> Duration {
    let share = u32::from(random.bytes::<1>()[0]) + 256;
    (wait.min(MAX_DELAY) * share / 256).min(MAX_DELAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_postponed_together_does_not_come_together() {
        let at = |byte| spread(&Random::new(move |bytes| bytes.fill(byte)), MINUTE);
        assert_eq!(at(0), MINUTE);
        assert!((110..120).contains(&at(255).as_secs()), "{:?}", at(255));
        let day = Duration::from_secs(24 * 60 * 60);
        assert_eq!(spread(&Random::system(), day), MAX_DELAY);
    }
}

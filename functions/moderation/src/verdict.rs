//! WeChat's verdict on a picture.

use shared::moderation::Verdict;
use shared::queue::{Outcome, RetryError};

use crate::App;

pub(crate) async fn apply(
    _app: &App,
    _trace_id: &str,
    _verdict: Verdict,
) -> Result<Outcome, RetryError> {
    Ok(Outcome::Discarded("pictures are not checked yet"))
}

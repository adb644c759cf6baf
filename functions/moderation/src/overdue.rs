//! A verdict that has not come in time.

use shared::queue::{Outcome, RetryError};
use shared::time::Timestamp;

use crate::App;

pub(crate) async fn check_again(
    _app: &App,
    _key: &str,
    _version: &str,
    _trace_id: &str,
    _due: Timestamp,
) -> Result<Outcome, RetryError> {
    Ok(Outcome::Discarded("pictures are not checked yet"))
}

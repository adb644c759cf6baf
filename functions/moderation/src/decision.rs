//! A moderator's decision.

use shared::queue::{Outcome, RetryError};

use crate::App;

pub(crate) async fn apply(
    _app: &App,
    _review: &str,
    _receives: u32,
) -> Result<Outcome, RetryError> {
    Ok(Outcome::Discarded("there are no reviews yet"))
}

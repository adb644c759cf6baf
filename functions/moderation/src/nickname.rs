//! A nickname that has changed.

use shared::ids::{Epoch, UserId};
use shared::queue::{Outcome, RetryError};

use crate::App;

pub(crate) async fn check(
    _app: &App,
    _user: &UserId,
    _epoch: Epoch,
    _check: &str,
    _receives: u32,
) -> Result<Outcome, RetryError> {
    Ok(Outcome::Discarded("nicknames are not checked yet"))
}

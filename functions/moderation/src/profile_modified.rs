//! A profile in which WeChat has found a risk.

use shared::ids::OpenId;
use shared::queue::{Outcome, RetryError};

use crate::App;

pub(crate) async fn review(_app: &App, _openid: &OpenId) -> Result<Outcome, RetryError> {
    Ok(Outcome::Discarded("changed profiles are not reviewed yet"))
}

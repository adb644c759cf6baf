//! A WeChat account that is gone.

use shared::ids::OpenId;
use shared::queue::{Outcome, RetryError};

use crate::App;

pub(crate) async fn delete(_app: &App, _openid: &OpenId) -> Result<Outcome, RetryError> {
    Ok(Outcome::Discarded("cancelled accounts are not deleted yet"))
}

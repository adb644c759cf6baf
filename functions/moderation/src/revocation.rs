//! Consent that a person has withdrawn.

use shared::ids::OpenId;
use shared::moderation::PersonalData;
use shared::queue::{Outcome, RetryError};

use crate::App;

pub(crate) async fn apply(
    _app: &App,
    _openid: &OpenId,
    _data: &[PersonalData],
) -> Result<Outcome, RetryError> {
    Ok(Outcome::Discarded(
        "withdrawn consent is not acted upon yet",
    ))
}

//! An item of an own function that somebody has reported.

use shared::moderation::CheckId;
use shared::queue::{Outcome, RetryError};
use shared::store::review::{Cause, Finding, Subject};

use crate::App;

/// Lists the item for a moderator, if it is still as it was seen.
pub(crate) async fn review(
    app: &App,
    pk: &str,
    sk: &str,
    version: u64,
    text: &str,
) -> Result<Outcome, RetryError> {
    let seen = app.store.visible_item(pk, sk, version).await;
    let Some((user, epoch)) = seen.map_err(RetryError::new)? else {
        return Ok(Outcome::Discarded("nobody sees it any more"));
    };
    let subject = Subject::Text {
        user,
        epoch,
        pk: pk.to_owned(),
        sk: sk.to_owned(),
        check: CheckId::of_version(version).to_string(),
    };
    let finding = Finding {
        text: Some(text.to_owned()),
        ..Finding::default()
    };
    let opened = app.store.open_review(&subject, Cause::Report, &finding);
    opened.await.map_err(RetryError::new)?;
    Ok(Outcome::Done("the item is listed for review"))
}

//! A WeChat account that is gone.

use shared::ids::{Epoch, OpenId, UserId};
use shared::queue::{Outcome, RetryError};
use shared::store::Lifecycle;
use shared::store::editor::{AccessError, Editor};

use crate::App;

/// Deletes the person's account as its owner would, even if it is disabled.
pub(crate) async fn delete(app: &App, openid: &OpenId) -> Result<Outcome, RetryError> {
    let user = UserId::derive(app.wechat.app_id(), openid);
    let Some(epoch) = last_epoch(app, &user).await? else {
        return Ok(Outcome::Done("the person has no account"));
    };
    let person = Editor::Person(epoch);
    let target = match app.store.read_for_deletion(&user, person, None).await {
        Ok(target) => target,
        // It has ended meanwhile, and was announced by whoever ended it.
        Err(AccessError::Refused(_)) => return Ok(Outcome::Done("the account is gone already")),
        Err(error) => return Err(RetryError::new(error)),
    };
    // First, as for every deletion: what ended unannounced would leave its data behind.
    let message = target.deleted.to_message();
    app.purge_queue.send(message, None).await?;
    match app.store.delete_user(target, person, None).await {
        Ok(()) | Err(AccessError::Refused(_)) => Ok(Outcome::Done("the account is deleted")),
        Err(error) => Err(RetryError::new(error)),
    }
}

/// The account generation that is there, or is being deleted.
async fn last_epoch(app: &App, user: &UserId) -> Result<Option<Epoch>, RetryError> {
    let account = app.store.account(user).await.map_err(RetryError::new)?;
    Ok(account.and_then(|account| match account.lifecycle {
        Lifecycle::Live(user) => Some(user.epoch),
        Lifecycle::Deleting => account.epoch.previous(),
        Lifecycle::Deleted => None,
    }))
}

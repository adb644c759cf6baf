//! A profile in which WeChat has found a risk.

use shared::ids::{OpenId, UserId};
use shared::moderation::{CheckId, announce_nickname};
use shared::queue::{Outcome, RetryError};
use shared::store::Account;
use shared::store::review::{Cause, Finding, Subject};

use crate::App;

/// Hides the person's nickname from others until it has passed a check, whether nicknames are checked otherwise or not, and
/// has a moderator look at the picture.
pub(crate) async fn review(app: &App, openid: &OpenId) -> Result<Outcome, RetryError> {
    let user = UserId::derive(app.wechat.app_id(), openid);
    let account = app.store.account(&user).await.map_err(RetryError::new)?;
    let Some(owner) = account.and_then(Account::into_user) else {
        return Ok(Outcome::Done("the person has no account"));
    };
    if owner.nickname.is_some() {
        let check = CheckId::new(&app.random);
        announce_nickname(&app.queue, &user, &check).await?;
        let hidden = app.store.hide_nickname(&user, &check).await;
        hidden.map_err(RetryError::new)?;
    }
    if owner.avatar.is_some() {
        let epoch = owner.epoch;
        let profile = Subject::Account { user, epoch };
        let (cause, finding) = (Cause::ContentCheck, Finding::default());
        let opened = app.store.open_review(&profile, cause, &finding).await;
        opened.map_err(RetryError::new)?;
    }
    Ok(Outcome::Done("what the profile shows is in review"))
}

//! A profile in which WeChat has found a risk.

use shared::ids::{OpenId, UserId};
use shared::moderation::{CheckId, announce_nickname};
use shared::queue::{Outcome, RetryError};
use shared::store::Account;

use crate::App;

/// Hides the person's nickname from others until it has passed a check, whether nicknames are checked otherwise or not.
pub(crate) async fn review(app: &App, openid: &OpenId) -> Result<Outcome, RetryError> {
    let user = UserId::derive(app.wechat.app_id(), openid);
    let account = app.store.account(&user).await.map_err(RetryError::new)?;
    let owner = account.and_then(Account::into_user);
    if owner.is_none_or(|owner| owner.nickname.is_none()) {
        return Ok(Outcome::Done("the person shows no nickname"));
    }
    let check = CheckId::new(&app.random);
    announce_nickname(&app.queue, &user, &check).await?;
    let hidden = app.store.hide_nickname(&user, &check).await;
    hidden.map_err(RetryError::new)?;
    Ok(Outcome::Done("nickname is hidden until it has passed"))
}

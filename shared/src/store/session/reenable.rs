//! The one login that is let into a disabled account: that of a person whom configuration makes an administrator.
//! Otherwise two administrators who disable one another, or a mistake of the only one, would lock everybody out.

use crate::store::Store;
use crate::store::account::{Account, AccountState, AccountUpdate};
use crate::store::error::StoreError;
use crate::store::fence::Fence;
use crate::store::item::{self, Item, n, s};
use crate::store::owner_state::set_owner_states;
use crate::store::schema::Key;
use crate::store::session::{Login, attribute, fresh_session};
use crate::store::transaction::{Slot, Transacted, Transaction};
use crate::time::Timestamp;
use crate::user::Role;

impl Store {
    /// Logs an administrator in and enables their account, in one transaction with the item that shuts their uploads.
    /// Returns the account as it is then; `None` if somebody changed it meanwhile.
    pub(super) async fn reenable(
        &self,
        login: &Login<'_>,
        item: Item,
        now: Timestamp,
    ) -> Result<Option<Item>, StoreError> {
        let Some(user) = Account::from_item(&item)?.into_user() else {
            return Ok(None);
        };
        let fence = Fence::from_item(&item);
        let changed = changed(login, &item, now, fence);
        let changed_at = now.following(user.updated_at);
        let mut update = AccountUpdate::at(changed_at);
        for (attribute, value) in &changed {
            update.set(attribute, value.clone());
        }
        update.raise_access_version();
        update.raise_fence(fence, now);
        update.require_unchanged(&user);
        let transaction = Transaction::new().update(Slot::Account, Key::user(&user.id), update);
        let transaction = set_owner_states(transaction, &user.id, user.epoch, false);
        let Transacted::Done = self.dynamo.transact(transaction).await? else {
            return Ok(None);
        };
        tracing::warn!("an account of ADMIN_OPENIDS was disabled, and is enabled by its login");
        // What the transaction left behind: it returns nothing itself.
        let mut item = item;
        item.extend(changed);
        item.insert("version".to_owned(), n(user.version + 1));
        item.insert("updated_at".to_owned(), n(changed_at.millis()));
        Ok(Some(item))
    }
}

/// The attributes that such a login sets.
fn changed(login: &Login<'_>, item: &Item, now: Timestamp, fence: Fence) -> Item {
    let session = &login.token.session;
    let first = fresh_session(login.token, login.key, now, fence.next(now));
    let mut changed = Item::from([
        (attribute(session), first),
        ("last_login".to_owned(), s(session.as_str())),
        ("status".to_owned(), s(AccountState::Active.as_str())),
        ("role".to_owned(), s(Role::Admin.as_str())),
    ]);
    if item::opt_str(item, "first_login").is_none() {
        changed.insert("first_login".to_owned(), s(session.as_str()));
    }
    if let Some(unionid) = login.unionid {
        changed.insert("unionid".to_owned(), s(unionid.as_str()));
    }
    changed
}

//! The one login that is let into a disabled account: that of a person whom configuration makes an administrator.
//! Otherwise two administrators who disable one another, or a mistake of the only one, would lock everybody out.

use crate::store::fence::Fence;
use crate::store::item::{self, Item, n, s};
use crate::store::session::{Login, attribute, fresh_session};
use crate::store::upload::owner_state;
use crate::store::user::{Edit, put};
use crate::store::{Account, Store, StoreError, Transacted};
use crate::time::Timestamp;
use crate::user::{Role, Status};

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
        let session = &login.token.session;
        let fence = Fence::from_item(&item);
        let first = fresh_session(login.token.hash(), login.key, now, fence.next(now));
        let mut changed = vec![
            (attribute(session), first),
            ("last_login".to_owned(), s(session.as_str())),
            ("status".to_owned(), s(Status::Active.as_str())),
            ("role".to_owned(), s(Role::Admin.as_str())),
        ];
        if item::opt_str(&item, "first_login").is_none() {
            changed.push(("first_login".to_owned(), s(session.as_str())));
        }
        if let Some(unionid) = login.unionid {
            changed.push(("unionid".to_owned(), s(unionid.as_str())));
        }
        let changed_at = now.following(user.updated_at);
        let mut edit = Edit::new(changed_at);
        for (i, (name, value)) in changed.iter().enumerate() {
            edit.name(&format!("#n{i}"), name);
            edit.set(&format!("#n{i}"), &format!(":v{i}"), value.clone());
        }
        edit.raise_fence(fence, now);
        edit.require("version = :version AND epoch = :epoch");
        edit.value(":version", n(user.version));
        edit.value(":epoch", n(user.epoch.get()));
        let writes = [
            edit.into_transaction(&self.table, &user.id),
            put(&self.table, owner_state(&user.id, user.epoch, false)),
        ];
        let writes = writes.into_iter().collect::<Result<_, _>>();
        let writes = writes.map_err(|error| StoreError::Refused(error.into()))?;
        let Transacted::Done = self.transact(writes).await? else {
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

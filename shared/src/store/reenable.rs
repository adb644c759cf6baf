//! What a refused login means, and the one that is let in all the same: a person whom configuration makes an
//! administrator. Otherwise two administrators who disable one another, or a mistake of the only one, would lock
//! everybody out.

use crate::auth::Role;
use crate::seams::Timestamp;
use crate::store::item::{self, Item, n, s};
use crate::store::session::{Login, attribute, fresh_session};
use crate::store::upload::owner_state;
use crate::store::user::{Edit, put};
use crate::store::{Account, Refusal, Store, StoreError, Transacted};
use crate::user::{Status, User};

impl Store {
    /// Why a login's write was refused; or the user item after one write more, which enables the account.
    pub(super) async fn refused_login(
        &self,
        login: &Login<'_>,
        found: Option<Item>,
        now: Timestamp,
    ) -> Result<Result<Item, Refusal>, StoreError> {
        let account = found.as_ref().map(Account::of_item).transpose()?;
        let user = account.and_then(|account| account.user);
        match (found, user) {
            (Some(item), Some(user))
                if login.is_admin && login.create && user.status == Status::Disabled =>
            {
                self.reenable(login, item, &user, now).await.map(Ok)
            }
            (_, Some(_)) => Ok(Err(Refusal::Disabled)),
            (_, None) => Ok(Err(Refusal::Gone)),
        }
    }

    /// Logs an administrator in and enables their account, in one transaction with the item that shuts their uploads.
    async fn reenable(
        &self,
        login: &Login<'_>,
        item: Item,
        user: &User,
        now: Timestamp,
    ) -> Result<Item, StoreError> {
        let session = &login.token.session;
        let mut changed = vec![
            (attribute(session), fresh_session(login.token.hash(), now)),
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
        let mut edit = Edit::new(now);
        for (i, (name, value)) in changed.iter().enumerate() {
            edit.name(&format!("#n{i}"), name);
            edit.set(&format!("#n{i}"), &format!(":v{i}"), value.clone());
        }
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
            // Somebody changed the account in this moment: the next login sees how it is now.
            return Err(StoreError::Unavailable("the user was changed".into()));
        };
        tracing::warn!("an account of ADMIN_OPENIDS was disabled, and is enabled by its login");
        // What the transaction left behind: it returns nothing itself.
        let mut item = item;
        item.extend(changed);
        item.insert("version".to_owned(), n(user.version + 1));
        item.insert("updated_at".to_owned(), n(now.millis()));
        Ok(item)
    }
}

//! Other people's uploads, as administrators list and delete them.

use crate::auth::Caller;
use crate::ids::{UploadId, UserId};
use crate::store::Page;
use crate::store::audit::NotAdmin;
use crate::store::item::{self, s, values};
use crate::store::upload::{OWNER_SORT_KEY, Record};
use crate::store::user::Editor;
use crate::store::{Account, Store, StoreError, store_error};

impl Store {
    /// A user's uploads from the newest to the oldest, `limit` at a time; `None` if there is no such user. Whether the
    /// caller is an administrator is read at the same time, and so is which life the account is in.
    ///
    /// # Errors
    /// If the table is not available; the inner result says why the caller is no administrator.
    pub async fn uploads_of(
        &self,
        caller: &Caller,
        user: &UserId,
        limit: usize,
        before: Option<UploadId>,
    ) -> Result<Result<Option<Page<Record>>, NotAdmin>, StoreError> {
        let before = before.map_or_else(|| OWNER_SORT_KEY.to_owned(), |upload| upload.to_string());
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND sk < :before")
            .set_expression_attribute_values(values([
                (":pk", s(format!("UP#{user}"))),
                (":before", s(before)),
            ]))
            .scan_index_forward(false)
            .consistent_read(true)
            // One more than asked for tells whether there is a next page.
            .limit(i32::try_from(limit + 1).unwrap_or(i32::MAX))
            .send();
        let accounts = self.read_as(Editor::Admin(caller), user, None);
        let (page, found) = futures_util::future::join(query, accounts).await;
        let account = match found? {
            Ok(found) => found.account()?,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let Some(owner) = account.and_then(Account::into_user) else {
            return Ok(Ok(None));
        };
        let page = page.map_err(store_error)?;
        let is_cut = page.last_evaluated_key.is_some();
        let mut items = page.items.unwrap_or_default();
        let more = items.len() > limit || is_cut;
        items.truncate(limit);
        let next = items.last().and_then(|item| item::opt_str(item, "sk"));
        let next = next.filter(|_| more).map(str::to_owned);
        let records = items.iter().map(|item| Record::from_item(item, user));
        let mut records = records.collect::<Result<Vec<_>, _>>()?;
        let now = self.clock.now();
        records.retain(|record| record.key.upload.epoch() == owner.epoch && record.is_shown(now));
        Ok(Ok(Some(Page {
            items: records,
            next,
        })))
    }

    /// One of a user's uploads, in whatever state; `None` if there is no such user or upload.
    ///
    /// # Errors
    /// As [`Store::uploads_of`].
    pub async fn upload_of(
        &self,
        caller: &Caller,
        user: &UserId,
        upload: UploadId,
    ) -> Result<Result<Option<Record>, NotAdmin>, StoreError> {
        let found = match self
            .read_as(Editor::Admin(caller), user, Some(upload))
            .await?
        {
            Ok(found) => found,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let owner = found.account()?.and_then(Account::into_user);
        let is_owners = owner.is_some_and(|owner| owner.epoch == upload.epoch());
        let record = found.upload.filter(|_| is_owners);
        let record = record
            .map(|item| Record::from_item(&item, user))
            .transpose()?;
        let now = self.clock.now();
        Ok(Ok(record.filter(|record| !record.is_expired(now))))
    }
}

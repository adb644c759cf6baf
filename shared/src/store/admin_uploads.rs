//! Other people's uploads, as administrators list and delete them.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{TransactWriteItem, Update};

use crate::auth::Caller;
use crate::ids::{UploadId, UserId};
use crate::store::audit::{Action, AdminWrite, NotAdmin};
use crate::store::item::{n, s, values};
use crate::store::upload::{GATE, Record, State, TOMBSTONE_LIFETIME, upload_key};
use crate::store::user::{Editor, Page};
use crate::store::{Store, StoreError, Transacted, item, store_error};

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
        let before = before.map_or_else(|| GATE.to_owned(), |upload| upload.to_string());
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
        let Some(owner) = account.and_then(|account| account.user) else {
            return Ok(Ok(None));
        };
        let items = page.map_err(store_error)?.items.unwrap_or_default();
        let records = items.iter().take(limit);
        let records = records
            .map(|item| Record::of_item(item, user))
            .collect::<Result<Vec<_>, _>>()?;
        let next = records.last().filter(|_| items.len() > limit);
        let next = next.map(|record| record.key.upload.to_string());
        let shown = |record: &Record| {
            record.state != State::Gone && record.key.upload.epoch() == owner.epoch
        };
        Ok(Ok(Some(Page {
            items: records.into_iter().filter(shown).collect(),
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
        let owner = found.account()?.and_then(|account| account.user);
        let is_owners = owner.is_some_and(|owner| owner.epoch == upload.epoch());
        let record = found.upload.filter(|_| is_owners);
        let record = record
            .map(|item| Record::of_item(&item, user))
            .transpose()?;
        Ok(Ok(record))
    }

    /// Turns a record into a tombstone in an administrator's name, if it is still as it was read. Returns whether it was.
    ///
    /// # Errors
    /// As [`Store::uploads_of`].
    pub async fn bury_upload_as(
        &self,
        actor: &Caller,
        record: &Record,
    ) -> Result<Result<bool, NotAdmin>, StoreError> {
        let write = AdminWrite {
            action: Action::DeleteUpload,
            target: &record.key.user,
            upload: Some(record.key.upload),
            fields: Vec::new(),
            before: None,
            after: None,
        };
        let tombstone = self.tombstone(record);
        let writes = vec![tombstone.map_err(|error| StoreError::Refused(error.into()))?];
        let outcome = self.transact_as(actor, &write, writes).await?;
        Ok(outcome.map(|outcome| matches!(outcome, Transacted::Done)))
    }

    fn tombstone(&self, record: &Record) -> Result<TransactWriteItem, BuildError> {
        let mut wanted = values([
            (":gone", s(State::Gone.as_str())),
            (":was", s(record.state.as_str())),
            (":ttl", n(self.clock.now().after(TOMBSTONE_LIFETIME).secs())),
        ]);
        let version = match &record.version {
            Some(version) => {
                wanted
                    .get_or_insert_default()
                    .insert(":version".to_owned(), s(version));
                "version_id = :version"
            }
            None => "attribute_not_exists(version_id)",
        };
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(upload_key(&record.key.user, record.key.upload)))
            .update_expression("SET #status = :gone, #ttl = :ttl")
            .condition_expression(format!("#status = :was AND {version}"))
            .set_expression_attribute_names(item::names([("#status", "status"), ("#ttl", "ttl")]))
            .set_expression_attribute_values(wanted)
            .build()?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}

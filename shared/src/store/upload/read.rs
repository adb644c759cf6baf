//! Reading one's own upload records.

use futures_util::future::join;

use crate::ids::{Epoch, UploadId, UserId};
use crate::store::Store;
use crate::store::account::Refusal;
use crate::store::actor::Actor;
use crate::store::dynamo::Query;
use crate::store::error::StoreError;
use crate::store::expression::Condition;
use crate::store::item::s;
use crate::store::owner_state::{admit, is_owner_state};
use crate::store::page::Page;
use crate::store::schema::{Key, OWNER_STATE_SORT_KEY, uploads_partition};
use crate::store::upload::Record;

/// Why no uploads were read.
#[derive(Debug, thiserror::Error)]
pub enum ReadUploadError {
    /// The account does not let its owner in.
    #[error("the account does not let its owner in")]
    AccessDenied(Refusal),
    /// The table is not available.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// One of the owner's uploads, in any state.
    ///
    /// # Errors
    /// If the account does not let its owner in, or the table is not available.
    pub async fn upload(
        &self,
        owner: Actor<'_>,
        upload: UploadId,
    ) -> Result<Option<Record>, ReadUploadError> {
        let keys = vec![
            Key::owner_state(owner.user),
            Key::upload(owner.user, upload),
        ];
        let items = self.dynamo.batch_get(keys, None).await?;
        let (states, records): (Vec<_>, Vec<_>) = items.into_iter().partition(is_owner_state);
        admit(states.first(), owner.epoch).map_err(ReadUploadError::AccessDenied)?;
        let record = records.first();
        let record = record.map(|item| Record::from_item(item, owner.user));
        let record = record.transpose()?;
        let now = self.clock.now();
        Ok(record
            .filter(|record| record.key.upload.epoch() == owner.epoch && !record.is_expired(now)))
    }

    /// The owner's uploads from the newest to the oldest, `limit` at a time. A page can be short, or empty, without being
    /// the last: what the API does not show is left out.
    ///
    /// # Errors
    /// If the account does not let its owner in, or the table is not available.
    pub async fn uploads(
        &self,
        owner: Actor<'_>,
        limit: usize,
        before: Option<UploadId>,
    ) -> Result<Page<Record>, ReadUploadError> {
        let query = self.dynamo.query(own_page(owner.user, limit, before));
        let state = async {
            match before {
                None => Ok(Vec::new()),
                Some(_) => {
                    let keys = vec![Key::owner_state(owner.user)];
                    self.dynamo.batch_get(keys, None).await
                }
            }
        };
        let (found, states) = join(query, state).await;
        let mut found = found?;
        let (inline, records): (Vec<_>, Vec<_>) = found.items.into_iter().partition(is_owner_state);
        found.items = records;
        admit(states?.first().or(inline.first()), owner.epoch)
            .map_err(ReadUploadError::AccessDenied)?;
        let page = Page::first_of(found, limit, "sk");
        let mut page = page.try_map(|item| Record::from_item(&item, owner.user))?;
        let now = self.clock.now();
        page.items
            .retain(|record| record.key.upload.epoch() == owner.epoch && record.is_shown(now));
        Ok(page)
    }

    /// The records of an account generation in any state, from the newest to the oldest, whether the account lets its owner
    /// in or not. A page can be short, or empty, without being the last.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn upload_records(
        &self,
        user: &UserId,
        epoch: Epoch,
        limit: usize,
        before: Option<UploadId>,
    ) -> Result<Page<Record>, StoreError> {
        let mut found = self.dynamo.query(own_page(user, limit, before)).await?;
        found.items.retain(|item| !is_owner_state(item));
        let page = Page::first_of(found, limit, "sk");
        let mut page = page.try_map(|item| Record::from_item(&item, user))?;
        page.items
            .retain(|record| record.key.upload.epoch() == epoch);
        Ok(page)
    }
}

/// A page of uploads. The first one begins with the owner state, which sorts after every upload id; later pages fetch it
/// alongside.
fn own_page(user: &UserId, limit: usize, before: Option<UploadId>) -> Query {
    let (range, at) = match before {
        None => ("sk <= :at", OWNER_STATE_SORT_KEY.to_owned()),
        Some(upload) => ("sk < :at", upload.to_string()),
    };
    let uploads = Condition::new(format!("pk = :pk AND {range}"))
        .value(":pk", s(uploads_partition(user)))
        .value(":at", s(at));
    // One more for the owner state, and one more to tell whether there is a next page.
    Query::newest(uploads, limit + 2)
}

//! Reading upload records.

use crate::auth::Caller;
use crate::ids::UploadId;
use crate::store::Page;
use crate::store::item::{self, s, values};
use crate::store::upload::owner::{SORT_KEY, admit, is_owner_state, owner_key};
use crate::store::upload::{Record, upload_key};
use crate::store::{Refusal, Store, StoreError, store_error};

impl Store {
    /// One of the caller's uploads, in whatever state.
    ///
    /// # Errors
    /// If the table is not available; the inner result says why the caller is not let in.
    pub async fn upload(
        &self,
        caller: &Caller,
        upload: UploadId,
    ) -> Result<Result<Option<Record>, Refusal>, StoreError> {
        let keys = vec![owner_key(&caller.user), upload_key(&caller.user, upload)];
        let items = self.batch_get(keys).await?;
        let (states, records): (Vec<_>, Vec<_>) = items.into_iter().partition(is_owner_state);
        if let Err(refusal) = admit(states.first(), caller) {
            return Ok(Err(refusal));
        }
        let record = records.first();
        let record = record.map(|item| Record::from_item(item, &caller.user));
        let record = record.transpose()?;
        let now = self.clock.now();
        Ok(Ok(record.filter(|record| {
            record.key.upload.epoch() == caller.epoch && !record.is_expired(now)
        })))
    }

    /// The caller's uploads from the newest to the oldest, `limit` at a time. A page can be short, or empty, without
    /// being the last: what is not shown is left out.
    ///
    /// # Errors
    /// If the table is not available; the inner result says why the caller is not let in.
    pub async fn uploads(
        &self,
        caller: &Caller,
        limit: usize,
        before: Option<UploadId>,
    ) -> Result<Result<Page<Record>, Refusal>, StoreError> {
        // The owner's state sorts first on the first page. Later pages fetch it alongside.
        let (range, at) = match before {
            None => ("sk <= :at", SORT_KEY.to_owned()),
            Some(upload) => ("sk < :at", upload.to_string()),
        };
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression(format!("pk = :pk AND {range}"))
            .set_expression_attribute_values(values([
                (":pk", s(format!("UP#{}", caller.user))),
                (":at", s(at)),
            ]))
            .scan_index_forward(false)
            .consistent_read(true)
            .limit(i32::try_from(limit + 2).unwrap_or(i32::MAX))
            .send();
        let state = async {
            match before {
                None => Ok(Vec::new()),
                Some(_) => self.batch_get(vec![owner_key(&caller.user)]).await,
            }
        };
        let (page, states) = futures_util::future::join(query, state).await;
        let page = page.map_err(store_error)?;
        // Records of earlier releases can be large enough to end a page early.
        let is_cut = page.last_evaluated_key.is_some();
        let items = page.items.unwrap_or_default();
        let (inline, mut items): (Vec<_>, Vec<_>) = items.into_iter().partition(is_owner_state);
        if let Err(refusal) = admit(states?.first().or(inline.first()), caller) {
            return Ok(Err(refusal));
        }
        let more = items.len() > limit || is_cut;
        items.truncate(limit);
        let next = items.last().and_then(|item| item::opt_str(item, "sk"));
        let next = next.filter(|_| more).map(str::to_owned);
        let records = items.iter();
        let records = records.map(|item| Record::from_item(item, &caller.user));
        let mut records = records.collect::<Result<Vec<_>, _>>()?;
        let now = self.clock.now();
        records.retain(|record| record.key.upload.epoch() == caller.epoch && record.is_shown(now));
        Ok(Ok(Page {
            items: records,
            next,
        }))
    }
}

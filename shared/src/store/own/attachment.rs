//! The uploads that items of own functions show.

use crate::ids::{UploadId, UserId};
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::schema::Key;
use crate::store::upload::Record;

impl Store {
    /// The records of these uploads as far as they reference a version: in the order of `uploads`.
    pub(crate) async fn referenced_uploads(
        &self,
        uploads: &[(&UserId, UploadId)],
    ) -> Result<Vec<Option<Record>>, StoreError> {
        let now = self.clock.now();
        let keys = uploads.iter().map(|(owner, id)| Key::upload(owner, *id));
        let found = self.dynamo.batch_get_all(&keys.collect::<Vec<_>>()).await?;
        let record = |(owner, id): &(&UserId, UploadId)| {
            let key = Key::upload(owner, *id);
            let item = found.iter().find(|item| key.is_of(item))?;
            Some(Record::from_item(item, owner))
        };
        let records = uploads.iter().map(|upload| record(upload).transpose());
        let records: Vec<_> = records.collect::<Result<_, _>>()?;
        let is_referenced = |record: &Record| record.status.has_version() && record.is_shown(now);
        Ok(records
            .into_iter()
            .map(|record| record.filter(is_referenced))
            .collect())
    }
}

//! Reading the records of uploads that items name.

use std::collections::HashMap;

use crate::ids::{UploadId, UserId};
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::item;
use crate::store::schema::{Key, UPLOADS};
use crate::store::upload::Record;

impl Store {
    /// The records of uploads, by their owners and ids; those that are gone are left out. As long as one round trip.
    pub(crate) async fn attached_uploads(
        &self,
        mut uploads: Vec<(&UserId, UploadId)>,
    ) -> Result<HashMap<UploadId, Record>, StoreError> {
        // DynamoDB takes no key twice.
        uploads.sort_unstable();
        uploads.dedup();
        let keys = uploads
            .iter()
            .map(|(owner, upload)| Key::upload(owner, *upload));
        let keys: Vec<_> = keys.collect();
        let items = self.dynamo.batch_get_all(&keys).await?;
        let now = self.clock.now();
        let mut found = HashMap::new();
        for item in items {
            let owner = item::str(&item, "pk")?.strip_prefix(UPLOADS);
            let owner: Option<UserId> = owner.and_then(|owner| owner.parse().ok());
            let record = Record::from_item(&item, &owner.ok_or(StoreError::Corrupt("pk"))?)?;
            if record.is_shown(now) {
                found.insert(record.key.upload, record);
            }
        }
        Ok(found)
    }
}

//! The uploads that items show.

use serde::Serialize;

use crate::auth::Caller;
use crate::ids::{UploadId, UserId};
use crate::own::error::OwnError;
use crate::store::Store;
use crate::store::upload::Record;
use crate::time::{Clock, Timestamp};
use crate::upload::lifecycle::UploadStatus;
use crate::upload::link::Links;

/// Uploads that people attach to items by their ids. An item keeps the ids; whether and how an upload is shown is asked
/// whenever the item is read, so that one that was deleted or rejected since is shown no longer.
///
/// The role of a function that has attachments reads `UP#*` with `BatchGetItem`, and objects by `s3:GetObjectVersion`.
#[derive(Clone, Debug)]
pub struct Attachments {
    store: Store,
    links: Links,
    clock: Clock,
}

/// A picture, with a signed link to it.
#[derive(Clone, Debug, Serialize)]
pub struct Picture {
    /// The upload.
    pub upload: String,
    /// `ready`; to its owner also `checking` or `review`.
    pub status: &'static str,
    /// What it is.
    pub content_type: &'static str,
    /// The link.
    pub url: String,
    /// When the link ends.
    pub url_expires_at: Option<String>,
}

impl Attachments {
    pub(super) const fn new(store: Store, links: Links, clock: Clock) -> Self {
        Self {
            store,
            links,
            clock,
        }
    }

    /// Which of these uploads are pictures of the caller's that have arrived: in the order of `ids`. One that still waits for
    /// its check is among them. One round trip.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn are_own_pictures(
        &self,
        caller: &Caller,
        ids: &[UploadId],
    ) -> Result<Vec<bool>, OwnError> {
        let uploads: Vec<_> = ids.iter().map(|id| (&caller.user, *id)).collect();
        if uploads.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.store.referenced_uploads(&uploads).await?;
        let is_own = |record: &Record| {
            is_picture(record) && record.key.upload.epoch() == caller.epoch
        };
        Ok(found
            .iter()
            .map(|record| record.as_ref().is_some_and(is_own))
            .collect())
    }

    /// The pictures as `reader` is shown them: others only what is ready. In the order of `uploads`. One round trip for a
    /// hundred; the links are signed without one.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn pictures(
        &self,
        reader: &Caller,
        uploads: &[(&UserId, UploadId)],
    ) -> Result<Vec<Option<Picture>>, OwnError> {
        if uploads.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.store.referenced_uploads(uploads).await?;
        let now = self.clock.now();
        let may_see = |record: &Record| {
            is_picture(record)
                && (record.status == UploadStatus::Ready || record.key.user == reader.user)
        };
        let shown = found.into_iter().map(|record| record.filter(may_see));
        Ok(shown
            .map(|record| record.map(|record| self.picture(&record, now)))
            .collect())
    }

    fn picture(&self, record: &Record, now: Timestamp) -> Picture {
        let link = self
            .links
            .download(&record.key, record.version.as_deref(), now);
        Picture {
            upload: record.key.upload.to_string(),
            status: record.status.as_str(),
            content_type: record.key.content_type.as_str(),
            url: link.url,
            url_expires_at: link.expires_at.map(Timestamp::to_rfc3339),
        }
    }
}

fn is_picture(record: &Record) -> bool {
    record.key.content_type.as_str().starts_with("image/")
}

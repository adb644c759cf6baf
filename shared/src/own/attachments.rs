//! Uploads that items name: a post's pictures.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::api::upload::{self, UploadResponse};
use crate::auth::Caller;
use crate::error::Error;
use crate::ids::{Purpose, UploadId, UserId};
use crate::own::error::OwnError;
use crate::own::reader::Reader;
use crate::store::Store;
use crate::store::upload::Record;
use crate::time::Clock;
use crate::upload::lifecycle::UploadStatus;
use crate::upload::link::Links;

/// How many uploads an item can name: what one tap of `wx.chooseMedia` gives.
pub const MAX_ATTACHMENTS: usize = 20;

/// An upload of the person whom an item is about, as the item names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Attachment(UploadId);

/// Who sees what is attached. Until it has passed its check, it is its owner alone in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Its owner.
    Private,
    /// Whoever is signed in.
    Members,
    /// Anybody.
    Everybody,
}

/// What an item has attached, for [`Attachments::show`].
#[derive(Clone, Copy, Debug)]
pub struct Attached<'a> {
    /// Whom the item is about.
    pub owner: &'a UserId,
    /// Who sees it.
    pub visibility: Visibility,
    /// What is attached.
    pub uploads: &'a [Attachment],
}

/// Attaches uploads to items, and links to them.
///
/// Whoever holds a link can fetch what is behind it until it ends, an hour at most. The role of the function needs
/// `dynamodb:BatchGetItem` on `UP#*`, and `s3:GetObjectVersion` on the bucket's `u/*`, in whose name links are signed: with
/// that it could read everybody's files. A function that attaches nothing is given neither.
#[derive(Clone, Debug)]
pub struct Attachments {
    store: Store,
    links: Links,
    clock: Clock,
}

impl Attachments {
    pub(super) const fn new(store: Store, links: Links, clock: Clock) -> Self {
        Self {
            store,
            links,
            clock,
        }
    }

    /// Makes sure that uploads can be attached: they are files of the caller's, each of them once, and have been verified. One
    /// that waits for WeChat's check can be attached, too. `field` is what the request calls the list. One round trip.
    ///
    /// # Errors
    /// 400 that names what cannot be attached, and what every call to the table can end with.
    pub async fn check(
        &self,
        caller: &Caller,
        field: &str,
        uploads: &[UploadId],
    ) -> Result<Vec<Attachment>, Error> {
        let message = "must be a verified file of the caller's own, and stand here once";
        let is_wanted = |_: &Record| true;
        self.check_that(caller, field, uploads, is_wanted, message)
            .await
    }

    /// As [`Attachments::check`], and they are pictures.
    ///
    /// # Errors
    /// As [`Attachments::check`].
    pub async fn check_pictures(
        &self,
        caller: &Caller,
        field: &str,
        uploads: &[UploadId],
    ) -> Result<Vec<Attachment>, Error> {
        let message = "must be a verified picture of the caller's own, and stand here once";
        self.check_that(caller, field, uploads, is_picture, message)
            .await
    }

    async fn check_that(
        &self,
        caller: &Caller,
        field: &str,
        uploads: &[UploadId],
        is_wanted: impl Fn(&Record) -> bool,
        otherwise: &'static str,
    ) -> Result<Vec<Attachment>, Error> {
        if uploads.len() > MAX_ATTACHMENTS {
            let message = format!("must have at most {MAX_ATTACHMENTS} uploads");
            return Err(Error::invalid_field(field, "invalid_value", message));
        }
        if uploads.is_empty() {
            return Ok(Vec::new());
        }
        let keys = uploads.iter().map(|upload| (&caller.user, *upload));
        let found = self.store.attached_uploads(keys.collect()).await?;
        let mut once = HashSet::new();
        for (i, upload) in uploads.iter().enumerate() {
            let record = found.get(upload);
            let is_usable =
                record.is_some_and(|record| is_usable(record, caller) && is_wanted(record));
            if !once.insert(upload) || !is_usable {
                let field = format!("{field}[{i}]");
                return Err(Error::invalid_field(field, "invalid_value", otherwise));
            }
        }
        Ok(uploads.iter().copied().map(Attachment).collect())
    }

    /// What `reader` is shown of the attachments of a page of items, in the order of `items`: with links, and without those
    /// that the reader may not see or that are gone. As long as one round trip.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn show(
        &self,
        reader: impl Into<Reader<'_>>,
        items: &[Attached<'_>],
    ) -> Result<Vec<Vec<UploadResponse>>, OwnError> {
        let reader = reader.into();
        let visible = items.iter().filter(|item| item.sight(reader).is_some());
        let keys = visible.flat_map(|item| {
            let uploads = item.uploads.iter();
            uploads.map(|upload| (item.owner, upload.0))
        });
        let found = self.store.attached_uploads(keys.collect()).await?;
        let now = self.clock.now();
        let shown = items.iter().map(|item| {
            let Some(sight) = item.sight(reader) else {
                return Vec::new();
            };
            let records = item
                .uploads
                .iter()
                .filter_map(|upload| found.get(&upload.0));
            let records = records
                .filter(|record| record.key.user == *item.owner && may_see(sight, record.status));
            records
                .map(|record| UploadResponse::new(record, sight, &self.links, now))
                .collect()
        });
        Ok(shown.collect())
    }
}

impl Attached<'_> {
    /// As who `reader` sees what is attached; `None` if they see nothing of it.
    fn sight(&self, reader: Reader<'_>) -> Option<upload::Reader> {
        match (reader, self.visibility) {
            (Reader::Member(caller), _) if caller.user == *self.owner => {
                Some(upload::Reader::Owner)
            }
            (_, Visibility::Everybody) | (Reader::Member(_), Visibility::Members) => {
                Some(upload::Reader::Other)
            }
            _ => None,
        }
    }
}

fn may_see(reader: upload::Reader, status: UploadStatus) -> bool {
    match reader {
        upload::Reader::Owner => true,
        upload::Reader::Other => status == UploadStatus::Ready,
    }
}

fn is_picture(record: &Record) -> bool {
    record.key.content_type.as_str().starts_with("image/")
}

/// A profile's picture goes when another takes its place, so it is nothing to attach.
fn is_usable(record: &Record, caller: &Caller) -> bool {
    let upload = record.key.upload;
    record.status.has_version()
        && upload.purpose() == Purpose::File
        && upload.epoch() == caller.epoch
}

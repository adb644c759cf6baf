//! The bucket: removing all versions of a user's objects, a page at a time.

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use shared::aws::{Aws, Service, client_config};
use shared::ids::{Epoch, UserId};
use shared::queue::RetryError;
use shared::upload::key::ObjectKey;

/// Lists and deletes in the uploads bucket.
#[derive(Clone, Debug)]
pub(crate) struct Objects {
    client: Client,
    bucket: String,
}

/// The position in S3's list of versions after which the next page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Marker {
    key: String,
    version: Option<String>,
}

/// The result of removing one page.
#[derive(Debug)]
pub(crate) struct Removed {
    /// The number of versions and delete markers that were removed.
    pub(crate) count: u32,
    /// The next page's position; `None` after the last page.
    pub(crate) next: Option<Marker>,
}

impl Objects {
    /// The bucket named `bucket`. With an endpoint of its own it is addressed by path.
    pub(crate) fn new(aws: &Aws, bucket: String) -> Self {
        let path_style = aws.endpoint(Service::S3).is_some();
        let config = client_config!(aws_sdk_s3, aws, S3).force_path_style(path_style);
        Self {
            client: Client::from_conf(config.build()),
            bucket,
        }
    }

    /// Removes up to 1,000 versions and delete markers of the user's objects, of account generations up to `epoch`; those
    /// of a later generation are skipped.
    ///
    /// # Errors
    /// If S3 does not respond, refuses, or does not remove all of them.
    pub(crate) async fn remove_page(
        &self,
        user: &UserId,
        epoch: Epoch,
        from: Option<Marker>,
    ) -> Result<Removed, RetryError> {
        let (key, version) = from.map_or((None, None), |marker| (Some(marker.key), marker.version));
        let request = self
            .client
            .list_object_versions()
            .bucket(&self.bucket)
            .prefix(ObjectKey::prefix(user))
            .set_key_marker(key)
            .set_version_id_marker(version);
        let page = request.send().await.map_err(RetryError::new)?;
        let old = versions_up_to(&page, epoch)?;
        let count = u32::try_from(old.len()).unwrap_or(u32::MAX);
        if !old.is_empty() {
            self.remove(old).await?;
        }
        let more = page.is_truncated.unwrap_or(false);
        let next = page.next_key_marker.filter(|_| more);
        Ok(Removed {
            count,
            next: next.map(|key| Marker {
                key,
                version: page.next_version_id_marker,
            }),
        })
    }

    async fn remove(&self, objects: Vec<ObjectIdentifier>) -> Result<(), RetryError> {
        let delete = Delete::builder()
            .set_objects(Some(objects))
            .quiet(true)
            .build()
            .map_err(RetryError::new)?;
        let output = self
            .client
            .delete_objects()
            .bucket(&self.bucket)
            .delete(delete)
            .send()
            .await;
        let failed = output.map_err(RetryError::new)?.errors.unwrap_or_default();
        match failed.first() {
            None => Ok(()),
            Some(error) => Err(RetryError::new(format!(
                "{} versions were not removed, the first because of {}",
                failed.len(),
                error.code().unwrap_or("no reason"),
            ))),
        }
    }
}

fn versions_up_to(
    page: &ListObjectVersionsOutput,
    epoch: Epoch,
) -> Result<Vec<ObjectIdentifier>, RetryError> {
    let versions = page
        .versions()
        .iter()
        .map(|version| (version.key(), version.version_id()));
    let markers = page
        .delete_markers()
        .iter()
        .map(|marker| (marker.key(), marker.version_id()));
    let old = versions.chain(markers).filter_map(|(key, version)| {
        let key = key?;
        // An object below the user's prefix that is no upload was put there by hand, and is of no later generation.
        let is_old = key
            .parse::<ObjectKey>()
            .map_or(true, |key| key.upload.epoch() <= epoch);
        is_old.then(|| {
            ObjectIdentifier::builder()
                .key(key)
                .set_version_id(version.map(str::to_owned))
                .build()
        })
    });
    old.collect::<Result<_, _>>().map_err(RetryError::new)
}

//! The uploads bucket: inspecting an object, listing a key's versions, removing a version.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_sdk_s3::primitives::ByteStream;
use shared::aws::{Aws, Service, client_config};
use shared::queue::RetryError;
use shared::upload::key::ObjectKey;
use shared::upload::sniff::HEAD_BYTES;

/// Covers the response body, too: the SDK's own timeouts end with the headers.
const INSPECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Reads, lists and deletes in the uploads bucket.
#[derive(Clone, Debug)]
pub struct Objects {
    client: Client,
    bucket: String,
}

/// An object's first bytes and the headers that S3 serves it with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectHead {
    /// Up to [`HEAD_BYTES`] of the content.
    pub bytes: Vec<u8>,
    /// The whole object's size in bytes.
    pub size: u64,
    /// The ETag, without quotes.
    pub etag: String,
    /// The version id, in a versioned bucket.
    pub version: Option<String>,
    /// The content type that S3 serves it with.
    pub content_type: Option<String>,
    /// Whether the sender added response headers that no ticket fixes, or user metadata.
    pub has_foreign_headers: bool,
}

/// One of a key's versions or delete markers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyVersion {
    /// The id that S3 gave the version.
    pub id: String,
    /// Whether a GET without a version id is answered with it.
    pub is_latest: bool,
    /// Whether it is a delete marker instead of an object.
    pub is_marker: bool,
}

impl Objects {
    /// The bucket named `bucket`. With an endpoint of its own it is addressed by path.
    pub fn new(aws: &Aws, bucket: String) -> Self {
        let path_style = aws.endpoint(Service::S3).is_some();
        let config = client_config!(aws_sdk_s3, aws, S3).force_path_style(path_style);
        Self {
            client: Client::from_conf(config.build()),
            bucket,
        }
    }

    /// The bucket's name, which events of other buckets do not have.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// Reads an object's first bytes and headers; `None` if it is no longer there.
    ///
    /// # Errors
    /// If S3 does not respond in time or refuses.
    pub async fn inspect(
        &self,
        key: &ObjectKey,
        version: Option<&str>,
    ) -> Result<Option<ObjectHead>, RetryError> {
        let head = tokio::time::timeout(INSPECT_TIMEOUT, self.inspect_without_limit(key, version));
        head.await.map_err(RetryError::new)?
    }

    async fn inspect_without_limit(
        &self,
        key: &ObjectKey,
        version: Option<&str>,
    ) -> Result<Option<ObjectHead>, RetryError> {
        let request = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(key.to_string())
            .set_version_id(version.map(str::to_owned))
            .range(format!("bytes=0-{}", HEAD_BYTES - 1));
        match request.send().await {
            Ok(output) => read(output).await.map(Some),
            Err(error) => match status(&error) {
                // No byte satisfies a range of an empty object.
                Some(416) => Ok(Some(ObjectHead::empty(version))),
                // 405: what the version names is a delete marker.
                Some(404 | 405) => Ok(None),
                _ if error.code() == Some("NoSuchVersion") => Ok(None),
                _ => Err(RetryError::new(error)),
            },
        }
    }

    /// Lists every version and delete marker of a key.
    ///
    /// # Errors
    /// If S3 does not respond or refuses.
    pub async fn versions(&self, key: &ObjectKey) -> Result<Vec<KeyVersion>, RetryError> {
        let key = key.to_string();
        let mut found = Vec::new();
        let mut markers = (None, None);
        loop {
            let request = self
                .client
                .list_object_versions()
                .bucket(&self.bucket)
                .prefix(&key)
                .set_key_marker(markers.0)
                .set_version_id_marker(markers.1);
            let page = request.send().await.map_err(RetryError::new)?;
            found.extend(versions_of(&key, &page));
            if !page.is_truncated.unwrap_or(false) {
                return Ok(found);
            }
            markers = (page.next_key_marker, page.next_version_id_marker);
        }
    }

    /// Removes a version for good; succeeds if it is not there. Always with a version id: without one S3 would place a
    /// delete marker.
    ///
    /// # Errors
    /// If S3 does not confirm.
    pub async fn remove(&self, key: &ObjectKey, version: &str) -> Result<(), RetryError> {
        let request = self
            .client
            .delete_object()
            .bucket(&self.bucket)
            .key(key.to_string())
            .version_id(version);
        request.send().await.map(|_| ()).map_err(RetryError::new)
    }
}

fn versions_of(key: &str, page: &ListObjectVersionsOutput) -> Vec<KeyVersion> {
    let versions = page.versions().iter();
    let versions = versions.map(|v| (v.key(), v.version_id(), v.is_latest(), false));
    let markers = page.delete_markers().iter();
    let markers = markers.map(|m| (m.key(), m.version_id(), m.is_latest(), true));
    versions
        .chain(markers)
        // The list is by prefix, and other keys can begin with this one.
        .filter(|(of, ..)| *of == Some(key))
        .filter_map(|(_, id, is_latest, is_marker)| {
            Some(KeyVersion {
                id: id?.to_owned(),
                is_latest: is_latest.unwrap_or(false),
                is_marker,
            })
        })
        .collect()
}

impl ObjectHead {
    fn empty(version: Option<&str>) -> Self {
        Self {
            bytes: Vec::new(),
            size: 0,
            etag: String::new(),
            version: version.map(str::to_owned),
            content_type: None,
            has_foreign_headers: false,
        }
    }
}

async fn read(output: GetObjectOutput) -> Result<ObjectHead, RetryError> {
    let has_foreign_headers = has_foreign_headers(&output);
    let size = size(&output).ok_or_else(|| RetryError::new("S3 did not tell the object's size"))?;
    let etag = output.e_tag.unwrap_or_default();
    Ok(ObjectHead {
        bytes: first_bytes(output.body).await?,
        size,
        etag: etag.trim_matches('"').to_owned(),
        version: output.version_id,
        content_type: output.content_type,
        has_foreign_headers,
    })
}

/// The whole object's size: `content-range: bytes 0-511/12345`. A server that ignores ranges sends everything, and then
/// the length is the size.
fn size(output: &GetObjectOutput) -> Option<u64> {
    let total = output
        .content_range()
        .and_then(|range| range.rsplit_once('/')?.1.parse().ok());
    total.or_else(|| u64::try_from(output.content_length?).ok())
}

async fn first_bytes(mut body: ByteStream) -> Result<Vec<u8>, RetryError> {
    let mut head = Vec::with_capacity(HEAD_BYTES);
    while head.len() < HEAD_BYTES {
        let Some(chunk) = body.next().await.transpose().map_err(RetryError::new)? else {
            break;
        };
        head.extend_from_slice(&chunk[..chunk.len().min(HEAD_BYTES - head.len())]);
    }
    Ok(head)
}

/// Whether the sender added response headers or user metadata. A ticket signs content type and length; S3 accepts any
/// others from the ticket's holder. Phones send `Cache-Control` on their own when they bypass their cache, so its
/// harmless values pass.
fn has_foreign_headers(output: &GetObjectOutput) -> bool {
    let texts = [
        output.content_disposition(),
        output.content_encoding(),
        output.content_language(),
        output.expires_string(),
        output.website_redirect_location(),
    ];
    let is_given = |text: &Option<&str>| text.is_some_and(|text| !text.is_empty());
    texts.iter().any(is_given)
        || output
            .metadata()
            .is_some_and(|metadata| !metadata.is_empty())
        || !output.cache_control().is_none_or(is_harmless_cache_control)
}

fn is_harmless_cache_control(value: &str) -> bool {
    value.split(',').map(str::trim).all(|directive| {
        let harmless = ["", "no-cache", "no-store", "max-age=0"];
        harmless
            .iter()
            .any(|known| directive.eq_ignore_ascii_case(known))
    })
}

fn status<E>(error: &SdkError<E>) -> Option<u16> {
    error
        .raw_response()
        .map(|response| response.status().as_u16())
}

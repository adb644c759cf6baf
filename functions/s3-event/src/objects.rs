//! The bucket: looking at an object's first bytes, and removing one.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use shared::aws::{Aws, Service};
use shared::queue::Again;
use shared::upload::key::ObjectKey;
use shared::upload::sniff::HEAD_BYTES;

/// How long a look may take, with its body: the SDK's own time-outs end with the headers.
const LOOK_TIMEOUT: Duration = Duration::from_secs(5);

/// The uploads bucket.
#[derive(Clone, Debug)]
pub struct Objects {
    client: Client,
    bucket: String,
}

/// What a look at an object tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// Its first bytes, up to [`HEAD_BYTES`].
    pub head: Vec<u8>,
    /// Its size in bytes.
    pub size: u64,
    /// Its ETag, without quotes.
    pub etag: String,
    /// Its version, in a versioned bucket.
    pub version: Option<String>,
    /// The content type that S3 serves it with.
    pub content_type: Option<String>,
}

impl Objects {
    /// The bucket named `bucket`. With an endpoint of its own it is addressed by path.
    pub fn new(aws: &Aws, bucket: String) -> Self {
        let path_style = aws.endpoint(Service::S3).is_some();
        let config = aws_sdk_s3::config::Builder::from(&aws.sdk_config(Service::S3))
            .force_path_style(path_style);
        Self {
            client: Client::from_conf(config.build()),
            bucket,
        }
    }

    /// The bucket's name.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// Looks at an object; `None` if it is no longer there.
    ///
    /// # Errors
    /// If S3 does not answer.
    pub async fn look(
        &self,
        key: &ObjectKey,
        version: Option<&str>,
    ) -> Result<Option<Look>, Again> {
        let look = tokio::time::timeout(LOOK_TIMEOUT, self.look_without_limit(key, version));
        look.await.map_err(Again::because)?
    }

    async fn look_without_limit(
        &self,
        key: &ObjectKey,
        version: Option<&str>,
    ) -> Result<Option<Look>, Again> {
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
                Some(416) => Ok(Some(Look::empty(version))),
                // 405: what the version names is a delete marker.
                Some(404 | 405) => Ok(None),
                _ if error.code() == Some("NoSuchVersion") => Ok(None),
                _ => Err(Again::because(error)),
            },
        }
    }

    /// Removes an object's version for good. One that is not there counts as removed.
    ///
    /// # Errors
    /// If S3 does not confirm.
    pub async fn remove(&self, key: &ObjectKey, version: Option<&str>) -> Result<(), Again> {
        let request = self
            .client
            .delete_object()
            .bucket(&self.bucket)
            .key(key.to_string());
        let request = request.set_version_id(version.map(str::to_owned));
        request.send().await.map(|_| ()).map_err(Again::because)
    }
}

impl Look {
    fn empty(version: Option<&str>) -> Self {
        Self {
            head: Vec::new(),
            size: 0,
            etag: String::new(),
            version: version.map(str::to_owned),
            content_type: None,
        }
    }
}

async fn read(output: GetObjectOutput) -> Result<Look, Again> {
    let length = output
        .content_length
        .and_then(|length| u64::try_from(length).ok());
    // `bytes 0-511/12345`; a server that ignores ranges sends all, and then the length is the size.
    let total = output
        .content_range
        .as_deref()
        .and_then(|range| range.rsplit_once('/')?.1.parse().ok());
    let size = total
        .or(length)
        .ok_or_else(|| Again::because("S3 did not tell the object's size"))?;
    let etag = output
        .e_tag
        .unwrap_or_default()
        .trim_matches('"')
        .to_owned();
    let (version, content_type) = (output.version_id, output.content_type);
    let mut body = output.body;
    let mut head = Vec::with_capacity(HEAD_BYTES);
    while head.len() < HEAD_BYTES {
        let Some(chunk) = body.next().await.transpose().map_err(Again::because)? else {
            break;
        };
        head.extend_from_slice(&chunk[..chunk.len().min(HEAD_BYTES - head.len())]);
    }
    Ok(Look {
        head,
        size,
        etag,
        version,
        content_type,
    })
}

fn status<E>(error: &SdkError<E>) -> Option<u16> {
    error
        .raw_response()
        .map(|response| response.status().as_u16())
}

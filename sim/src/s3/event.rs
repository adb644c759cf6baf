//! Notifications.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use shared::time::Timestamp;

use super::bucket::Version;

/// Something happened to a version.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) key: String,
    name: &'static str,
    etag: Option<String>,
    size: Option<usize>,
    version: String,
    sequence: u64,
    at: i64,
}

/// What stays as it is in a key: the unreserved characters, and the slash.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'*')
    .remove(b'/')
    .remove(b' ');

impl Event {
    pub(super) fn stored(name: &'static str, key: &str, version: &Version) -> Self {
        // A marker's is the MD5 of nothing, as recorded on AWS.
        let etag = match version.is_marker {
            true => "d41d8cd98f00b204e9800998ecf8427e",
            false => &version.etag,
        };
        Self {
            etag: Some(etag.to_owned()),
            size: (!version.is_marker).then_some(version.bytes.len()),
            ..Self::removed(name, key, &version.id, version.sequence, version.stored_at)
        }
    }

    pub(super) fn removed(
        name: &'static str,
        key: &str,
        version: &str,
        sequence: u64,
        at: i64,
    ) -> Self {
        Self {
            key: key.to_owned(),
            name,
            etag: None,
            size: None,
            version: version.to_owned(),
            sequence,
            at,
        }
    }

    pub(super) fn to_record(&self, bucket: &str, region: &str) -> Value {
        // Form-encoded: a space is a plus sign.
        let key = utf8_percent_encode(&self.key, ESCAPED)
            .to_string()
            .replace(' ', "+");
        let mut object = json!({
            "key": key,
            "versionId": self.version,
            "sequencer": format!("{:018X}", self.sequence),
        });
        if let Some(etag) = &self.etag {
            object["eTag"] = etag.as_str().into();
        }
        if let Some(size) = self.size {
            object["size"] = size.into();
        }
        json!({
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "awsRegion": region,
            "eventTime": Timestamp::from_millis(self.at).to_rfc3339(),
            "eventName": self.name,
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": "uploads",
                "bucket": {"name": bucket, "arn": format!("arn:aws:s3:::{bucket}")},
                "object": object,
            },
        })
    }
}

/// The body of the message in which S3 sends a record to SQS.
pub fn message(record: &Value) -> String {
    format!(r#"{{"Records":[{record}]}}"#)
}

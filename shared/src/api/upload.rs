//! Uploads and upload tickets in responses.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::ids::Purpose;
use crate::store::upload::Record;
use crate::time::Timestamp;
use crate::upload::lifecycle::UploadStatus;
use crate::upload::link::Links;

/// Who reads an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// Its owner, who may see it before it has passed its check.
    Owner,
    /// Anybody else.
    Other,
}

impl Reader {
    const fn may_see(self, status: UploadStatus) -> bool {
        match self {
            Self::Owner => status.has_version(),
            Self::Other => matches!(status, UploadStatus::Ready),
        }
    }
}

/// An upload, as its owner and administrators see it.
#[derive(Debug, Serialize)]
pub struct UploadResponse {
    id: String,
    purpose: Purpose,
    status: &'static str,
    content_type: &'static str,
    size: u64,
    etag: Option<String>,
    reason: Option<String>,
    created_at: String,
    ready_at: Option<String>,
    download_url: Option<String>,
    download_expires_at: Option<String>,
}

impl UploadResponse {
    /// `record` as `reader` is shown it at `now`. It links to the version that the record references, if there is one and
    /// the reader may see it.
    pub fn new(record: &Record, reader: Reader, links: &Links, now: Timestamp) -> Self {
        let upload = record.key.upload;
        let link = reader
            .may_see(record.status)
            .then(|| links.download(&record.key, record.version.as_deref(), now));
        let (download_url, expires_at) = link.map(|link| (link.url, link.expires_at)).unzip();
        Self {
            id: upload.to_string(),
            purpose: upload.purpose(),
            status: record.status.as_str(),
            content_type: record.key.content_type.as_str(),
            size: record.size.unwrap_or(record.declared_size),
            etag: record.etag.clone(),
            reason: record.reason.clone(),
            created_at: upload.issued_at().to_rfc3339(),
            ready_at: record.ready_at.map(Timestamp::to_rfc3339),
            download_url,
            download_expires_at: expires_at.flatten().map(Timestamp::to_rfc3339),
        }
    }
}

/// An upload with the ticket to send its object; without a ticket if the object has arrived or is gone.
#[derive(Debug, Serialize)]
pub struct IssuedUploadResponse {
    /// The upload.
    pub upload: UploadResponse,
    /// The ticket, for as long as the upload is pending.
    pub ticket: Option<TicketResponse>,
}

/// The uploads of a batch, in the order of the request.
#[derive(Debug, Serialize)]
pub struct IssuedBatchResponse {
    /// One entry for each requested upload.
    pub items: Vec<IssuedUploadResponse>,
}

/// What a client needs to send one object straight to S3.
#[derive(Debug, Serialize)]
#[serde(tag = "method", rename_all = "UPPERCASE")]
pub enum TicketResponse {
    /// A form, `multipart/form-data`, as `wx.uploadFile` sends it.
    Post {
        /// Where to post the form.
        url: String,
        /// The form's fields, which come before the file.
        fields: BTreeMap<&'static str, String>,
        /// The name of the form's field that holds the file.
        file_field: &'static str,
        /// The exact size that S3 accepts.
        max_bytes: u64,
        /// When S3 stops accepting the form.
        expires_at: String,
    },
    /// The raw bytes, as `wx.request` sends an `ArrayBuffer`.
    Put {
        /// Where to put the object; carries the signature.
        url: String,
        /// The headers that the client has to send.
        headers: BTreeMap<&'static str, &'static str>,
        /// When S3 stops accepting the request.
        expires_at: String,
    },
}

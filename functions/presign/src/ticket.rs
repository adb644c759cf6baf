//! Tickets: permission to send one object straight to S3, and nothing but that object.

use std::collections::BTreeMap;

use shared::api::upload::TicketResponse;
use shared::store::upload::{NewUpload, TICKET_LIFETIME};
use shared::time::Timestamp;
use shared::upload::post_policy::PostPolicy;
use shared::upload::signer::{Presign, S3Signer};

/// The HTTP method that a client will send its object with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    /// `multipart/form-data`, as `wx.uploadFile` sends it.
    Post,
    /// The raw bytes, as `wx.request` sends an `ArrayBuffer`.
    Put,
}

impl Method {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }
}

impl std::str::FromStr for Method {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "POST" => Ok(Self::Post),
            "PUT" => Ok(Self::Put),
            _ => Err("must be POST or PUT"),
        }
    }
}

/// A ticket for `upload`, valid for the five minutes before `until`. The same end gives the same ticket.
pub(crate) fn ticket(
    upload: &NewUpload,
    method: Method,
    signer: &S3Signer,
    until: Timestamp,
) -> TicketResponse {
    match method {
        Method::Post => post_ticket(upload, signer, until),
        Method::Put => put_ticket(upload, signer, until),
    }
}

fn post_ticket(upload: &NewUpload, signer: &S3Signer, until: Timestamp) -> TicketResponse {
    let policy = PostPolicy {
        key: &upload.key,
        size: upload.size,
        from: until.before(TICKET_LIFETIME),
        until,
    };
    TicketResponse::Post {
        url: signer.post_url(),
        fields: signer.post_fields(&policy),
        file_field: "file",
        max_bytes: upload.size,
        expires_at: until.to_rfc3339(),
    }
}

fn put_ticket(upload: &NewUpload, signer: &S3Signer, until: Timestamp) -> TicketResponse {
    let content_type = upload.key.content_type.as_str();
    let length = upload.size.to_string();
    let url = signer.presign_for_client(&Presign {
        method: Method::Put.as_str(),
        key: &upload.key,
        version: None,
        headers: &[
            ("content-type", content_type),
            ("content-length", length.as_str()),
        ],
        // A signed query parameter binds although the client sends no such header: only the first PUT is stored, and the
        // next one gets 412.
        query: &[("If-None-Match", "*")],
        from: until.before(TICKET_LIFETIME),
        expires_in: TICKET_LIFETIME,
    });
    TicketResponse::Put {
        url,
        // The length is signed but not listed: HTTP clients set it themselves, and wx.request forbids setting it.
        headers: BTreeMap::from([("content-type", content_type)]),
        expires_at: until.to_rfc3339(),
    }
}

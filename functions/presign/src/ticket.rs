//! Tickets: what a phone needs to send one object straight to S3, and nothing but that object.

use serde_json::{Value, json};
use shared::store::upload::{NewUpload, TICKET_LIFETIME};
use shared::time::Timestamp;
use shared::upload::post_policy::PostPolicy;
use shared::upload::signer::{Presign, S3Signer};

/// How the phone will send the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    /// `multipart/form-data`, as `wx.uploadFile` sends it.
    Post,
    /// The bare bytes, as `wx.request` sends an `ArrayBuffer`.
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

/// A ticket for `upload`, good for the five minutes before `until`. The same end gives the same ticket.
pub(crate) fn ticket(
    upload: &NewUpload,
    method: Method,
    signer: &S3Signer,
    until: Timestamp,
) -> Value {
    let from = until.before(TICKET_LIFETIME);
    let expires_at = until.to_rfc3339();
    match method {
        Method::Post => json!({
            "method": method.as_str(),
            "url": signer.post_url(),
            "fields": signer.post_fields(&PostPolicy { key: &upload.key, size: upload.size, from, until }),
            "file_field": "file",
            "max_bytes": upload.size,
            "expires_at": expires_at,
        }),
        Method::Put => {
            let content_type = upload.key.content_type.as_str();
            // The length is signed but not listed: HTTP clients set it themselves, and wx.request forbids setting it.
            let length = upload.size.to_string();
            let headers = [
                ("content-type", content_type),
                ("content-length", length.as_str()),
            ];
            // As a parameter of the signed query it binds without the client's sending a header: only the first PUT is
            // stored, the next one gets 412.
            let only_once = [("If-None-Match", "*")];
            let url = signer.presign_for_client(&Presign {
                method: method.as_str(),
                key: &upload.key,
                version: None,
                headers: &headers,
                query: &only_once,
                from,
                expires_in: TICKET_LIFETIME,
            });
            json!({
                "method": method.as_str(),
                "url": url,
                "headers": {"content-type": content_type},
                "expires_at": expires_at,
            })
        }
    }
}

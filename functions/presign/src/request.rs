//! The bodies of `POST /v1/uploads` and `POST /v1/uploads/batch`.

use std::ops::RangeInclusive;

use http::HeaderMap;
use shared::auth::Caller;
use shared::digest::sha256;
use shared::error::Error;
use shared::http::JsonFields;
use shared::http::body::{self, ValueError};
use shared::ids::{Purpose, UploadId};
use shared::store::upload::{IdempotencyKey, NewUpload};
use shared::upload::content_type::ContentType;
use shared::upload::key::ObjectKey;
use shared::upload::limits::Limits;

use crate::ticket::Method;

/// A batch serves one call of `wx.chooseMedia`, whose `count` goes to 20.
const BATCH_ITEMS: RangeInclusive<usize> = 1..=20;

/// A request for one ticket.
pub(crate) struct TicketRequest {
    pub(crate) purpose: Purpose,
    pub(crate) method: Method,
    content_type: ContentType,
    size: u64,
}

impl TicketRequest {
    /// The requests that the field `items` of a batch lists.
    pub(crate) fn read_batch(fields: &mut JsonFields, limits: &Limits) -> Option<Vec<Self>> {
        fields.list("items", BATCH_ITEMS, |item| Self::read(item, limits))
    }

    pub(crate) fn read(fields: &mut JsonFields, limits: &Limits) -> Option<Self> {
        let content_type = fields.required("content_type", |value| {
            let known: Option<ContentType> = body::text(value)?.parse().ok();
            let allowed = known.filter(|known| limits.allows(*known));
            allowed.ok_or_else(|| ValueError::invalid(format!("must be one of {}", limits.types())))
        });
        let purpose: Option<Purpose> = fields.required("purpose", body::parsed);
        let method = fields.optional("method", body::parsed);
        let max_bytes = limits.max_bytes(purpose.unwrap_or(Purpose::File));
        let size = fields.required("size", |value| match body::whole_number(value)? {
            size if (1..=max_bytes).contains(&size) => Ok(size),
            _ => Err(ValueError::invalid(format!(
                "must be from 1 to {max_bytes} bytes"
            ))),
        });
        Some(Self {
            purpose: purpose?,
            method: method.unwrap_or(Method::Post),
            content_type: content_type?,
            size: size?,
        })
    }

    /// The upload that is asked for, under this id.
    pub(crate) fn to_upload(&self, caller: &Caller, upload: UploadId) -> NewUpload {
        NewUpload {
            key: ObjectKey {
                user: caller.user.clone(),
                upload,
                content_type: self.content_type,
            },
            size: self.size,
        }
    }

    /// Equal for equal requests.
    fn canonical(&self) -> String {
        format!(
            "{} {} {} {}",
            self.content_type.as_str(),
            self.size,
            self.purpose.as_str(),
            self.method.as_str()
        )
    }
}

/// The request's `Idempotency-Key`, if it has one, with a digest of what is asked for. `form` tells the two routes'
/// bodies apart.
pub(crate) fn idempotency_key(
    headers: &HeaderMap,
    form: &str,
    requests: &[TicketRequest],
) -> Result<Option<IdempotencyKey>, Error> {
    let Some(value) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    if !(1..=255).contains(&value.len()) {
        return Err(Error::invalid_field(
            "Idempotency-Key",
            "invalid_value",
            "must have 1 to 255 characters",
        ));
    }
    let lines: Vec<_> = requests.iter().map(TicketRequest::canonical).collect();
    Ok(Some(IdempotencyKey {
        key_hash: sha256(value.as_bytes()),
        request_hash: sha256(format!("{form}{}", lines.join("\n")).as_bytes()),
    }))
}

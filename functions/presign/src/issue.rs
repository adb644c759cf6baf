//! `POST /v1/uploads` and `POST /v1/uploads/batch`: tickets.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use shared::auth::Caller;
use shared::auth::refresh::sha256;
use shared::error::{Code, Error};
use shared::http::JsonFields;
use shared::http::body::{self, ValueError};
use shared::ids::{Purpose, UploadId};
use shared::store::upload::{Idempotency, Issued, NewUpload, Record, Repeated};
use shared::telemetry::{self, Metric};
use shared::time::Timestamp;
use shared::upload::content_type::ContentType;
use shared::upload::key::ObjectKey;
use shared::upload::limits::Limits;

use crate::App;
use crate::response;
use crate::ticket::{Method, ticket};

/// One tap of `wx.chooseMedia`, whose `count` goes to 20.
const MAX_BATCH: usize = 20;

/// A request for one ticket.
struct Request {
    content_type: ContentType,
    size: u64,
    purpose: Purpose,
    method: Method,
}

/// Issues one ticket. With an `Idempotency-Key`, a repeated request gets the same upload.
pub(crate) async fn issue_one(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    mut fields: JsonFields,
) -> Result<(StatusCode, Json<Value>), Error> {
    let request = read(&mut fields, &app.limits);
    let requests = [fields.finish(request)?];
    let idempotency = idempotency(&headers, "", &requests)?;
    let items = issue(&app, &caller, idempotency.as_ref(), &requests).await?;
    let only = items.into_iter().next();
    let only = only.ok_or_else(|| Error::internal("no ticket was issued"))?;
    Ok((StatusCode::CREATED, Json(only)))
}

/// Issues up to twenty tickets, all or none. With an `Idempotency-Key`, the same items in the same order get the same
/// uploads.
pub(crate) async fn issue_batch(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    mut fields: JsonFields,
) -> Result<(StatusCode, Json<Value>), Error> {
    let requests = fields.list("items", 1..=MAX_BATCH, |item| read(item, &app.limits));
    let requests = fields.finish(requests)?;
    let idempotency = idempotency(&headers, "items\n", &requests)?;
    let items = issue(&app, &caller, idempotency.as_ref(), &requests).await?;
    Ok((StatusCode::CREATED, Json(json!({"items": items}))))
}

/// Uploads with their tickets, in the order of the requests.
async fn issue(
    app: &App,
    caller: &Caller,
    idempotency: Option<&Idempotency>,
    requests: &[Request],
) -> Result<Vec<Value>, Error> {
    let now = app.clock.now();
    let uploads: Vec<_> = (0_u32..)
        .zip(requests)
        // Lists show the newest first, and a batch in the order asked for.
        .map(|(at, request)| {
            request.to_upload(app, caller, now.before(Duration::from_millis(at.into())))
        })
        .collect();
    let issued = app
        .store
        .issue_uploads(caller, &uploads, &app.limits, idempotency);
    match issued.await? {
        Issued::New(until) => {
            let pairs = uploads.iter().zip(requests);
            Ok(pairs
                .map(|(new, request)| open(app, new, request.method, until))
                .collect())
        }
        Issued::Repeated(uploads) => {
            let pairs = uploads.into_iter().zip(requests);
            pairs
                .map(|(upload, request)| repeated(app, caller, upload, request))
                .collect()
        }
        Issued::Mismatch => Err(Error::new(Code::IdempotencyMismatch)),
        Issued::Quota(Some(wait)) => Err(Error::new(Code::UploadQuota).retry_after(wait)),
        Issued::Quota(None) => Err(Error::new(Code::UploadQuota)
            .without_retry_after()
            .detail("the stored files take up all of the space: delete some first")),
        Issued::Refused(refusal) => Err(refusal.into()),
    }
}

impl Request {
    fn to_upload(&self, app: &App, caller: &Caller, at: Timestamp) -> NewUpload {
        let upload = UploadId::new(at, self.purpose, caller.epoch, &app.random);
        self.as_upload(caller, upload)
    }

    fn as_upload(&self, caller: &Caller, upload: UploadId) -> NewUpload {
        let key = ObjectKey {
            user: caller.user.clone(),
            upload,
            content_type: self.content_type,
        };
        NewUpload {
            key,
            size: self.size,
        }
    }
}

fn read(fields: &mut JsonFields, limits: &Limits) -> Option<Request> {
    let content_type = fields.required("content_type", |value| {
        let text = body::text(value)?;
        let known = text
            .parse::<ContentType>()
            .ok()
            .filter(|known| limits.allows(*known));
        known.ok_or_else(|| ValueError::invalid(format!("must be one of {}", limits.types())))
    });
    let purpose: Option<Purpose> = fields.required("purpose", body::parsed);
    let method = fields
        .optional("method", body::parsed)
        .unwrap_or(Method::Post);
    let max_bytes = limits.max_bytes(purpose.unwrap_or(Purpose::File));
    let size = fields.required("size", |value| match body::whole_number(value)? {
        size if (1..=max_bytes).contains(&size) => Ok(size),
        _ => Err(ValueError::invalid(format!(
            "must be from 1 to {max_bytes} bytes"
        ))),
    });
    Some(Request {
        content_type: content_type?,
        size: size?,
        purpose: purpose?,
        method,
    })
}

/// What makes a request the same: its key, the `form` of its body, and what it asks for.
fn idempotency(
    headers: &HeaderMap,
    form: &str,
    requests: &[Request],
) -> Result<Option<Idempotency>, Error> {
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
    let lines = requests.iter().map(Request::to_text).collect::<Vec<_>>();
    Ok(Some(Idempotency {
        key: sha256(value.as_bytes()),
        request: sha256(format!("{form}{}", lines.join("\n")).as_bytes()),
    }))
}

impl Request {
    /// What makes two requests the same.
    fn to_text(&self) -> String {
        format!(
            "{} {} {} {}",
            self.content_type.as_str(),
            self.size,
            self.purpose.as_str(),
            self.method.as_str()
        )
    }
}

/// A pending upload with a ticket that ends at `until`.
fn open(app: &App, new: &NewUpload, method: Method, until: Timestamp) -> Value {
    telemetry::count(Metric::Tickets);
    let record = Record::pending(new, until);
    json!({
        "upload": response::upload(&record, &app.links, app.clock.now()),
        "ticket": ticket(new, method, app.links.signer(), until),
    })
}

/// What the first such request was answered with, as far as it still holds. An upload that has its object needs no
/// ticket.
fn repeated(
    app: &App,
    caller: &Caller,
    upload: Repeated,
    request: &Request,
) -> Result<Value, Error> {
    match upload {
        Repeated::Open(upload, until) => {
            let new = request.as_upload(caller, upload);
            Ok(open(app, &new, request.method, until))
        }
        Repeated::Settled(record) => {
            let upload = response::upload(&record, &app.links, app.clock.now());
            Ok(json!({"upload": upload, "ticket": null}))
        }
        Repeated::Gone => Err(Error::new(Code::NotFound)),
    }
}

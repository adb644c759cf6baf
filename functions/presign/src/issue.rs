//! `POST /v1/uploads` and `POST /v1/uploads/batch`: tickets.

use axum::Json;
use axum::extract::State;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use shared::auth::Caller;
use shared::auth::refresh::sha256;
use shared::error::{Code, Error};
use shared::http::Fields;
use shared::http::body::{self, Fault};
use shared::ids::{Purpose, UploadId};
use shared::store::upload::{Idempotency, Issued, NewUpload, State as UploadState};
use shared::telemetry;
use shared::upload::content_type::ContentType;
use shared::upload::key::ObjectKey;
use shared::upload::limits::Limits;

use crate::App;
use crate::answer;
use crate::ticket::{Method, ticket};

/// One tap of `wx.chooseMedia`.
const MAX_BATCH: usize = 9;

/// A request for one ticket.
struct Request {
    content_type: ContentType,
    size: u64,
    purpose: Purpose,
    method: Method,
}

/// Issues one ticket. With an `Idempotency-Key`, a repeated request gets the same upload.
pub(crate) async fn issue_one(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<(StatusCode, Json<Value>), Error> {
    let request = read(&mut fields, &app.limits);
    let request = fields.finish(request)?;
    let idempotency = idempotency(&headers, &request)?;
    let new = request.to_upload(&app, &caller);
    let issued = app.store.issue_uploads(
        &caller,
        std::slice::from_ref(&new),
        &app.limits,
        idempotency.as_ref(),
    );
    match issued.await? {
        Issued::New => Ok((
            StatusCode::CREATED,
            Json(issued_answer(&app, &new, request.method)),
        )),
        Issued::Before(upload) => issued_before(&app, &caller, upload, request.method).await,
        refused => Err(refusal(refused)),
    }
}

/// Issues up to nine tickets, all or none.
pub(crate) async fn issue_batch(
    State(app): State<App>,
    caller: Caller,
    mut fields: Fields,
) -> Result<(StatusCode, Json<Value>), Error> {
    let requests = fields.list("items", 1..=MAX_BATCH, |item| read(item, &app.limits));
    let requests = fields.finish(requests)?;
    let uploads: Vec<_> = requests
        .iter()
        .map(|request| request.to_upload(&app, &caller))
        .collect();
    match app
        .store
        .issue_uploads(&caller, &uploads, &app.limits, None)
        .await?
    {
        Issued::New => {
            let answers = uploads
                .iter()
                .zip(&requests)
                .map(|(new, request)| issued_answer(&app, new, request.method));
            Ok((
                StatusCode::CREATED,
                Json(json!({"items": answers.collect::<Vec<_>>()})),
            ))
        }
        refused => Err(refusal(refused)),
    }
}

impl Request {
    fn to_upload(&self, app: &App, caller: &Caller) -> NewUpload {
        let upload = UploadId::new(app.clock.now(), self.purpose, caller.epoch, &app.random);
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

fn read(fields: &mut Fields, limits: &Limits) -> Option<Request> {
    let content_type = fields.required("content_type", |value| {
        let text = body::text(value)?;
        let known = text
            .parse::<ContentType>()
            .ok()
            .filter(|known| limits.allows(*known));
        known.ok_or_else(|| Fault::invalid(format!("must be one of {}", limits.types())))
    });
    let purpose: Option<Purpose> = fields.required("purpose", body::parsed);
    let method = fields
        .optional("method", body::parsed)
        .unwrap_or(Method::Post);
    let max_bytes = limits.max_bytes(purpose.unwrap_or(Purpose::File));
    let size = fields.required("size", |value| match body::whole_number(value)? {
        size if (1..=max_bytes).contains(&size) => Ok(size),
        _ => Err(Fault::invalid(format!(
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

fn idempotency(headers: &HeaderMap, request: &Request) -> Result<Option<Idempotency>, Error> {
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
    let Request {
        content_type,
        size,
        purpose,
        method,
    } = request;
    let text = format!(
        "{} {size} {} {}",
        content_type.as_str(),
        purpose.as_str(),
        method.as_str()
    );
    Ok(Some(Idempotency {
        key: sha256(value.as_bytes()),
        request: sha256(text.as_bytes()),
    }))
}

fn issued_answer(app: &App, new: &NewUpload, method: Method) -> Value {
    telemetry::count("tickets");
    let now = app.clock.now();
    json!({
        "upload": answer::upload(&answer::pending(new), &app.links, now),
        "ticket": ticket(new, method, app.links.signer(), now),
    })
}

/// The upload of the first such request as it is now. While it is pending there is a ticket for it; later there is
/// nothing left to send.
async fn issued_before(
    app: &App,
    caller: &Caller,
    upload: UploadId,
    method: Method,
) -> Result<(StatusCode, Json<Value>), Error> {
    let record = app.store.upload(caller, upload).await??;
    let record = record.filter(|record| record.state != UploadState::Gone);
    let record = record.ok_or_else(|| Error::new(Code::NotFound))?;
    let now = app.clock.now();
    let new = NewUpload {
        key: record.key.clone(),
        size: record.declared_size,
    };
    let ticket = match record.state {
        UploadState::Pending => ticket(&new, method, app.links.signer(), now),
        _ => Value::Null,
    };
    let answer = json!({"upload": answer::upload(&record, &app.links, now), "ticket": ticket});
    Ok((StatusCode::CREATED, Json(answer)))
}

fn refusal(issued: Issued) -> Error {
    match issued {
        Issued::Mismatch => Error::new(Code::IdempotencyMismatch),
        Issued::Quota(wait) => Error::new(Code::UploadQuota).retry_after(wait),
        Issued::Refused(refusal) => refusal.into(),
        Issued::New | Issued::Before(_) => Error::internal("an issued upload is no refusal"),
    }
}

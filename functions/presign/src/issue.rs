//! `POST /v1/uploads` and `POST /v1/uploads/batch`: tickets.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use http::{HeaderMap, StatusCode};
use shared::api::upload::{IssuedBatchResponse, IssuedUploadResponse, Reader, UploadResponse};
use shared::auth::Caller;
use shared::error::{Code, Error};
use shared::http::JsonFields;
use shared::ids::UploadId;
use shared::store::upload::{
    IdempotencyKey, IssueUploads, IssuedUploads, NewUpload, Record, RepeatedUpload,
};
use shared::telemetry::{self, Metric};
use shared::time::Timestamp;

use crate::App;
use crate::request::{TicketRequest, idempotency_key};
use crate::ticket::{Method, ticket};

/// Issues one ticket. With an `Idempotency-Key`, a repeated request gets the same upload.
pub(crate) async fn issue_one(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    mut fields: JsonFields,
) -> Result<(StatusCode, Json<IssuedUploadResponse>), Error> {
    let request = TicketRequest::read(&mut fields, &app.limits);
    let requests = [fields.finish(request)?];
    let idempotency = idempotency_key(&headers, "", &requests)?;
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
) -> Result<(StatusCode, Json<IssuedBatchResponse>), Error> {
    let requests = TicketRequest::read_batch(&mut fields, &app.limits);
    let requests = fields.finish(requests)?;
    let idempotency = idempotency_key(&headers, "items\n", &requests)?;
    let items = issue(&app, &caller, idempotency.as_ref(), &requests).await?;
    Ok((StatusCode::CREATED, Json(IssuedBatchResponse { items })))
}

/// Uploads with their tickets, in the order of the requests.
async fn issue(
    app: &App,
    caller: &Caller,
    idempotency: Option<&IdempotencyKey>,
    requests: &[TicketRequest],
) -> Result<Vec<IssuedUploadResponse>, Error> {
    let uploads = new_uploads(app, caller, requests);
    let request = IssueUploads {
        owner: caller.actor(),
        uploads: &uploads,
        limits: &app.limits,
        idempotency,
    };
    let issued = app.store.issue_uploads(&request).await;
    match issued? {
        IssuedUploads::New { ticket_until } => Ok(uploads
            .iter()
            .zip(requests)
            .map(|(upload, request)| pending(app, upload, request.method, ticket_until))
            .collect()),
        IssuedUploads::Repeated(uploads) => uploads
            .into_iter()
            .zip(requests)
            .map(|(upload, request)| repeated(app, caller, upload, request))
            .collect(),
    }
}

/// Uploads under new ids. An id sorts by its milliseconds first and lists show the greatest first, so each upload of a
/// batch takes one millisecond less than the one before it: a batch is listed in the order of its request.
fn new_uploads(app: &App, caller: &Caller, requests: &[TicketRequest]) -> Vec<NewUpload> {
    let now = app.clock.now();
    let millis = (0..).map(Duration::from_millis);
    let pairs = requests.iter().zip(millis);
    pairs
        .map(|(request, earlier)| {
            let at = now.before(earlier);
            let id = UploadId::new(at, request.purpose, caller.epoch, &app.random);
            request.to_upload(caller, id)
        })
        .collect()
}

/// A pending upload with a ticket that ends at `until`.
fn pending(app: &App, new: &NewUpload, method: Method, until: Timestamp) -> IssuedUploadResponse {
    telemetry::count(Metric::Tickets);
    let record = Record::pending(new, until);
    IssuedUploadResponse {
        upload: UploadResponse::new(&record, Reader::Owner, &app.links, app.clock.now()),
        ticket: Some(ticket(new, method, app.links.signer(), until)),
    }
}

/// An upload that an earlier request with the same idempotency key created, as it is now.
fn repeated(
    app: &App,
    caller: &Caller,
    upload: RepeatedUpload,
    request: &TicketRequest,
) -> Result<IssuedUploadResponse, Error> {
    match upload {
        RepeatedUpload::Pending { id, ticket_until } => {
            let upload = request.to_upload(caller, id);
            Ok(pending(app, &upload, request.method, ticket_until))
        }
        RepeatedUpload::Settled(record) => Ok(IssuedUploadResponse {
            upload: UploadResponse::new(&record, Reader::Owner, &app.links, app.clock.now()),
            ticket: None,
        }),
        RepeatedUpload::Gone => Err(Error::new(Code::NotFound)),
    }
}

//! The phone's side of a ticket.

use bytes::Bytes;
use http::{HeaderValue, Method, Request};
use serde_json::Value;

const BOUNDARY: &str = "----WxUploadFileBoundary";

/// The request that sends `file` with a ticket, as the API gave it; `None` if it is no ticket.
///
/// A ticket that was tampered with gives the request of a phone that cheats.
pub fn request(ticket: &Value, file: &Bytes) -> Option<Request<Bytes>> {
    match ticket.get("method")?.as_str()? {
        "POST" => post(ticket, file),
        "PUT" => put(ticket, file),
        _ => None,
    }
}

/// As `wx.uploadFile` sends it: the fields, then the file.
fn post(ticket: &Value, file: &Bytes) -> Option<Request<Bytes>> {
    let mut body = Vec::with_capacity(2048 + file.len());
    for (name, value) in ticket.get("fields")?.as_object()? {
        let part = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{}\r\n",
            value.as_str()?
        );
        body.extend_from_slice(part.as_bytes());
    }
    let part = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{}\"; filename=\"tmp_file\"\r\nContent-Type: application/octet-stream\r\n\r\n",
        ticket.get("file_field")?.as_str()?
    );
    body.extend_from_slice(part.as_bytes());
    body.extend_from_slice(file);
    body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    let mut request = to(Method::POST, ticket, body.into())?;
    let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
    let content_type = HeaderValue::from_str(&content_type).ok()?;
    request
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, content_type);
    Some(request)
}

/// As `wx.request` sends an `ArrayBuffer`.
fn put(ticket: &Value, file: &Bytes) -> Option<Request<Bytes>> {
    let mut request = to(Method::PUT, ticket, file.clone())?;
    for (name, value) in ticket.get("headers")?.as_object()? {
        let name: http::HeaderName = name.parse().ok()?;
        let value = HeaderValue::from_str(value.as_str()?).ok()?;
        request.headers_mut().insert(name, value);
    }
    Some(request)
}

fn to(method: Method, ticket: &Value, body: Bytes) -> Option<Request<Bytes>> {
    let length = HeaderValue::from(body.len());
    let request = Request::builder()
        .method(method)
        .uri(ticket.get("url")?.as_str()?);
    request
        .header(http::header::CONTENT_LENGTH, length)
        .body(body)
        .ok()
}

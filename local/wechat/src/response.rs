//! From a request to bytes on the wire, faults included.

use crate::{
    api, content,
    fault::Fault,
    state::{Call, Endpoint, Shared},
};
use axum::{
    body::{Body, Bytes},
    extract::{Query, State},
    http::{
        HeaderMap, Method, StatusCode, Uri,
        header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER},
    },
    response::{IntoResponse, Response},
};
use futures_util::stream::{self, Stream, StreamExt};
use serde_json::Value;
use std::{future, io, sync::Arc, time::Duration, time::SystemTime};
use tokio::time::sleep;

/// Marks a response in whose place the connection is to be closed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dropped;

/// How much an oversized answer carries besides what was asked for.
const PADDING: usize = 20 * 1024;

/// Answers any call that is none of the control API's.
pub(crate) async fn answer(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let call = call(&method, &uri, &headers, &body);
    let fault = {
        let mut state = shared.state();
        state.record(call.clone());
        state.next_fault(call.endpoint)
    };
    match fault {
        None => json(&carry_out(&shared, &call)),
        Some(fault) if fault.replaces_the_answer() => replaced(&fault),
        Some(fault) => mangled(fault, &shared, &call).await,
    }
}

fn call(method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Call {
    Call {
        endpoint: Endpoint::at(uri.path()),
        method: method.to_string(),
        path: uri.path().to_owned(),
        query: Query::try_from_uri(uri)
            .map(|Query(pairs)| pairs)
            .unwrap_or_default(),
        content_type: headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned),
        body: match body.as_ref() {
            b"" => Value::Null,
            bytes => serde_json::from_slice(bytes)
                .unwrap_or_else(|_| String::from_utf8_lossy(bytes).into()),
        },
        at: SystemTime::now(),
    }
}

fn carry_out(shared: &Arc<Shared>, call: &Call) -> Value {
    let answer = api::respond(&mut shared.state(), call);
    if call.endpoint == Endpoint::MediaCheck && answer.is_ok() {
        content::push_verdict_later(shared);
    }
    answer.unwrap_or_else(api::failure)
}

/// The answer of a fault that strikes before the call is carried out.
fn replaced(fault: &Fault) -> Response {
    match fault {
        Fault::Errcode(errcode) => json(&api::failure(*errcode)),
        Fault::ErrcodeAs(errcode) => {
            let mut answer = api::failure(0);
            answer["errcode"] = errcode.clone();
            json(&answer)
        }
        Fault::TooManyRequests(seconds) => {
            let wait = [(RETRY_AFTER, seconds.to_string())];
            (StatusCode::TOO_MANY_REQUESTS, wait, "Too Many Requests").into_response()
        }
        Fault::Status(status) => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, status.to_string()).into_response()
        }
        Fault::Garbage => text(vec![0x1f, 0x8b, 0x00, 0xff, 0xfe, 0x00, 0x80, 0xc3, 0x28]),
        Fault::Html => {
            let page = "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>";
            ([(CONTENT_TYPE, "text/html")], page).into_response()
        }
        _ => text(Vec::new()),
    }
}

/// The answer of a fault that strikes when the call has been carried out, or that lets it through.
async fn mangled(fault: Fault, shared: &Arc<Shared>, call: &Call) -> Response {
    match fault {
        Fault::Delay(duration) => sleep(duration).await,
        Fault::RotateSecret(ref secret) => secret.clone_into(&mut shared.state().app_secret),
        _ => {}
    }
    let mut answer = carry_out(shared, call);
    match fault {
        Fault::Hang => future::pending().await,
        Fault::DropBeforeResponse => {
            let mut response = Response::new(Body::empty());
            response.extensions_mut().insert(Dropped);
            return response;
        }
        Fault::DropMidResponse => return cut_off(answer.to_string().into_bytes()),
        Fault::ByteOrderMark => return text(format!("\u{feff}{answer}").into_bytes()),
        Fault::TruncatedJson => {
            let bytes = answer.to_string().into_bytes();
            return text(bytes[..bytes.len() / 2].to_vec());
        }
        Fault::SlowDrip { bytes, every } => {
            return dripping(answer.to_string().as_bytes(), bytes, every);
        }
        Fault::Oversized => answer["padding"] = "x".repeat(PADDING).into(),
        Fault::MissingField(field) => set(&mut answer, &field, None),
        Fault::SetField { field, value } => set(&mut answer, &field, Some(value)),
        _ => {}
    }
    json(&answer)
}

/// Sets the field at a dotted path, or takes it away. A path that leads nowhere changes nothing.
fn set(answer: &mut Value, path: &str, value: Option<Value>) {
    let (parents, name) = path.rsplit_once('.').unwrap_or(("", path));
    let parent = parents
        .split('.')
        .filter(|part| !part.is_empty())
        .try_fold(answer, |level, part| level.get_mut(part));
    if let Some(Value::Object(fields)) = parent {
        match value {
            Some(value) => fields.insert(name.to_owned(), value),
            None => fields.remove(name),
        };
    }
}

fn json(answer: &Value) -> Response {
    text(answer.to_string().into_bytes())
}

/// WeChat calls its JSON `text/plain`.
fn text(body: Vec<u8>) -> Response {
    ([(CONTENT_TYPE, "text/plain")], body).into_response()
}

fn streamed(
    length: usize,
    pieces: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
) -> Response {
    let headers = [
        (CONTENT_TYPE, "text/plain".to_owned()),
        (CONTENT_LENGTH, length.to_string()),
    ];
    (headers, Body::from_stream(pieces)).into_response()
}

fn cut_off(mut body: Vec<u8>) -> Response {
    let length = body.len();
    body.truncate(length / 2);
    let half = stream::once(future::ready(Ok(Bytes::from(body))));
    let end = stream::once(async {
        // An error straight away would discard the half that is still in the buffer.
        sleep(Duration::from_millis(20)).await;
        Err(io::ErrorKind::ConnectionAborted.into())
    });
    streamed(length, half.chain(end))
}

fn dripping(body: &[u8], bytes: usize, every: Duration) -> Response {
    let pieces: Vec<_> = body
        .chunks(bytes.max(1))
        .map(Bytes::copy_from_slice)
        .collect();
    let drip = stream::iter(pieces).then(move |piece| async move {
        sleep(every).await;
        Ok(piece)
    });
    streamed(body.len(), drip)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_field_is_found_by_its_dotted_path() {
        let mut answer = json!({ "openid": "alice", "phone_info": { "countryCode": "86" } });
        set(&mut answer, "openid", None);
        set(&mut answer, "phone_info.countryCode", Some(json!(86)));
        set(&mut answer, "nowhere.at.all", Some(json!(1)));
        assert_eq!(answer, json!({ "phone_info": { "countryCode": 86 } }));
    }
}

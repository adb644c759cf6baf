//! Whether a response is one that the documentation allows.

use bytes::Bytes;
use http::Response;
use serde_json::Value;

use super::api::Call;
use crate::invariants::Kind;
use crate::reference::Ask;

/// The codes of each status.
const CODES: [(u16, &[&str]); 14] = [
    (
        400,
        &[
            "invalid_json",
            "invalid_request",
            "invalid_cursor",
            "wechat_phone_code_invalid",
        ],
    ),
    (
        401,
        &[
            "unauthorized",
            "login_required",
            "wechat_code_invalid",
            "wechat_code_used",
            "refresh_invalid",
            "refresh_reused",
        ],
    ),
    (
        403,
        &["forbidden", "wechat_user_blocked", "account_disabled"],
    ),
    (404, &["not_found"]),
    (405, &["method_not_allowed"]),
    (
        409,
        &[
            "username_taken",
            "email_taken",
            "user_exists",
            "account_deleting",
        ],
    ),
    (412, &["version_mismatch"]),
    (413, &["body_too_large"]),
    (415, &["unsupported_media_type"]),
    (422, &["idempotency_mismatch"]),
    (
        429,
        &["rate_limited", "wechat_rate_limited", "upload_quota"],
    ),
    (501, &["wechat_not_enabled"]),
    (502, &["wechat_error"]),
    (503, &["wechat_unavailable", "temporarily_unavailable"]),
];
const SESSION: &[&str] = &[
    "access_token",
    "expires_in",
    "is_new",
    "refresh_expires_in",
    "refresh_token",
    "token_type",
    "user",
];
const USER: &[&str] = &[
    "avatar_url",
    "created_at",
    "email",
    "id",
    "nickname",
    "phone",
    "role",
    "status",
    "updated_at",
    "username",
    "version",
];
const STRANGER: &[&str] = &["avatar_url", "id", "nickname"];
const UPLOAD: &[&str] = &[
    "content_type",
    "created_at",
    "download_expires_at",
    "download_url",
    "etag",
    "id",
    "purpose",
    "ready_at",
    "reason",
    "size",
    "status",
];
/// Never in an answer.
const SECRET: [&str; 4] = ["\"openid\"", "\"unionid\"", "session_key", "\"epoch\""];

type Fault = (Kind, String);

/// Everything that is wrong with the response.
pub(super) fn faults(call: &Call, response: &Response<Bytes>, body: &Value) -> Vec<Fault> {
    let status = response.status().as_u16();
    let mut faults = Vec::new();
    if status == 500 {
        faults.push((Kind::ServerError, body.to_string()));
    }
    let mut shape = |fits: bool, what: &str| {
        if !fits {
            faults.push((Kind::ResponseShape, format!("{what}: {status} {body}")));
        }
    };
    let header = |name: &str| {
        response
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    shape(header("x-request-id").is_some(), "x-request-id");
    shape(
        header("x-content-type-options") == Some("nosniff"),
        "x-content-type-options",
    );
    shape(
        status == 304 || header("cache-control") == Some("no-store"),
        "cache-control",
    );
    let text = String::from_utf8_lossy(response.body());
    shape(
        !SECRET.iter().any(|secret| text.contains(secret)),
        "a secret",
    );
    if status >= 400 {
        let wait = header("retry-after").is_some();
        let challenge = header("www-authenticate") == Some("Bearer");
        shape(
            header("content-type") == Some("application/problem+json"),
            "content-type",
        );
        shape(is_problem(status, body), "problem");
        shape(challenge == (status == 401), "www-authenticate");
        shape(wait || !matches!(status, 502 | 503), "retry-after");
    } else {
        shape(is_documented(call, status, body), "body");
    }
    faults
}

fn is_problem(status: u16, body: &Value) -> bool {
    let code = body["code"].as_str().unwrap_or_default();
    let codes = CODES.iter().find(|(of, _)| *of == status);
    let known = codes.is_some_and(|(_, codes)| codes.contains(&code)) || status == 500;
    let texts = ["type", "title", "detail", "request_id"];
    let errors = body.get("errors").is_none_or(Value::is_array);
    known
        && errors
        && body["status"].as_u64() == Some(status.into())
        && texts.iter().all(|name| body[*name].is_string())
}

fn has(body: &Value, fields: &[&str]) -> bool {
    // A map of JSON is sorted by name.
    let names = body.as_object().map(|body| body.keys().map(String::as_str));
    names.is_some_and(|names| names.eq(fields.iter().copied()))
}

fn all(items: &Value, fields: &[&str]) -> bool {
    items
        .as_array()
        .is_some_and(|items| items.iter().all(|item| has(item, fields)))
}

fn is_page(body: &Value) -> bool {
    has(body, &["items", "next_cursor"])
}

fn is_documented(call: &Call, status: u16, body: &Value) -> bool {
    if matches!(status, 204 | 304) {
        return body.is_null();
    }
    match &call.ask {
        Ask::Login { .. } | Ask::Refresh { .. } => {
            status == 200 && has(body, SESSION) && has(&body["user"], USER)
        }
        Ask::Read { .. } => status == 200 && (has(body, USER) || has(body, STRANGER)),
        Ask::Edit { .. } => status == 200 && has(body, USER),
        Ask::Create { .. } => status == 201 && has(body, USER),
        Ask::Issue { .. } => {
            let one =
                |item: &Value| has(item, &["ticket", "upload"]) && has(&item["upload"], UPLOAD);
            let batch = || {
                body["items"]
                    .as_array()
                    .is_some_and(|items| items.iter().all(one))
            };
            status == 201 && (one(body) || has(body, &["items"]) && batch())
        }
        Ask::ReadUpload { .. } => status == 200 && has(body, UPLOAD),
        Ask::ListUploads { .. } => status == 200 && is_page(body) && all(&body["items"], UPLOAD),
        Ask::AdminRead => status == 200 && is_page(body),
        Ask::Other => status == 200 && all(&body["items"], STRANGER),
        Ask::Logout { .. } | Ask::DeleteAccount { .. } | Ask::DeleteUpload { .. } => false,
    }
}

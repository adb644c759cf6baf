//! Errors as a caller sees them: RFC 9457 `application/problem+json` with a stable machine-readable `code`.
//!
//! An [`Error`] travels to the edge inside the response's extensions; the edge logs its source once and renders the
//! body, because only the edge knows the request id. Nothing of the source is ever sent.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Value, json};

/// A row for each code: what it means, its status, its name and its title, and how many seconds a client should wait, for
/// the codes that a wait can fix.
macro_rules! codes {
    ($(#[doc = $doc:literal] $code:ident = $status:literal, $name:literal, $title:literal $(, retry after $wait:literal)?;)+) => {
        /// What went wrong, in the words a client can branch on.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = $doc] $code,)+
        }

        impl Code {
            /// Every code, in the order of the contract's table.
            pub const ALL: &'static [Self] = &[$(Self::$code),+];

            /// Status, name, title, and the wait in seconds; 0 if there is none.
            const fn row(self) -> (u16, &'static str, &'static str, u64) {
                match self {
                    $(Self::$code => ($status, $name, $title, 0 $(+ $wait)?),)+
                }
            }
        }
    };
}

codes! {
    /// The body is not JSON.
    InvalidJson = 400, "invalid_json", "The body is not valid JSON";
    /// A field, a parameter or a header is missing, unknown or out of range; `errors` names it.
    InvalidRequest = 400, "invalid_request", "The request is not valid";
    /// The cursor is damaged, or was made for another caller or filter.
    InvalidCursor = 400, "invalid_cursor", "The cursor is not valid";
    /// WeChat does not know the phone code, or it was used before.
    WechatPhoneCodeInvalid = 400, "wechat_phone_code_invalid", "WeChat refused the phone code";
    /// The access token is missing, malformed, expired or forged; one answer for all.
    Unauthorized = 401, "unauthorized", "A valid access token is required";
    /// There is no account, and the login was not to make one.
    LoginRequired = 401, "login_required", "There is no account: the person has to sign in";
    /// WeChat does not know the login code.
    WechatCodeInvalid = 401, "wechat_code_invalid", "WeChat refused the login code";
    /// The login code was used before.
    WechatCodeUsed = 401, "wechat_code_used", "The login code was used before";
    /// The refresh token is malformed, expired, or its session has ended.
    RefreshInvalid = 401, "refresh_invalid", "The refresh token is not valid";
    /// A refresh token was used twice: its session has been ended.
    RefreshReused = 401, "refresh_reused", "The refresh token was used before";
    /// The caller may not do this.
    Forbidden = 403, "forbidden", "Not allowed";
    /// WeChat considers the person a risk and blocks the login.
    WechatUserBlocked = 403, "wechat_user_blocked", "WeChat blocks this login";
    /// An administrator has disabled the account.
    AccountDisabled = 403, "account_disabled", "The account is disabled";
    /// There is nothing here, or nothing that the caller may know of.
    NotFound = 404, "not_found", "Not found";
    /// The path exists, the method does not; `Allow` lists those that do.
    MethodNotAllowed = 405, "method_not_allowed", "Method not allowed";
    /// Somebody else has the username.
    UsernameTaken = 409, "username_taken", "The username is taken";
    /// Somebody else has the e-mail address.
    EmailTaken = 409, "email_taken", "The e-mail address is taken";
    /// The user to create is there already.
    UserExists = 409, "user_exists", "The user exists already";
    /// The account is being deleted.
    AccountDeleting = 409, "account_deleting", "The account is being deleted";
    /// `If-Match` names an older version.
    VersionMismatch = 412, "version_mismatch", "Somebody changed this in the meantime";
    /// The body is larger than the limit.
    BodyTooLarge = 413, "body_too_large", "The body is too large";
    /// The body's content type is not `application/json`.
    UnsupportedMediaType = 415, "unsupported_media_type", "The body must be application/json";
    /// The idempotency key was used with another body.
    IdempotencyMismatch = 422, "idempotency_mismatch", "The idempotency key was used differently";
    /// Too many requests from one address.
    RateLimited = 429, "rate_limited", "Too many requests", retry after 60;
    /// WeChat limits this person's calls in a minute, or all calls in a day.
    WechatRateLimited = 429, "wechat_rate_limited", "WeChat limits the number of calls", retry after 60;
    /// Too many pending uploads, or too many today.
    UploadQuota = 429, "upload_quota", "Too many uploads", retry after 60;
    /// A fault of ours.
    Internal = 500, "internal", "Something went wrong on our side";
    /// WeChat refuses our app id or secret: the operator has to fix the configuration.
    WechatConfig = 500, "wechat_config", "The server's WeChat configuration is wrong";
    /// The mini-program's account lacks the permission at WeChat.
    WechatNotEnabled = 501, "wechat_not_enabled", "The mini-program lacks a permission at WeChat";
    /// WeChat answered something unexpected.
    WechatError = 502, "wechat_error", "WeChat answered unexpectedly", retry after 1;
    /// WeChat is not to be reached, or busy.
    WechatUnavailable = 503, "wechat_unavailable", "WeChat is not available", retry after 1;
    /// A service behind us is overloaded or not to be reached.
    TemporarilyUnavailable = 503, "temporarily_unavailable", "Temporarily unavailable", retry after 1;
}

impl Code {
    /// The HTTP status that goes with the code.
    pub fn status(self) -> StatusCode {
        StatusCode::from_u16(self.row().0).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The code as it stands in a body.
    pub const fn as_str(self) -> &'static str {
        self.row().1
    }

    /// The title as it stands in a body.
    pub const fn title(self) -> &'static str {
        self.row().2
    }

    /// How long a client should wait, for the codes that a wait can fix.
    const fn default_retry_after(self) -> Option<Duration> {
        match self.row().3 {
            0 => None,
            secs => Some(Duration::from_secs(secs)),
        }
    }
}

/// One fault of one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The field's path in the body, or the parameter's or header's name.
    pub field: String,
    /// What is wrong, for machines: `required`, `unknown_field`, `invalid_type`, `invalid_value`, …
    pub code: &'static str,
    /// What is wrong, for people.
    pub message: Cow<'static, str>,
}

impl FieldError {
    /// A fault of `field`.
    pub fn new(
        field: impl Into<String>,
        code: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            field: field.into(),
            code,
            message: message.into(),
        }
    }
}

type Source = Box<dyn std::error::Error + Send + Sync>;

/// An answer that is not the one the caller hoped for.
#[derive(Debug)]
pub struct Error {
    code: Code,
    detail: Option<Cow<'static, str>>,
    fields: Vec<FieldError>,
    retry_after: Option<Duration>,
    source: Option<Source>,
}

impl Error {
    /// An error of this kind with its default wait.
    pub fn new(code: Code) -> Self {
        Self {
            code,
            detail: None,
            fields: Vec::new(),
            retry_after: code.default_retry_after(),
            source: None,
        }
    }

    /// A validation error; `fields` says what is wrong with what.
    pub fn invalid(fields: Vec<FieldError>) -> Self {
        Self {
            fields,
            ..Self::new(Code::InvalidRequest)
        }
    }

    /// A validation error of a single field.
    pub fn invalid_field(
        field: impl Into<String>,
        code: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::invalid(vec![FieldError::new(field, code, message)])
    }

    /// A fault of ours, with its cause for the log.
    pub fn internal(source: impl Into<Source>) -> Self {
        Self::new(Code::Internal).caused_by(source)
    }

    /// Adds a sentence for people. It is sent: nothing internal belongs here.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Sets how long the client should wait.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// The error without `Retry-After`: time alone makes nothing better.
    #[must_use]
    pub const fn without_retry_after(mut self) -> Self {
        self.retry_after = None;
        self
    }

    /// Adds the cause, which is logged and never sent.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Source>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The code that the response will carry.
    pub fn code(&self) -> Code {
        self.code
    }

    /// The wait in whole seconds, at least one, if the code has one.
    pub fn retry_after_secs(&self) -> Option<u64> {
        self.retry_after.map(|wait| {
            wait.as_millis()
                .div_ceil(1000)
                .try_into()
                .unwrap_or(u64::MAX)
                .max(1)
        })
    }

    /// The RFC 9457 body.
    pub fn body(&self, request_id: &str) -> Value {
        let mut body = json!({
            "type": "about:blank",
            "title": self.code.title(),
            "status": self.code.status().as_u16(),
            "detail": self.detail.as_deref().unwrap_or(self.code.title()),
            "code": self.code.as_str(),
            "request_id": request_id,
        });
        if !self.fields.is_empty() {
            let fault =
                |f: &FieldError| json!({"field": f.field, "code": f.code, "message": f.message});
            body["errors"] = self.fields.iter().map(fault).collect();
        }
        body
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.as_str())?;
        self.fields
            .iter()
            .try_for_each(|fault| write!(f, "; {}: {}", fault.field, fault.code))
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn std::error::Error + 'static))
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let mut response = self.code.status().into_response();
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn codes_are_distinct_and_their_statuses_are_errors() {
        let names: HashSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        for code in Code::ALL {
            assert!(code.status().as_u16() >= 400, "{}", code.as_str());
        }
    }

    #[test]
    fn the_body_names_the_field_and_hides_the_source() {
        let error =
            Error::invalid_field("size", "invalid_type", "must be a number").caused_by("secret");
        let body = error.body("r-1");
        assert_eq!(body["errors"][0]["field"], "size");
        assert_eq!(body["status"], 400);
        assert_eq!(body["request_id"], "r-1");
        assert!(!body.to_string().contains("secret"));
    }

    #[test]
    fn waits_are_whole_seconds_and_never_zero() {
        let wait = |ms| {
            Error::new(Code::RateLimited)
                .retry_after(Duration::from_millis(ms))
                .retry_after_secs()
        };
        assert_eq!(wait(0), Some(1));
        assert_eq!(wait(1001), Some(2));
        assert_eq!(Error::new(Code::NotFound).retry_after_secs(), None);
    }
}

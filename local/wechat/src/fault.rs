//! What can go wrong, and how each fault is written in JSON.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// A way for a call to go wrong.
///
/// A fault that loses or cuts the answer strikes after the call was carried out: the code is used up, as with the real
/// API, so that a client which repeats the call gets 40163. A fault that replaces the answer strikes before it and
/// leaves the code unused.
///
/// In JSON a fault without a value is its name, one with a value an object:
///
/// ```
/// # use wechat_standin::Fault;
/// # use std::time::Duration;
/// for (json, fault) in [
///     (r#""hang""#, Fault::Hang),
///     (r#"{"errcode":45011}"#, Fault::Errcode(45011)),
///     (r#"{"errcode_as":"40029"}"#, Fault::ErrcodeAs("40029".into())),
///     (r#"{"status":503}"#, Fault::Status(503)),
///     (r#"{"too_many_requests":7}"#, Fault::TooManyRequests(7)),
///     (r#""byte_order_mark""#, Fault::ByteOrderMark),
///     (r#"{"missing_field":"openid"}"#, Fault::MissingField("openid".to_owned())),
///     (r#"{"delay_ms":300}"#, Fault::Delay(Duration::from_millis(300))),
///     (r#"{"slow_drip":{"bytes":1,"every_ms":50}}"#, Fault::SlowDrip { bytes: 1, every: Duration::from_millis(50) }),
/// ] {
///     assert_eq!(serde_json::from_str::<Fault>(json).unwrap(), fault);
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// Answers this errcode instead.
    Errcode(i64),
    /// Answers an errcode written in this way instead: as text, or with a fraction.
    ErrcodeAs(Value),
    /// Answers this HTTP status with a page of text instead.
    Status(u16),
    /// Answers HTTP 429 instead, with so many seconds in `Retry-After`, as a gateway in between does.
    TooManyRequests(u64),
    /// Answers bytes that are no text instead.
    Garbage,
    /// Answers an HTML page instead, as a proxy in between does.
    Html,
    /// Answers an empty body instead.
    Empty,
    /// Carries the call out and never answers.
    Hang,
    /// Carries the call out and closes the connection without an answer.
    DropBeforeResponse,
    /// Carries the call out and closes the connection in the middle of the answer.
    DropMidResponse,
    /// Carries the call out and puts a byte-order mark before the answer.
    ByteOrderMark,
    /// Carries the call out and ends the body in the middle, as if it were complete.
    TruncatedJson,
    /// Carries the call out and sends the answer in pieces.
    SlowDrip {
        /// Bytes in a piece.
        bytes: usize,
        /// Time before each piece; `every_ms` in JSON.
        #[serde(rename = "every_ms", with = "milliseconds")]
        every: Duration,
    },
    /// Carries the call out and answers correct JSON of more than 16 KB.
    Oversized,
    /// Carries the call out and takes a field (`openid`, `phone_info.countryCode`) out of the answer.
    MissingField(String),
    /// Carries the call out and gives a field of the answer another value.
    SetField {
        /// The field, with dots between the levels.
        field: String,
        /// Its value.
        value: Value,
    },
    /// Waits, then answers as usual; `delay_ms` in JSON.
    #[serde(rename = "delay_ms", with = "milliseconds")]
    Delay(Duration),
    /// Replaces the app secret just before the call is judged, which then meets the new one.
    RotateSecret(String),
    /// Closes the next connection as soon as it is accepted, before anything is read.
    ///
    /// To a client this looks like a lost answer; [`refuse_connections`](crate::Wechat::refuse_connections) is what it
    /// knows to be a failure to connect.
    RejectConnection,
}

impl Fault {
    /// Takes a field out of the answer.
    pub fn missing(field: &str) -> Self {
        Self::MissingField(field.to_owned())
    }

    /// Gives a field of the answer another value.
    pub fn set(field: &str, value: impl Into<Value>) -> Self {
        Self::SetField {
            field: field.to_owned(),
            value: value.into(),
        }
    }

    /// Says why the values of a fault make no sense, if they do not.
    pub(crate) fn complaint(&self) -> Option<&'static str> {
        match self {
            Self::Status(status) if !(200..=599).contains(status) => {
                Some("status must be between 200 and 599")
            }
            Self::SlowDrip { bytes: 0, .. } => Some("slow_drip needs at least 1 byte a piece"),
            Self::MissingField(field) | Self::SetField { field, .. } if field.is_empty() => {
                Some("the field has no name")
            }
            Self::ErrcodeAs(errcode) if !(errcode.is_string() || errcode.is_number()) => {
                Some("errcode_as is text or a number")
            }
            Self::RotateSecret(secret) if secret.is_empty() => Some("the secret is empty"),
            _ => None,
        }
    }

    /// Whether the fault strikes before the call is carried out, which leaves its code unused.
    pub(crate) fn replaces_the_answer(&self) -> bool {
        matches!(
            self,
            Self::Errcode(_)
                | Self::ErrcodeAs(_)
                | Self::Status(_)
                | Self::TooManyRequests(_)
                | Self::Garbage
                | Self::Html
                | Self::Empty
        )
    }
}

mod milliseconds {
    use serde::{Deserialize, Deserializer, Serializer};
    use std::time::Duration;

    pub(super) fn serialize<S: Serializer>(
        duration: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}

//! Request bodies, read field by field, so that one answer names every fault.

use std::borrow::Cow;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Map, Value};

use crate::error::{Code, Error, FieldError};
use crate::http::{json, media_type, query};
use crate::patch::Patch;

/// The largest body that is read, in bytes.
pub const BODY_LIMIT: usize = 64 * 1024;

/// How many faults an answer lists.
pub(super) const MAX_FIELD_ERRORS: usize = 50;

/// What is wrong with one value: a code for machines and a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueError(pub &'static str, pub Cow<'static, str>);

impl ValueError {
    /// The value is of the right type, but not one that can be taken.
    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self("invalid_value", message.into())
    }

    fn wrong_type(message: &'static str) -> Self {
        Self("invalid_type", message.into())
    }
}

/// A JSON object whose fields are taken one by one. Those left at the end are unknown, and refused.
///
/// As an extractor it refuses query parameters, checks content type and size, and takes an empty body for an empty object
/// only where [`OptionalJsonFields`] is asked for.
#[derive(Debug, Default)]
pub struct JsonFields {
    prefix: String,
    map: Map<String, Value>,
    faults: Vec<FieldError>,
}

impl JsonFields {
    /// Reads a JSON object, before which a byte order mark may stand.
    ///
    /// # Errors
    /// `invalid_json` if it is not JSON, `invalid_request` if it is JSON of another type.
    pub fn parse(json: &[u8]) -> Result<Self, Error> {
        match json::parse(json.strip_prefix(json::BYTE_ORDER_MARK).unwrap_or(json)) {
            Ok((Value::Object(map), faults)) => Ok(Self {
                map,
                faults,
                ..Self::default()
            }),
            Ok(_) => Err(Error::new(Code::InvalidRequest).detail("the body must be a JSON object")),
            Err(fault) => Err(Error::new(Code::InvalidJson).detail(format!(
                "not JSON at line {}, column {}",
                fault.line(),
                fault.column()
            ))),
        }
    }

    /// A field that must be there.
    pub fn required<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(Value) -> Result<T, ValueError>,
    ) -> Option<T> {
        match self.map.remove(name) {
            None | Some(Value::Null) => {
                self.reject(name, ValueError("required", "is required".into()))
            }
            Some(value) => self.checked(name, parse(value)),
        }
    }

    /// A field that may be absent or `null`.
    pub fn optional<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(Value) -> Result<T, ValueError>,
    ) -> Option<T> {
        match self.map.remove(name) {
            None | Some(Value::Null) => None,
            Some(value) => self.checked(name, parse(value)),
        }
    }

    /// A field that can be kept, cleared or set. `None` after a fault.
    pub fn patch<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(Value) -> Result<T, ValueError>,
    ) -> Option<Patch<T>> {
        match self.map.remove(name) {
            None => Some(Patch::Keep),
            Some(Value::Null) => Some(Patch::Clear),
            Some(value) => self.checked(name, parse(value)).map(Patch::Set),
        }
    }

    /// A list of objects, each read by `read`. `None` after a fault.
    pub fn list<T>(
        &mut self,
        name: &str,
        length: std::ops::RangeInclusive<usize>,
        mut read: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        let bounds = format!(
            "must be a list of {} to {} objects",
            length.start(),
            length.end()
        );
        let values = match self.required(name, Ok)? {
            Value::Array(values) if length.contains(&values.len()) => values,
            Value::Array(_) => return self.reject(name, ValueError::invalid(bounds)),
            _ => return self.reject(name, ValueError("invalid_type", bounds.into())),
        };
        let items = values.into_iter().enumerate().map(|(i, value)| {
            let Value::Object(map) = value else {
                return self.reject(
                    &format!("{name}[{i}]"),
                    ValueError::wrong_type("must be an object"),
                );
            };
            let mut item = Self {
                prefix: format!("{}{name}[{i}].", self.prefix),
                map,
                faults: Vec::new(),
            };
            let parsed = read(&mut item);
            self.faults.extend(item.into_errors());
            parsed
        });
        // Every item is read, so that every fault is reported; only then does one fault spoil the list.
        items.collect::<Vec<_>>().into_iter().collect()
    }

    /// Adds a field; gives the one that it replaces.
    pub(super) fn insert(&mut self, name: &str, value: Value) -> Option<Value> {
        self.map.insert(name.to_owned(), value)
    }

    /// Notes a fault of a field.
    pub fn reject<T>(&mut self, name: &str, fault: ValueError) -> Option<T> {
        let field = format!("{}{name}", self.prefix);
        // What was wrong with its text comes first, and may be all that is wrong with its value.
        if self.faults.iter().all(|known| known.field != field) {
            self.faults.push(FieldError::new(field, fault.0, fault.1));
        }
        None
    }

    /// Whether there is a field of that name which was not taken yet.
    pub fn has(&self, name: &str) -> bool {
        self.map.contains_key(name)
    }

    /// Ends reading: `value` is what was made of the fields, and is there when none had a fault.
    ///
    /// # Errors
    /// `invalid_request` that names every faulty and every unknown field.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, Error> {
        let faults = self.into_errors();
        match value {
            Some(value) if faults.is_empty() => Ok(value),
            _ => Err(Error::invalid(faults)),
        }
    }

    fn into_errors(self) -> Vec<FieldError> {
        let unknown = self.map.keys().map(|name| {
            let name = format!("{}{}", self.prefix, clipped(name));
            FieldError::new(name, "unknown_field", "is not a field of this request")
        });
        // The client's own text comes back to it, but not without end.
        self.faults
            .into_iter()
            .chain(unknown)
            .take(MAX_FIELD_ERRORS)
            .collect()
    }

    fn checked<T>(&mut self, name: &str, parsed: Result<T, ValueError>) -> Option<T> {
        parsed.map_or_else(|fault| self.reject(name, fault), Some)
    }
}

/// Reads a JSON string.
///
/// # Errors
/// If the value is of another type.
pub fn text(value: Value) -> Result<String, ValueError> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err(ValueError::wrong_type("must be a string")),
    }
}

/// Reads a JSON string as `T` reads it.
///
/// # Errors
/// If the value is of another type, or `T` refuses it.
pub fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(value: Value) -> Result<T, ValueError> {
    text_as(value, str::parse)
}

/// Reads a JSON string as `parse` does.
///
/// # Errors
/// If the value is of another type, or `parse` refuses it.
pub fn text_as<T, E: std::fmt::Display>(
    value: Value,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, ValueError> {
    parse(&text(value)?).map_err(|reason| ValueError::invalid(reason.to_string()))
}

/// Reads a JSON boolean.
///
/// # Errors
/// If the value is of another type.
pub fn boolean(value: Value) -> Result<bool, ValueError> {
    value
        .as_bool()
        .ok_or(ValueError::wrong_type("must be true or false"))
}

/// Reads a whole JSON number that is not negative: JSON has one type of numbers, so `68.0` is one, and `6.8e1` too. One
/// beyond 64 bits becomes the largest.
///
/// # Errors
/// If the value is of another type.
pub fn whole_number(value: Value) -> Result<u64, ValueError> {
    let with_point = || {
        let number = value.as_f64()?;
        // A conversion between floating point and integer saturates.
        (number.fract() == 0.0 && number >= 0.0).then_some(number as u64)
    };
    value
        .as_u64()
        .or_else(with_point)
        .ok_or(ValueError::wrong_type("must be a whole number"))
}

/// Reads the `limit` of a page from a query: 1 to 100.
///
/// # Errors
/// If it is anything else.
pub fn page_limit(value: Value) -> Result<usize, ValueError> {
    // Written as in JSON, but without the white space that may stand around a value there.
    let text = text(value)?;
    let number = serde_json::from_str(&text)
        .ok()
        .filter(|_| !text.contains(char::is_whitespace));
    match number.map(whole_number) {
        Some(Ok(limit @ 1..=100)) => Ok(limit as usize),
        _ => Err(ValueError::invalid("must be a whole number from 1 to 100")),
    }
}

impl<S: Sync> FromRequest<S> for JsonFields {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Self, Error> {
        Self::parse(&read_json(request).await?)
    }
}

/// [`JsonFields`] of a body that may be left out.
#[derive(Debug)]
pub struct OptionalJsonFields(pub JsonFields);

impl<S: Sync> FromRequest<S> for OptionalJsonFields {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Self, Error> {
        let bytes = read_json(request).await?;
        if bytes.is_empty() {
            return Ok(Self(JsonFields::default()));
        }
        JsonFields::parse(&bytes).map(Self)
    }
}

/// A body whose form another server defines, and with it its content type and the query.
#[derive(Debug)]
pub struct OpaqueBody(pub Vec<u8>);

impl<S: Sync> FromRequest<S> for OpaqueBody {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Self, Error> {
        read(request.into_body()).await.map(Self)
    }
}

/// A name as far as it is worth sending back.
pub(super) fn clipped(name: &str) -> String {
    name.chars().take(64).collect()
}

/// The body of a request without a query. What an empty one is said to be does not matter: API Gateway says something
/// where the client said nothing.
async fn read_json(request: Request) -> Result<Vec<u8>, Error> {
    query::refuse_all(request.uri())?;
    let declared = media_type::check(request.headers());
    let bytes = read(request.into_body()).await?;
    if !bytes.is_empty() {
        declared?;
    }
    Ok(bytes)
}

async fn read(body: Body) -> Result<Vec<u8>, Error> {
    match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(bytes) => Ok(bytes.to_bytes().into()),
        Err(fault) if fault.is::<LengthLimitError>() => {
            Err(Error::new(Code::BodyTooLarge).detail("a body may have up to 64 KB"))
        }
        Err(fault) => Err(Error::new(Code::InvalidRequest)
            .detail("the body could not be read")
            .caused_by(fault)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(error: &Error) -> Vec<(String, String)> {
        let body = error.body("r");
        let faults = body["errors"].as_array().cloned().unwrap_or_default();
        faults
            .iter()
            .map(|f| {
                (
                    f["field"].as_str().unwrap().into(),
                    f["code"].as_str().unwrap().into(),
                )
            })
            .collect()
    }

    #[test]
    fn all_faults_are_named_together() {
        let mut fields = JsonFields::parse(
            br#"{"size":"1","extra":1,"items":[{"size":2},{"size":false,"x":0},3]}"#,
        )
        .unwrap();
        let size = fields.required("size", whole_number);
        let code = fields.required("code", text);
        let items = fields.list("items", 1..=9, |item| item.required("size", whole_number));
        assert_eq!((size, code.as_deref(), &items), (None, None, &None));
        let mut named = names(&fields.finish(items).unwrap_err());
        named.sort();
        let expected = [
            ("code", "required"),
            ("extra", "unknown_field"),
            ("items[1].size", "invalid_type"),
            ("items[1].x", "unknown_field"),
            ("items[2]", "invalid_type"),
            ("size", "invalid_type"),
        ];
        assert_eq!(named, expected.map(|(f, c)| (f.to_owned(), c.to_owned())));
    }

    #[test]
    fn what_json_leaves_open_is_decided() {
        assert!(JsonFields::parse("\u{feff}{}".as_bytes()).is_ok());
        for (json, expected) in [
            (r#"{"code":"a","code":"b"}"#, ("code", "duplicate_field")),
            (r#"{"code":"\ud800"}"#, ("code", "invalid_value")),
            (
                r#"{"code":"a","x":{"y":1,"y":1}}"#,
                ("x.y", "duplicate_field"),
            ),
        ] {
            let mut fields = JsonFields::parse(json.as_bytes()).unwrap();
            let code = fields.required("code", text);
            let error = fields.finish(code).unwrap_err();
            assert_eq!(
                names(&error)[0],
                (expected.0.to_owned(), expected.1.to_owned()),
                "{json}"
            );
        }
    }

    #[test]
    fn a_whole_number_may_be_written_with_a_point() {
        for (json, expected) in [
            ("68", Some(68)),
            ("68.0", Some(68)),
            ("6.8e1", Some(68)),
            ("-0", Some(0)),
            ("1e300", Some(u64::MAX)),
            ("68.5", None),
            ("-1.0", None),
            ("-1", None),
            ("\"68\"", None),
            ("true", None),
        ] {
            let value = serde_json::from_str(json).unwrap();
            assert_eq!(whole_number(value).ok(), expected, "{json}");
        }
        for (text, expected) in [
            ("20", Some(20)),
            ("20.0", Some(20)),
            ("100", Some(100)),
            ("0", None),
            ("101", None),
            (" 20", None),
            ("20\n", None),
            ("+20", None),
            ("020", None),
            ("", None),
            ("null", None),
        ] {
            assert_eq!(page_limit(text.into()).ok(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_patch_tells_absent_from_null() {
        let mut fields = JsonFields::parse(br#"{"a":null,"b":"x"}"#).unwrap();
        assert_eq!(fields.patch("a", text), Some(Patch::Clear));
        assert_eq!(fields.patch("b", text), Some(Patch::Set("x".to_owned())));
        assert_eq!(fields.patch("c", text), Some(Patch::Keep));
        assert!(fields.finish(Some(())).is_ok());
    }

    #[test]
    fn what_is_no_object_is_refused_without_a_panic() {
        let deep = "[".repeat(100_000);
        for (json, code) in [
            ("", Code::InvalidJson),
            ("{", Code::InvalidJson),
            (deep.as_str(), Code::InvalidJson),
            ("\u{feff}", Code::InvalidJson),
            ("\u{feff}\u{feff}{}", Code::InvalidJson),
            ("[]", Code::InvalidRequest),
            ("null", Code::InvalidRequest),
        ] {
            assert_eq!(JsonFields::parse(json.as_bytes()).unwrap_err().code(), code);
        }
        assert_eq!(
            JsonFields::parse(b"{\"a\":\"\xff\"}").unwrap_err().code(),
            Code::InvalidJson
        );
    }
}

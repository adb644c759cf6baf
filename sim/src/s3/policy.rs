//! POST policies.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html>

use data_encoding::BASE64;
use serde::Deserialize;
use serde_json::Value;

use super::answer::Error;
use super::form::Form;
use super::text::parse_rfc3339;

/// What a policy allows.
#[derive(Debug)]
pub(super) struct Policy {
    expiration: i64,
    conditions: Vec<Condition>,
}

#[derive(Debug)]
enum Condition {
    Equals { field: String, value: String },
    StartsWith { field: String, prefix: String },
    Length { min: usize, max: usize },
}

#[derive(Deserialize)]
struct Document {
    expiration: String,
    conditions: Vec<Value>,
}

impl Policy {
    pub(super) fn parse(encoded: &str) -> Result<Self, Error> {
        let invalid = |reason: &str| {
            Error::new(
                400,
                "InvalidPolicyDocument",
                format!("Invalid Policy: {reason}"),
            )
        };
        let json = BASE64.decode(encoded.as_bytes());
        let json = json.map_err(|_| invalid("Invalid Base64 encoding."))?;
        let document: Document =
            serde_json::from_slice(&json).map_err(|_| invalid("Invalid JSON."))?;
        let expiration = parse_rfc3339(&document.expiration)
            .ok_or_else(|| invalid("Invalid 'expiration' value."))?;
        let conditions = document.conditions.iter().map(Condition::parse);
        Ok(Self {
            expiration,
            conditions: conditions
                .collect::<Option<_>>()
                .ok_or_else(|| invalid("Invalid 'conditions' value: must be a List."))?,
        })
    }

    /// Whether the form may be sent at `now`, its file aside.
    pub(super) fn check(&self, form: &Form, bucket: &str, now: i64) -> Result<(), Error> {
        if now > self.expiration {
            return Err(refused("Policy expired."));
        }
        for condition in &self.conditions {
            if !condition.holds(form, bucket) {
                return Err(refused(&format!("Policy Condition failed: {condition}")));
            }
        }
        let uncovered = form.fields.iter().find(|(name, _)| !self.covers(name));
        match uncovered {
            None => Ok(()),
            Some((name, _)) => Err(refused(&format!("Extra input fields: {name}"))),
        }
    }

    /// Each field must be in a condition, but for a few.
    fn covers(&self, name: &str) -> bool {
        let is_exempt =
            matches!(name, "x-amz-signature" | "file" | "policy") || name.starts_with("x-ignore-");
        is_exempt
            || self
                .conditions
                .iter()
                .any(|condition| condition.field() == Some(name))
    }

    pub(super) fn check_size(&self, size: usize) -> Result<(), Error> {
        for condition in &self.conditions {
            let Condition::Length { min, max } = condition else {
                continue;
            };
            let (code, message, name, limit) = if size < *min {
                let message = "Your proposed upload is smaller than the minimum allowed size";
                ("EntityTooSmall", message, "MinSizeAllowed", min)
            } else if size > *max {
                let message = "Your proposed upload exceeds the maximum allowed size";
                ("EntityTooLarge", message, "MaxSizeAllowed", max)
            } else {
                continue;
            };
            let error = Error::new(400, code, message).with("ProposedSize", &size.to_string());
            return Err(error.with(name, &limit.to_string()));
        }
        Ok(())
    }
}

impl Condition {
    fn parse(condition: &Value) -> Option<Self> {
        if let Some(object) = condition.as_object() {
            let (field, value) = object.iter().next().filter(|_| object.len() == 1)?;
            return Some(Self::Equals {
                field: field.to_ascii_lowercase(),
                value: value.as_str()?.to_owned(),
            });
        }
        let [operator, first, second] = condition.as_array()?.as_slice() else {
            return None;
        };
        let operator = operator.as_str()?.to_ascii_lowercase();
        if operator == "content-length-range" {
            return Some(Self::Length {
                min: number(first)?,
                max: number(second)?,
            });
        }
        let field = first.as_str()?.strip_prefix('$')?.to_ascii_lowercase();
        let value = second.as_str()?.to_owned();
        match operator.as_str() {
            "eq" => Some(Self::Equals { field, value }),
            "starts-with" => Some(Self::StartsWith {
                field,
                prefix: value,
            }),
            _ => None,
        }
    }

    fn field(&self) -> Option<&str> {
        match self {
            Self::Equals { field, .. } | Self::StartsWith { field, .. } => Some(field),
            Self::Length { .. } => None,
        }
    }

    fn holds(&self, form: &Form, bucket: &str) -> bool {
        let actual = match self.field() {
            // It is in the address, not in the form.
            Some("bucket") => Some(bucket),
            Some(name) => form.field(name),
            None => return true,
        };
        match self {
            Self::Equals { value, .. } => actual == Some(value),
            Self::StartsWith { prefix, .. } => actual.unwrap_or_default().starts_with(prefix),
            Self::Length { .. } => true,
        }
    }
}

impl std::fmt::Display for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Equals { field, value } => write!(f, "[\"eq\", \"${field}\", \"{value}\"]"),
            Self::StartsWith { field, prefix } => {
                write!(f, "[\"starts-with\", \"${field}\", \"{prefix}\"]")
            }
            Self::Length { min, max } => write!(f, "[\"content-length-range\", {min}, {max}]"),
        }
    }
}

/// Some write the sizes as text.
fn number(value: &Value) -> Option<usize> {
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok())?;
    usize::try_from(number).ok()
}

fn refused(reason: &str) -> Error {
    Error::new(
        403,
        "AccessDenied",
        format!("Invalid according to Policy: {reason}"),
    )
}

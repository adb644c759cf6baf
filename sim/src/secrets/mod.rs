//! A model of Secrets Manager: secrets that are rotated.
//! <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html>

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::aws_json::{JSON_1_1, respond};

/// Secrets by their names.
#[derive(Clone, Debug, Default)]
pub struct SecretsManager {
    secrets: BTreeMap<String, Secret>,
}

/// A secret's values, the oldest first; none if nobody has put one in.
#[derive(Clone, Debug, Default)]
struct Secret {
    values: Vec<Version>,
}

#[derive(Clone, Debug)]
struct Version {
    text: String,
    created_at: i64,
}

struct Error(&'static str, &'static str);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetSecretValue {
    secret_id: String,
    version_id: Option<String>,
    version_stage: Option<String>,
}

impl SecretsManager {
    /// No secret yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes `text` the current value of the secret, which is created if there is none of that name.
    pub fn rotate(&mut self, name: &str, text: &str, now: i64) {
        let secret = self.secrets.entry(name.to_owned()).or_default();
        secret.values.push(Version {
            text: text.to_owned(),
            created_at: now,
        });
    }

    /// The current value.
    pub fn current(&self, name: &str) -> Option<&str> {
        let version = self.secrets.get(name)?.values.last()?;
        Some(&version.text)
    }

    /// Answers a request at once.
    pub fn call(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let target = request.headers().get("x-amz-target");
        let answer = match target.map(HeaderValue::as_bytes) {
            Some(b"secretsmanager.GetSecretValue") => self.get_secret_value(request.body()),
            _ => Err(Error("UnknownOperationException", "")),
        };
        match answer {
            Ok(answer) => respond(JSON_1_1, 200, answer.to_string()),
            Err(Error(code, message)) => respond(
                JSON_1_1,
                400,
                json!({"__type": code, "Message": message}).to_string(),
            ),
        }
    }

    fn get_secret_value(&self, body: &[u8]) -> Result<Value, Error> {
        let request: GetSecretValue = serde_json::from_slice(body)
            .map_err(|_| Error("SerializationException", "The request is not valid JSON."))?;
        let not_found = |message| Error("ResourceNotFoundException", message);
        let (name, secret) = self.find(&request.secret_id).ok_or(not_found(
            "Secrets Manager can't find the specified secret.",
        ))?;
        let (at, version) = secret.version(&request).ok_or(not_found(
            "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
        ))?;
        Ok(json!({
            "ARN": arn(name),
            "CreatedDate": version.created_at as f64 / 1000.0,
            "Name": name,
            "SecretString": version.text,
            "VersionId": version_id(at),
            "VersionStages": secret.stage(at).into_iter().collect::<Vec<_>>(),
        }))
    }

    /// By name or by ARN.
    fn find(&self, id: &str) -> Option<(&str, &Secret)> {
        let mut secrets = self.secrets.iter();
        let found = secrets.find(|(name, _)| *name == id || arn(name) == id);
        found.map(|(name, secret)| (name.as_str(), secret))
    }
}

impl Secret {
    fn version(&self, request: &GetSecretValue) -> Option<(usize, &Version)> {
        let stage = match (&request.version_stage, &request.version_id) {
            (Some(stage), _) => Some(stage.as_str()),
            (None, Some(_)) => None,
            (None, None) => Some("AWSCURRENT"),
        };
        let mut values = self.values.iter().enumerate();
        values.find(|(at, _)| {
            stage.is_none_or(|stage| self.stage(*at) == Some(stage))
                && request
                    .version_id
                    .as_ref()
                    .is_none_or(|id| *id == version_id(*at))
        })
    }

    /// Only the last two values have a label.
    fn stage(&self, at: usize) -> Option<&'static str> {
        match self.values.len() - at {
            1 => Some("AWSCURRENT"),
            2 => Some("AWSPREVIOUS"),
            _ => None,
        }
    }
}

fn arn(name: &str) -> String {
    format!("arn:aws:secretsmanager:us-east-1:123456789012:secret:{name}-a1b2c3")
}

fn version_id(at: usize) -> String {
    format!("00000000-0000-4000-9000-{at:012}")
}

/// A refusal that has nothing to do with what was asked, such as 500 `InternalServiceError`.
pub fn refusal(status: u16, code: &str) -> Response<Bytes> {
    respond(
        JSON_1_1,
        status,
        json!({"__type": code, "Message": "Please try again."}).to_string(),
    )
}

#[cfg(test)]
mod tests;

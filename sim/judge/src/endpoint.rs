//! An endpoint that speaks DynamoDB's protocol, such as the emulator of the local stack.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use ureq::Agent;

use crate::replay::Implementation;
use crate::schema::create_table;

/// Looked at by nobody, but the service is named in it.
const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/aws4_request, \
    SignedHeaders=host, Signature=0000000000000000000000000000000000000000000000000000000000000000";

/// An endpoint and the table there.
#[derive(Debug)]
pub struct Endpoint {
    url: String,
    agent: Agent,
}

impl Endpoint {
    /// The endpoint at an address. Its table is dropped before each history.
    pub fn new(url: &str) -> Self {
        let config = Agent::config_builder().http_status_as_error(false);
        Self {
            url: url.to_owned(),
            agent: config.build().into(),
        }
    }
}

impl Implementation for Endpoint {
    fn start(&mut self, table: &str) -> Result<()> {
        self.answer("DeleteTable", &json!({"TableName": table}))?;
        let (status, answer) = self.answer("CreateTable", &create_table(table))?;
        ensure!(status == 200, "the table was not created: {answer}");
        Ok(())
    }

    fn answer(&mut self, operation: &str, request: &Value) -> Result<(u16, Value)> {
        let mut response = self
            .agent
            .post(&self.url)
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
            .header("x-amz-date", "20260101T000000Z")
            .header("authorization", AUTHORIZATION)
            .send(request.to_string())?;
        let status = response.status().as_u16();
        let body = response.body_mut().read_to_string()?;
        let answer = serde_json::from_str(&body);
        Ok((
            status,
            answer.with_context(|| format!("{operation}: {status} {body}"))?,
        ))
    }
}

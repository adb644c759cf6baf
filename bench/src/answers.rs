//! What the services behind the functions answer. Every answer depends on the request alone, so that one set of servers
//! does for all jobs.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::http::{Answer, Request};
use crate::jobs::{
    BUCKET, DELETED_USER, JWT_SECRET_ID, OBJECT_BYTES, TABLE, UPLOAD, USER, WECHAT_SECRET_ID,
};
use crate::token::Tokens;

/// A service that a function calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    DynamoDb,
    S3,
    Sqs,
    SecretsManager,
    WeChat,
}

impl Service {
    pub(crate) const ALL: [Self; 5] = [
        Self::DynamoDb,
        Self::S3,
        Self::Sqs,
        Self::SecretsManager,
        Self::WeChat,
    ];

    /// The variable that tells a function where the service is.
    pub(crate) const fn variable(self) -> &'static str {
        match self {
            Self::DynamoDb => "AWS_ENDPOINT_URL_DYNAMODB",
            Self::S3 => "AWS_ENDPOINT_URL_S3",
            Self::Sqs => "AWS_ENDPOINT_URL_SQS",
            Self::SecretsManager => "AWS_ENDPOINT_URL_SECRETS_MANAGER",
            Self::WeChat => "WECHAT_API_BASE_URL",
        }
    }
}

/// What the answers are made of.
#[derive(Debug)]
pub(crate) struct Answers {
    /// GetItem's answer for the user.
    user: Value,
}

impl Answers {
    /// Reads the user from the fixtures.
    pub(crate) fn new(get_item: &str) -> Result<Self> {
        let user = serde_json::from_str(get_item).context("dynamodb-get-item.json")?;
        Ok(Self { user })
    }

    /// The operation's name, and the answer.
    ///
    /// A request that no job makes is an error: it fails the run.
    pub(crate) fn answer(&self, service: Service, request: &Request) -> Result<(String, Answer)> {
        match service {
            Service::DynamoDb => self.dynamodb(request),
            Service::S3 => s3(request),
            Service::SecretsManager => secret(request),
            Service::WeChat => wechat(request),
            Service::Sqs => message(request),
        }
    }

    fn dynamodb(&self, request: &Request) -> Result<(String, Answer)> {
        let operation = operation(request, "DynamoDB_20120810.")?;
        let input: Value = serde_json::from_slice(&request.body)?;
        let output = match operation {
            "GetItem" => {
                ensure!(input["TableName"] == TABLE, "another table");
                self.get_item(&input["Key"])?
            }
            "BatchGetItem" => {
                ensure!(!input["RequestItems"][TABLE].is_null(), "another table");
                let keys = input["RequestItems"][TABLE]["Keys"].as_array();
                json!({"Responses": {TABLE: self.items(keys.context("no keys")?)}, "UnprocessedKeys": {}})
            }
            "UpdateItem" => self.update_item(&input)?,
            "TransactWriteItems" | "DeleteItem" => json!({}),
            "Query" => json!({"Count": 0, "Items": [], "ScannedCount": 0}),
            other => bail!("no job calls {other}"),
        };
        Ok((
            operation.to_owned(),
            aws(&output, "application/x-amz-json-1.0"),
        ))
    }

    /// For every user asked for one like the user of the fixtures, otherwise the record of an upload.
    fn items(&self, keys: &[Value]) -> Vec<Value> {
        let users = keys.iter().filter(|key| {
            key["pk"]["S"]
                .as_str()
                .is_some_and(|pk| pk.starts_with("U#"))
        });
        let users: Vec<_> = users
            .map(|key| {
                let mut item = self.user["Item"].clone();
                item["pk"] = key["pk"].clone();
                item
            })
            .collect();
        if users.is_empty() {
            vec![ready_record()]
        } else {
            users
        }
    }

    fn get_item(&self, key: &Value) -> Result<Value> {
        let pk = key["pk"]["S"].as_str().unwrap_or_default();
        if pk == format!("U#{USER}") {
            Ok(self.user.clone())
        } else if pk == format!("U#{DELETED_USER}") {
            Ok(
                json!({"Item": {"pk": {"S": pk}, "sk": {"S": "A"}, "epoch": {"N": "2"}, "version": {"N": "9"},
                "status": {"S": "deleting"}, "created_at": {"N": "1767323045000"},
                "updated_at": {"N": "1767360869000"}}}),
            )
        } else if pk.ends_with("#warm-up") {
            Ok(json!({}))
        } else {
            bail!("no job reads {pk}")
        }
    }

    /// The item as it is after the write, where the write asks for it.
    fn update_item(&self, input: &Value) -> Result<Value> {
        ensure!(input["TableName"] == TABLE, "another table");
        if input["ReturnValues"] != "ALL_NEW" {
            return Ok(json!({}));
        }
        let pk = input["Key"]["pk"]["S"].as_str().unwrap_or_default();
        if pk.starts_with("MT#") {
            // The verdict is there before it is known what it is about.
            return Ok(
                json!({"Attributes": {"pk": {"S": pk}, "sk": {"S": "A"}, "verdict": {"S": "pass"}}}),
            );
        }
        ensure!(pk == format!("U#{USER}"), "no job changes {pk}");
        let mut item = self.user["Item"].clone();
        if let Some(nickname) = input["ExpressionAttributeValues"].get(":nickname") {
            item["nickname"] = nickname.clone();
        }
        Ok(json!({"Attributes": item}))
    }
}

fn operation<'a>(request: &'a Request, prefix: &str) -> Result<&'a str> {
    let target = request.header("x-amz-target");
    ensure!(
        request
            .header("authorization")
            .starts_with("AWS4-HMAC-SHA256 "),
        "a request without a signature"
    );
    target
        .strip_prefix(prefix)
        .with_context(|| format!("no operation: {target}"))
}

/// With the headers that AWS sends, of which some clients check the checksum.
fn aws(output: &Value, content_type: &str) -> Answer {
    let body = output.to_string();
    let mut crc = flate2::Crc::new();
    crc.update(body.as_bytes());
    Answer::new(200, content_type, body)
        .with("server", "Server")
        .with("date", "Fri, 02 Jan 2026 03:04:05 GMT")
        .with("connection", "keep-alive")
        .with(
            "x-amzn-requestid",
            "B0T62KUUP5FF7NJ0VMFCLR7UBJVV4KQNSO5AEMVJF66Q9ASUAAJG",
        )
        .with("x-amz-crc32", crc.sum().to_string())
}

fn secret(request: &Request) -> Result<(String, Answer)> {
    let operation = operation(request, "secretsmanager.")?;
    let input: Value = serde_json::from_slice(&request.body)?;
    let id = input["SecretId"].as_str().unwrap_or_default();
    let secret = match (operation, id) {
        ("GetSecretValue", WECHAT_SECRET_ID) => json!({"wechat_app_secret": "standin-secret"}),
        ("GetSecretValue", JWT_SECRET_ID) => {
            let refresh_key = "c2l4dGVlbiBieXRlcyB0aGF0IG5vYm9keSBndWVzc2Vz";
            json!({"jwt_private_jwk": Tokens::private_jwk(), "refresh_key": refresh_key})
        }
        _ => bail!("another secret"),
    };
    let output = json!({"ARN": format!("arn:aws:secretsmanager:us-east-1:123456789012:secret:{id}-a1b2c3"),
        "CreatedDate": 1_767_323_045.0, "Name": id, "SecretString": secret.to_string(),
        "VersionId": "a1b2c3d4-5678-90ab-cdef-EXAMPLE11111", "VersionStages": ["AWSCURRENT"]});
    Ok((
        operation.to_owned(),
        aws(&output, "application/x-amz-json-1.1"),
    ))
}

fn message(request: &Request) -> Result<(String, Answer)> {
    let operation = operation(request, "AmazonSQS.")?;
    ensure!(operation == "SendMessage", "no job calls {operation}");
    let output = json!({"MD5OfMessageBody": "fafb00f5732ab283681e124bf8747ed1",
        "MessageId": "219f8380-5770-4cc2-8c3e-5c715e145f5e"});
    Ok((
        operation.to_owned(),
        aws(&output, "application/x-amz-json-1.0"),
    ))
}

fn wechat(request: &Request) -> Result<(String, Answer)> {
    let (operation, body) = match (&*request.method, request.path()) {
        ("HEAD", "/") => ("HEAD", String::new()),
        ("GET", "/sns/jscode2session") => {
            let query = &request.target;
            ensure!(
                query.contains("appid=wx0123456789abcdef")
                    && query.contains("secret=standin-secret"),
                "WeChat would refuse app id or secret"
            );
            let body = json!({"session_key": "tiihtNczf5v6AKRyjwEUhQ==", "openid": "alice"});
            ("jscode2session", body.to_string())
        }
        (method, path) => bail!("no job calls {method} {path} of WeChat"),
    };
    let answer = Answer::new(200, "text/plain", body).with("connection", "keep-alive");
    Ok((operation.to_owned(), answer))
}

fn s3(request: &Request) -> Result<(String, Answer)> {
    let path = request.path();
    let query = request
        .target
        .split_once('?')
        .map_or("", |(_, query)| query);
    if request.method == "GET"
        && query.contains("versions")
        && path.starts_with(&format!("/{BUCKET}"))
    {
        let answer = s3_answer(200, "application/xml", EMPTY_LISTING);
        return Ok(("ListObjectVersions".to_owned(), answer));
    }
    ensure!(
        request.method == "GET" && path.starts_with(&format!("/{BUCKET}/u/{USER}/")),
        "no job calls {} {path} of S3",
        request.method
    );
    ensure!(request.header("range") == "bytes=0-511", "another range");
    let mut head = JPEG_HEAD.to_vec();
    head.resize(512, 0xff);
    let answer = s3_answer(206, "image/jpeg", head)
        .with("accept-ranges", "bytes")
        .with("content-range", format!("bytes 0-511/{OBJECT_BYTES}"))
        .with("etag", "\"d3b07384d113edec49eaa6238ad5ff00\"")
        .with("last-modified", "Fri, 02 Jan 2026 03:04:05 GMT")
        .with("x-amz-version-id", "096fKKXTRTtl3on89fVO.nfljtsv6qko");
    Ok(("GetObject".to_owned(), answer))
}

fn s3_answer(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Answer {
    Answer::new(status, content_type, body)
        .with("server", "AmazonS3")
        .with("date", "Fri, 02 Jan 2026 03:04:05 GMT")
        .with("x-amz-request-id", "C3D13FE58DE4C810")
        .with(
            "x-amz-id-2",
            "FMyUVURIY8/IgAtTv8xRjskZQpcIZ9KG4V5Wp6S7S/JRWeUWerMUE5JgHvANOjpD",
        )
}

const EMPTY_LISTING: &str = concat!(
    r#"<?xml version="1.0" encoding="UTF-8"?><ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">"#,
    "<Name>uploads-123456789012</Name><Prefix>u/</Prefix><KeyMarker></KeyMarker>",
    "<VersionIdMarker></VersionIdMarker><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated></ListVersionsResult>"
);

/// What a JPEG begins with; any number of 0xff may follow.
const JPEG_HEAD: [u8; 20] = [
    0xff, 0xd8, 0xff, 0xe0, 0, 16, b'J', b'F', b'I', b'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0,
];

/// The record of an upload, as `s3-event` leaves it behind.
fn ready_record() -> Value {
    json!({"pk": {"S": format!("UP#{USER}")}, "sk": {"S": UPLOAD}, "status": {"S": "ready"},
        "content_type": {"S": "image/jpeg"}, "declared_size": {"N": OBJECT_BYTES.to_string()},
        "size": {"N": OBJECT_BYTES.to_string()}, "etag": {"S": "d3b07384d113edec49eaa6238ad5ff00"},
        "seq": {"S": format!("{:0<64}", "0055AED6DCD90281E5")}, "ready_at": {"N": "1767360869000"},
        "version_id": {"S": "096fKKXTRTtl3on89fVO.nfljtsv6qko"}, "previous_version": {"S": ""}})
}

//! What a request to AWS needs of the role of its sender.

use std::collections::BTreeSet;

use serde_json::Value;

/// A permission that a request needs.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Need {
    pub(super) action: String,
    pub(super) resource: String,
    pub(super) keys: BTreeSet<String>,
}

impl Need {
    fn new(action: &str, resource: &str, keys: impl IntoIterator<Item = String>) -> Self {
        Self {
            action: action.to_owned(),
            resource: resource.to_owned(),
            keys: keys.into_iter().collect(),
        }
    }
}

/// A request, as far as it matters to a role.
#[derive(Debug, Default)]
pub(super) struct Request {
    method: String,
    pub(super) target: String,
    /// `X-Amz-Target`, empty for S3.
    operation: String,
    body: Vec<u8>,
}

impl Request {
    /// The first request in these bytes, and its length.
    pub(super) fn parse(bytes: &[u8]) -> Option<(Self, usize)> {
        const END: &[u8] = b"\r\n\r\n";
        let head = bytes.windows(END.len()).position(|window| window == END)?;
        let text = String::from_utf8_lossy(&bytes[..head]);
        let mut lines = text.split("\r\n");
        let mut line = lines.next()?.split(' ');
        let mut request = Self {
            method: line.next()?.to_owned(),
            target: line.next()?.to_owned(),
            ..Self::default()
        };
        let mut length = 0;
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse().expect("a length"),
                "x-amz-target" => request.operation = value.to_owned(),
                // Nobody sends such bodies by this way. Should that change, no role allows this.
                "transfer-encoding" => request.method = format!("{} in pieces", request.method),
                _ => {}
            }
        }
        let start = head + END.len();
        request.body = bytes.get(start..start + length)?.to_vec();
        Some((request, start + length))
    }

    /// The permissions that it needs.
    pub(super) fn needs(&self) -> Vec<Need> {
        let json = || serde_json::from_slice(&self.body).unwrap_or_default();
        match self.operation.split_once('.') {
            Some((service, operation)) if service.starts_with("DynamoDB") => {
                dynamodb(operation, &json())
            }
            Some(("AmazonSQS", operation)) => {
                // Tests name their queues so.
                let url = json()["QueueUrl"].to_string();
                let queue = if url.contains("moderation") {
                    "ModerationQueue"
                } else {
                    "PurgeQueue"
                };
                vec![Need::new(&format!("sqs:{operation}"), queue, [])]
            }
            Some((service, operation)) => {
                let input: Value = json();
                // Tests name their secrets so.
                let secret = match input["SecretId"].as_str() {
                    Some(id) if id.starts_with("wechat-secret") => "WechatSecret",
                    Some(id) if id.starts_with("jwt-secret") => "JwtSecret",
                    Some(id) if id.starts_with("push-secret") => "PushSecret",
                    _ => "AppSecrets",
                };
                vec![Need::new(&format!("{service}:{operation}"), secret, [])]
            }
            // SNS speaks an older protocol: a form.
            None if self.body.starts_with(b"Action=Publish&") => {
                vec![Need::new("sns:Publish", "EventsTopic", [])]
            }
            None => self.s3(),
        }
    }

    fn s3(&self) -> Vec<Need> {
        let url = reqwest::Url::parse(&format!("http://s3{}", self.target)).expect("a target");
        let parameter = |name: &str| {
            let mut pairs = url.query_pairs();
            pairs
                .find(|(known, _)| known == name)
                .map(|(_, value)| value.into_owned())
        };
        // The bucket comes first: it is addressed by path.
        let key = url
            .path()
            .trim_start_matches('/')
            .split_once('/')
            .map_or("", |(_, key)| key);
        let versioned = parameter("versionId").is_some();
        let body = || String::from_utf8_lossy(&self.body);
        let prefix = || parameter("prefix").map(|prefix| folder(&prefix));
        match self.method.as_str() {
            "GET" | "HEAD" if !key.is_empty() && versioned => {
                vec![object("s3:GetObjectVersion", key)]
            }
            "GET" | "HEAD" if !key.is_empty() => vec![object("s3:GetObject", key)],
            "GET" if parameter("versions").is_some() => {
                vec![Need::new("s3:ListBucketVersions", "Bucket", prefix())]
            }
            "PUT" if !key.is_empty() => vec![object("s3:PutObject", key)],
            "DELETE" if !key.is_empty() => deletion(key, versioned),
            "POST" if parameter("delete").is_some() => deletions(&body()),
            "POST" if key.is_empty() => vec![object("s3:PutObject", form_key(&body()))],
            method => vec![Need::new(
                &format!("s3:{method} {}", self.target),
                "Bucket",
                [],
            )],
        }
    }
}

fn object(action: &str, key: &str) -> Need {
    Need::new(action, &format!("Bucket/{}", folder(key)), [])
}

/// To remove a version, S3's documentation asks for both permissions.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html>
fn deletion(key: &str, versioned: bool) -> Vec<Need> {
    let version = versioned.then(|| object("s3:DeleteObjectVersion", key));
    [object("s3:DeleteObject", key)]
        .into_iter()
        .chain(version)
        .collect()
}

fn deletions(xml: &str) -> Vec<Need> {
    let objects = xml.split("<Object>").skip(1);
    let deletions = objects.flat_map(|object| {
        let key = between(object, "<Key>", "</Key>");
        deletion(key, object.contains("<VersionId>"))
    });
    deletions.collect()
}

/// The field `key` of a form.
fn form_key(form: &str) -> &str {
    between(form, "name=\"key\"\r\n\r\n", "\r\n")
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let after = text.split_once(start).map_or("", |(_, after)| after);
    after.split_once(end).map_or(after, |(before, _)| before)
}

/// A key up to its first slash.
fn folder(key: &str) -> String {
    key.split_inclusive('/')
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// The kind of an item: `U#` of `U#u5k…`, `RL#UP#` of `RL#UP#u5k…`.
fn kind(key: &str) -> String {
    let is_kind = |part: &&str| {
        part.strip_suffix('#')
            .is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_uppercase()))
    };
    key.split_inclusive('#').take_while(is_kind).collect()
}

fn dynamodb(operation: &str, body: &Value) -> Vec<Need> {
    let table = |operation: &str, keys: Vec<String>| {
        Need::new(&format!("dynamodb:{operation}"), "Table", keys)
    };
    // A batch is one request, all of whose keys one statement has to allow.
    let batch = |keys: &dyn Fn(&Value) -> Vec<String>| {
        let tables = body["RequestItems"].as_object().into_iter().flatten();
        table(
            operation,
            tables.flat_map(|(_, requests)| keys(requests)).collect(),
        )
    };
    match operation {
        "GetItem" | "UpdateItem" | "DeleteItem" => vec![table(operation, pk(&body["Key"]))],
        "PutItem" => vec![table(operation, pk(&body["Item"]))],
        "Query" => {
            let index = body["IndexName"].as_str();
            let resource = index.map_or("Table".to_owned(), |index| format!("Table/index/{index}"));
            vec![Need::new("dynamodb:Query", &resource, queried(body))]
        }
        "BatchGetItem" => vec![batch(&|requests| {
            list(&requests["Keys"]).flat_map(pk).collect()
        })],
        "BatchWriteItem" => vec![batch(&|requests| {
            let writes = list(requests);
            let items = writes.map(|write| match &write["PutRequest"]["Item"] {
                Value::Null => &write["DeleteRequest"]["Key"],
                item => item,
            });
            items.flat_map(pk).collect()
        })],
        // Each of its parts is asked for by itself.
        "TransactWriteItems" | "TransactGetItems" => {
            let parts = list(&body["TransactItems"])
                .filter_map(Value::as_object)
                .flatten();
            let needs = parts.map(|(name, part)| match name.as_str() {
                "Put" => table("PutItem", pk(&part["Item"])),
                "ConditionCheck" => table("ConditionCheckItem", pk(&part["Key"])),
                name => table(&format!("{name}Item"), pk(&part["Key"])),
            });
            needs.collect()
        }
        other => vec![table(other, Vec::new())],
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn pk(item: &Value) -> Vec<String> {
    item["pk"]["S"].as_str().map(kind).into_iter().collect()
}

/// The partition that a query looks at. Its key comes first, and is the one that may only be equal to something.
fn queried(body: &Value) -> Option<String> {
    let condition = body["KeyConditionExpression"].as_str()?;
    let first = condition.split(" AND ").next()?;
    let value = first.split_once('=')?.1.trim();
    let value = body["ExpressionAttributeValues"][value]["S"].as_str()?;
    // The index has one partition to a shard, such as `US#0`.
    Some(kind(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn needs(method: &str, target: &str, operation: &str, body: &str) -> Vec<String> {
        let request = Request {
            method: method.to_owned(),
            target: target.to_owned(),
            operation: operation.to_owned(),
            body: body.into(),
        };
        let needs = request.needs().into_iter();
        let text = |need: Need| {
            let keys: Vec<_> = need.keys.into_iter().collect();
            format!("{} {} {}", need.action, need.resource, keys.join(","))
                .trim()
                .to_owned()
        };
        needs.map(text).collect()
    }

    /// What a request to DynamoDB needs.
    fn of_table(operation: &str, body: &Value) -> Vec<String> {
        let target = format!("DynamoDB_20120810.{operation}");
        needs("POST", "/", &target, &body.to_string())
    }

    fn key(pk: &str) -> Value {
        json!({"pk": {"S": pk}, "sk": {"S": "A"}})
    }

    #[test]
    fn requests_to_the_table_name_their_keys() {
        let get = of_table("GetItem", &json!({"Key": key("U#u1")}));
        assert_eq!(get, ["dynamodb:GetItem Table U#"]);
        let put = of_table("PutItem", &json!({"Item": key("RL#IK#u1#ab")}));
        assert_eq!(put, ["dynamodb:PutItem Table RL#IK#"]);
        assert_eq!(of_table("Scan", &json!({})), ["dynamodb:Scan Table"]);
    }

    #[test]
    fn queries_name_their_partition() {
        let query = json!({"KeyConditionExpression": "pk = :pk AND sk > :sk",
            "ExpressionAttributeValues": {":pk": {"S": "UP#u1"}, ":sk": {"S": "U#"}}});
        assert_eq!(of_table("Query", &query), ["dynamodb:Query Table UP#"]);
        let shard = json!({"IndexName": "gsi1", "KeyConditionExpression": "gsi1pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": "US#0"}}});
        let needed = ["dynamodb:Query Table/index/gsi1 US#"];
        assert_eq!(of_table("Query", &shard), needed);
    }

    #[test]
    fn batches_name_all_their_keys_and_transactions_each_by_itself() {
        let keys = [key("U#u1"), key("UP#u1"), key("U#u2")];
        let reads = json!({"RequestItems": {"t": {"Keys": keys}}});
        let needed = ["dynamodb:BatchGetItem Table U#,UP#"];
        assert_eq!(of_table("BatchGetItem", &reads), needed);
        let writes = json!({"RequestItems": {"t": [{"DeleteRequest": {"Key": key("UP#u1")}}]}});
        let needed = ["dynamodb:BatchWriteItem Table UP#"];
        assert_eq!(of_table("BatchWriteItem", &writes), needed);
        let parts = json!([{"Put": {"Item": key("UN#a")}}, {"Delete": {"Key": key("EM#a")}},
            {"ConditionCheck": {"Key": key("UP#u1")}}, {"Update": {"Key": key("U#u1")}}]);
        let needed = [
            "dynamodb:PutItem Table UN#",
            "dynamodb:DeleteItem Table EM#",
            "dynamodb:ConditionCheckItem Table UP#",
            "dynamodb:UpdateItem Table U#",
        ];
        let transaction = json!({"TransactItems": parts});
        assert_eq!(of_table("TransactWriteItems", &transaction), needed);
    }

    const OBJECT: &str = "/bucket/u/a/1.jpg";
    const VERSION: &str = "/bucket/u/a/1.jpg?versionId=v";
    const XML: &str =
        "<Delete><Object><Key>u/a/1.jpg</Key><VersionId>v</VersionId></Object></Delete>";
    const FORM: &str =
        "--x\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nu/a/1.jpg\r\n--x";
    const VERSION_DELETED: &[&str] = &[
        "s3:DeleteObject Bucket/u/",
        "s3:DeleteObjectVersion Bucket/u/",
    ];

    /// Method, target, body and what is needed.
    const TO_THE_BUCKET: [(&str, &str, &str, &[&str]); 9] = [
        ("GET", OBJECT, "", &["s3:GetObject Bucket/u/"]),
        ("GET", VERSION, "", &["s3:GetObjectVersion Bucket/u/"]),
        (
            "PUT",
            "/bucket/v/1.jpg?X-Amz-Date=1",
            "",
            &["s3:PutObject Bucket/v/"],
        ),
        ("POST", "/bucket/", FORM, &["s3:PutObject Bucket/u/"]),
        ("DELETE", OBJECT, "", &["s3:DeleteObject Bucket/u/"]),
        ("DELETE", VERSION, "", VERSION_DELETED),
        ("POST", "/bucket/?delete", XML, VERSION_DELETED),
        (
            "GET",
            "/bucket/?versions&prefix=u%2Fa%2F",
            "",
            &["s3:ListBucketVersions Bucket u/"],
        ),
        ("GET", "/bucket/?acl", "", &["s3:GET /bucket/?acl Bucket"]),
    ];

    #[test]
    fn requests_to_the_bucket_tell_versions_from_objects() {
        for (method, target, body, expected) in TO_THE_BUCKET {
            let needed = needs(method, target, "", body);
            assert_eq!(needed, expected, "{method} {target}");
        }
    }
}

//! Notes what each function asks AWS for, as the permissions that its role needs for it.
//!
//! A function reaches the emulator by an address of its own, behind which every byte is passed on as it is. Links and
//! tickets lead there too, so that what a phone does with them counts as their signer's, whose role S3 would ask. What
//! was seen is written to the directory that `USED_PERMISSIONS` names, a file for each process; without it, nothing is
//! noted and nothing stands in between.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::fmt;
use std::io;
use std::net::TcpListener;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::runtime::Handle;

use crate::records::Records;

/// The variable that names the directory.
pub const DIRECTORY: &str = "USED_PERMISSIONS";

/// Something that a function did, in the words of its role.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Use {
    /// The function.
    pub function: String,
    /// The action, such as `dynamodb:GetItem`.
    pub action: String,
    /// The resource, by its name in the template and what follows it, such as `Table/index/gsi1` or `Bucket/u/`.
    pub resource: String,
    /// How the keys begin that one request named; empty where keys play no part.
    pub keys: BTreeSet<String>,
}

impl fmt::Display for Use {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<_> = self.keys.iter().map(String::as_str).collect();
        let [function, action, resource] = [&self.function, &self.action, &self.resource];
        write!(f, "{function}\t{action}\t{resource}\t{}", keys.join(" "))
    }
}

impl FromStr for Use {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let [function, action, resource, keys] = line.split('\t').collect::<Vec<_>>()[..] else {
            return Err(format!("{line:?} is no record"));
        };
        Ok(Self {
            function: function.to_owned(),
            action: action.to_owned(),
            resource: resource.to_owned(),
            keys: keys
                .split(' ')
                .filter(|key| !key.is_empty())
                .map(str::to_owned)
                .collect(),
        })
    }
}

/// The address by which `function` is to reach `endpoint`.
pub fn on_the_way(function: &'static str, endpoint: &str) -> String {
    static RECORDER: OnceLock<Option<Arc<Recorder>>> = OnceLock::new();
    let recorder = RECORDER.get_or_init(|| {
        let recorder = Recorder::new(Records::below(DIRECTORY)?);
        Some(Arc::new(recorder.expect("a runtime")))
    });
    match recorder {
        Some(recorder) => recorder.address(function, endpoint).expect("a free port"),
        None => endpoint.to_owned(),
    }
}

#[derive(Debug)]
struct Recorder {
    /// A runtime of its own: those of the tests end with them.
    runtime: Handle,
    addresses: Mutex<HashMap<(&'static str, String), String>>,
    records: Records<Use>,
}

impl Recorder {
    fn new(records: Records<Use>) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()?;
        let handle = runtime.handle().clone();
        std::thread::spawn(move || runtime.block_on(std::future::pending::<()>()));
        Ok(Self {
            runtime: handle,
            addresses: Mutex::default(),
            records,
        })
    }

    fn address(self: &Arc<Self>, function: &'static str, endpoint: &str) -> io::Result<String> {
        let mut addresses = lock(&self.addresses);
        let way = (function, endpoint.to_owned());
        if let Some(address) = addresses.get(&way) {
            return Ok(address.clone());
        }
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        listener.set_nonblocking(true)?;
        let address = format!("http://{}", listener.local_addr()?);
        let upstream = endpoint.trim_start_matches("http://").to_owned();
        self.runtime
            .spawn(self.clone().accept(listener, function, upstream));
        addresses.insert(way, address.clone());
        Ok(address)
    }

    async fn accept(
        self: Arc<Self>,
        listener: TcpListener,
        function: &'static str,
        upstream: String,
    ) {
        let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
        loop {
            if let Ok((client, _)) = listener.accept().await {
                let (recorder, upstream) = (self.clone(), upstream.clone());
                // However a connection ends, both of its sides see it end.
                tokio::spawn(async move { recorder.pass_on(client, function, &upstream).await });
            }
        }
    }

    async fn pass_on(&self, client: TcpStream, function: &str, upstream: &str) -> io::Result<()> {
        let server = TcpStream::connect(upstream).await?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        let conversation = Mutex::new(Conversation::default());
        let there = pipe(from_client, to_server, |bytes| {
            lock(&conversation).asked(bytes)
        });
        let back = pipe(from_server, to_client, |bytes| {
            let answered = lock(&conversation).answered(bytes);
            for need in answered.iter().flat_map(Request::needs) {
                self.note(function, need);
            }
        });
        tokio::try_join!(there, back).map(|_| ())
    }

    fn note(&self, function: &str, need: Need) {
        self.records.note(Use {
            function: function.to_owned(),
            action: need.action,
            resource: need.resource,
            keys: need.keys,
        });
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn pipe(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut look: impl FnMut(&[u8]),
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return to.shutdown().await;
        }
        look(&buffer[..read]);
        to.write_all(&buffer[..read]).await?;
    }
}

/// What went over one connection.
#[derive(Debug, Default)]
struct Conversation {
    /// What was asked and is not yet a whole request.
    unread: Vec<u8>,
    unanswered: VecDeque<Request>,
}

impl Conversation {
    fn asked(&mut self, bytes: &[u8]) {
        self.unread.extend_from_slice(bytes);
        while let Some((request, length)) = Request::parse(&self.unread) {
            self.unread.drain(..length);
            self.unanswered.push_back(request);
        }
    }

    /// The request that these bytes begin to answer, if it was allowed: a link that was tampered with is not its
    /// signer's doing.
    fn answered(&mut self, bytes: &[u8]) -> Option<Request> {
        const STATUS: std::ops::Range<usize> = "HTTP/1.1 ".len().."HTTP/1.1 200".len();
        let status = bytes.get(STATUS).unwrap_or_default();
        if status.starts_with(b"1") {
            return None;
        }
        self.unanswered.pop_front().filter(|_| status != b"403")
    }
}

/// A request, as far as it matters to a role.
#[derive(Debug, Default)]
struct Request {
    method: String,
    target: String,
    /// `X-Amz-Target`, empty for S3.
    operation: String,
    body: Vec<u8>,
}

/// A permission that a request needs.
#[derive(Debug, PartialEq, Eq)]
struct Need {
    action: String,
    resource: String,
    keys: BTreeSet<String>,
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

impl Request {
    /// The first request in these bytes, and its length.
    fn parse(bytes: &[u8]) -> Option<(Self, usize)> {
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
    fn needs(&self) -> Vec<Need> {
        let json = || serde_json::from_slice(&self.body).unwrap_or_default();
        match self.operation.split_once('.') {
            Some((service, operation)) if service.starts_with("DynamoDB") => {
                dynamodb(operation, &json())
            }
            // There is one in the template.
            Some(("AmazonSQS", operation)) => {
                vec![Need::new(&format!("sqs:{operation}"), "PurgeQueue", [])]
            }
            Some((service, operation)) => {
                let input: Value = json();
                // Tests name their secrets so.
                let secret = match input["SecretId"].as_str() {
                    Some(id) if id.starts_with("wechat-secret") => "WechatSecret",
                    Some(id) if id.starts_with("jwt-secret") => "JwtSecret",
                    _ => "AppSecrets",
                };
                vec![Need::new(&format!("{service}:{operation}"), secret, [])]
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

    #[test]
    fn requests_to_the_table_name_their_keys() {
        let key = |pk: &str| json!({"pk": {"S": pk}, "sk": {"S": "A"}});
        let query = json!({"KeyConditionExpression": "pk = :pk AND sk > :sk",
            "ExpressionAttributeValues": {":pk": {"S": "UP#u1"}, ":sk": {"S": "U#"}}});
        let shard = json!({"IndexName": "gsi1", "KeyConditionExpression": "gsi1pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": "US#0"}}});
        for (operation, body, expected) in [
            (
                "GetItem",
                json!({"Key": key("U#u1")}),
                vec!["dynamodb:GetItem Table U#"],
            ),
            (
                "PutItem",
                json!({"Item": key("RL#IK#u1#ab")}),
                vec!["dynamodb:PutItem Table RL#IK#"],
            ),
            ("Query", query, vec!["dynamodb:Query Table UP#"]),
            ("Query", shard, vec!["dynamodb:Query Table/index/gsi1 US#"]),
            (
                "BatchGetItem",
                json!({"RequestItems": {"t": {"Keys": [key("U#u1"), key("UP#u1"), key("U#u2")]}}}),
                vec!["dynamodb:BatchGetItem Table U#,UP#"],
            ),
            (
                "BatchWriteItem",
                json!({"RequestItems": {"t": [{"DeleteRequest": {"Key": key("UP#u1")}}]}}),
                vec!["dynamodb:BatchWriteItem Table UP#"],
            ),
            (
                "TransactWriteItems",
                json!({"TransactItems": [{"Put": {"Item": key("UN#a")}}, {"Delete": {"Key": key("EM#a")}},
                    {"ConditionCheck": {"Key": key("UP#u1")}}, {"Update": {"Key": key("U#u1")}}]}),
                vec![
                    "dynamodb:PutItem Table UN#",
                    "dynamodb:DeleteItem Table EM#",
                    "dynamodb:ConditionCheckItem Table UP#",
                    "dynamodb:UpdateItem Table U#",
                ],
            ),
            ("Scan", json!({}), vec!["dynamodb:Scan Table"]),
        ] {
            let target = format!("DynamoDB_20120810.{operation}");
            assert_eq!(
                needs("POST", "/", &target, &body.to_string()),
                expected,
                "{operation}"
            );
        }
    }

    #[test]
    fn requests_to_the_bucket_tell_versions_from_objects() {
        let xml = "<Delete><Object><Key>u/a/1.jpg</Key><VersionId>v</VersionId></Object></Delete>";
        let form = "--x\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nu/a/1.jpg\r\n--x";
        for (method, target, body, expected) in [
            (
                "GET",
                "/bucket/u/a/1.jpg",
                "",
                vec!["s3:GetObject Bucket/u/"],
            ),
            (
                "GET",
                "/bucket/u/a/1.jpg?versionId=v",
                "",
                vec!["s3:GetObjectVersion Bucket/u/"],
            ),
            (
                "PUT",
                "/bucket/v/1.jpg?X-Amz-Date=1",
                "",
                vec!["s3:PutObject Bucket/v/"],
            ),
            ("POST", "/bucket/", form, vec!["s3:PutObject Bucket/u/"]),
            (
                "DELETE",
                "/bucket/u/a/1.jpg",
                "",
                vec!["s3:DeleteObject Bucket/u/"],
            ),
            (
                "DELETE",
                "/bucket/u/a/1.jpg?versionId=v",
                "",
                vec![
                    "s3:DeleteObject Bucket/u/",
                    "s3:DeleteObjectVersion Bucket/u/",
                ],
            ),
            (
                "POST",
                "/bucket/?delete",
                xml,
                vec![
                    "s3:DeleteObject Bucket/u/",
                    "s3:DeleteObjectVersion Bucket/u/",
                ],
            ),
            (
                "GET",
                "/bucket/?versions&prefix=u%2Fa%2F",
                "",
                vec!["s3:ListBucketVersions Bucket u/"],
            ),
            (
                "GET",
                "/bucket/?acl",
                "",
                vec!["s3:GET /bucket/?acl Bucket"],
            ),
        ] {
            assert_eq!(
                needs(method, target, "", body),
                expected,
                "{method} {target}"
            );
        }
    }

    #[test]
    fn requests_are_read_in_any_pieces_and_counted_when_they_were_allowed() {
        let request = |path: &str| format!("POST {path} HTTP/1.1\r\ncontent-length: 2\r\n\r\n{{}}");
        for piece in [1, 7, 1000] {
            let mut conversation = Conversation::default();
            let mut allowed = Vec::new();
            for (path, status) in [
                ("/a", "200 OK"),
                ("/b", "403 Forbidden"),
                ("/c", "400 Bad Request"),
            ] {
                for bytes in request(path).as_bytes().chunks(piece) {
                    conversation.asked(bytes);
                }
                for bytes in [format!("HTTP/1.1 {status}\r\n"), "\r\n".to_owned()] {
                    allowed.extend(
                        conversation
                            .answered(bytes.as_bytes())
                            .map(|request| request.target),
                    );
                }
            }
            assert_eq!(allowed, ["/a", "/c"]);
        }
    }

    #[test]
    fn records_are_read_as_they_were_written() {
        for keys in [&[][..], &["U#", "UP#"]] {
            let used = Use {
                function: "users".to_owned(),
                action: "dynamodb:BatchGetItem".to_owned(),
                resource: "Table".to_owned(),
                keys: keys.iter().map(|key| (*key).to_owned()).collect(),
            };
            assert_eq!(used.to_string().parse(), Ok(used));
        }
        assert!("users dynamodb:GetItem".parse::<Use>().is_err());
    }
}

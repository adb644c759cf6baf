//! One of the two that are compared.

use http::Method;
use http::request::Builder;

use super::super::*;

pub(super) const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=test/20260102/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00";
/// What the functions and phones read of a response.
const HEADERS: [&str; 8] = [
    "cache-control",
    "content-disposition",
    "content-length",
    "content-range",
    "content-type",
    "etag",
    "x-amz-delete-marker",
    "x-amz-version-id",
];

/// Where the requests go.
pub(super) struct Side {
    pub(super) origin: String,
    pub(super) bucket: String,
    pub(super) aws: Aws,
    /// The versions that were stored here, in the order of writing.
    pub(super) versions: Vec<String>,
    pub(super) now: i64,
}

impl Side {
    pub(super) fn new(origin: &str, bucket: &str, now: i64) -> Self {
        let get = |name: &str| match name {
            "AWS_REGION" => Some("us-east-1".to_owned()),
            "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("test".to_owned()),
            "AWS_ENDPOINT_URL" => Some(origin.to_owned()),
            _ => None,
        };
        let mut vars = Vars::new(&get);
        let aws = Aws::read(&mut vars, Network::mozilla());
        vars.finish().unwrap();
        Self {
            origin: origin.to_owned(),
            bucket: bucket.to_owned(),
            aws,
            versions: Vec::new(),
            now,
        }
    }

    /// A request as the SDK sends it, but for a signature that nobody verifies.
    pub(super) fn sdk(&self, method: Method, rest: &str) -> Builder {
        let mut rest = rest.to_owned();
        for (at, version) in self.versions.iter().enumerate() {
            rest = rest.replace(&format!("{{{at}}}"), version);
        }
        let url = format!("{}/{}{rest}", self.origin, self.bucket);
        let request = Request::builder().method(method).uri(url);
        request.header("authorization", AUTHORIZATION)
    }

    fn signer(&self) -> S3Signer {
        S3Signer::new(&self.aws, self.bucket.clone())
    }

    pub(super) fn presigned(
        &self,
        method: &'static str,
        version: Option<usize>,
        query: &[(&str, &str)],
    ) -> Request<Bytes> {
        let url = self.signer().presign(&Presign {
            method,
            key: &key(),
            version: version.map(|at| &*self.versions[at]),
            headers: &[],
            query,
            from: Timestamp::from_millis(self.now),
            expires_in: Duration::from_secs(300),
        });
        Request::builder()
            .method(method)
            .uri(url)
            .body(Bytes::new())
            .unwrap()
    }

    pub(super) fn put(&self, declared: usize, bytes: &'static str, age: i64) -> Request<Bytes> {
        let length = declared.to_string();
        let url = self.signer().presign(&Presign {
            method: "PUT",
            key: &key(),
            version: None,
            headers: &[("content-type", "image/jpeg"), ("content-length", &length)],
            query: &[("If-None-Match", "*")],
            from: Timestamp::from_millis(self.now - age),
            expires_in: Duration::from_secs(300),
        });
        let ticket = json!({"method": "PUT", "url": url.to_string(), "headers": {"content-type": "image/jpeg"}});
        ticket::request(&ticket, &Bytes::from(bytes)).unwrap()
    }

    pub(super) fn post(&self, changes: Value, bytes: &'static str, age: i64) -> Request<Bytes> {
        let (signer, key) = (self.signer(), key());
        let from = Timestamp::from_millis(self.now - age);
        let policy = PostPolicy {
            key: &key,
            size: 5,
            from,
            until: from.after(Duration::from_secs(300)),
        };
        let mut fields = json!(signer.post_fields(&policy));
        for (name, value) in changes.as_object().unwrap() {
            fields[name] = value.clone();
        }
        let ticket = json!({"method": "POST", "url": signer.post_url(), "fields": fields, "file_field": "file"});
        ticket::request(&ticket, &Bytes::from(bytes)).unwrap()
    }

    /// Whether it was a write, whose version later steps can name.
    pub(super) fn note(&mut self, request: &Request<Bytes>, response: &Response<Bytes>) {
        let deletes_version = request
            .uri()
            .query()
            .is_some_and(|query| query.contains("versionId"));
        let is_write = request.method() != Method::GET && !deletes_version;
        if let Some(version) = header(response, "x-amz-version-id").filter(|_| is_write) {
            self.versions.push(version.to_owned());
        }
    }

    /// What is read of a response, with names in place of what differs by nature.
    pub(super) fn summary(&self, response: &Response<Bytes>) -> Vec<String> {
        let mut lines = vec![format!("status {}", response.status().as_u16())];
        for name in HEADERS {
            // One writes XML in another way, and tells the length of nothing.
            let counts = name != "content-length" || header(response, "content-range").is_some();
            if let Some(value) = header(response, name).filter(|_| counts) {
                lines.push(format!("{name}: {value}"));
            }
        }
        let body = std::str::from_utf8(response.body()).unwrap();
        match roxmltree::Document::parse(body) {
            Ok(document) => lines.extend(elements(&document)),
            Err(_) => lines.push(format!("body {body}")),
        }
        let name = |line: String| {
            let line = line.replace(&self.origin, "ORIGIN");
            let versions = self.versions.iter().enumerate();
            versions.fold(line, |line, (at, version)| {
                line.replace(version, &format!("V{at}"))
            })
        };
        let mut lines: Vec<_> = lines.into_iter().map(name).collect();
        lines.sort();
        lines
    }
}

/// A line for each element below the root, with what somebody reads of it; of an error, its code.
fn elements(document: &roxmltree::Document<'_>) -> Vec<String> {
    let root = document.root_element();
    let is_error = root.has_tag_name("Error");
    let children = root.children().filter(roxmltree::Node::is_element);
    let read = children.filter(|child| !is_error || child.has_tag_name("Code"));
    read.map(line).collect()
}

fn line(node: roxmltree::Node<'_, '_>) -> String {
    const UNREAD: [&str; 4] = ["LastModified", "Location", "Owner", "StorageClass"];
    let name = node.tag_name().name();
    if UNREAD.contains(&name) {
        return String::new();
    }
    let mut parts: Vec<_> = node
        .children()
        .filter(roxmltree::Node::is_element)
        .map(line)
        .collect();
    parts.sort();
    let text = node.text().unwrap_or_default().trim();
    format!("<{name}>{text}{}", parts.concat())
}

//! One operation of DynamoDB, signed by hand (AWS Signature Version 4).

use std::collections::HashMap;
use std::env::var;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::{digest, hmac};
use data_encoding::HEXLOWER;
use http_body_util::BodyExt as _;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use lambda_http::http::{Method, Request, Uri};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde::Deserialize;
use serde_json::json;
use time::OffsetDateTime;

use crate::job::Failure;

const TARGET: &str = "DynamoDB_20120810.GetItem";
const CONTENT_TYPE: &str = "application/x-amz-json-1.0";
const SIGNED: &str = "content-type;host;x-amz-date;x-amz-security-token;x-amz-target";
const SIGNED_WITHOUT_SESSION: &str = "content-type;host;x-amz-date;x-amz-target";
const ATTEMPTS: u32 = 3;
const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(800);
const BACKOFF: Duration = Duration::from_millis(50);

pub struct Dynamodb {
    client: Client<HttpsConnector<HttpConnector>, String>,
    endpoint: Uri,
    host: String,
    table: String,
    region: String,
    key_id: String,
    secret: String,
    session: Option<String>,
}

/// An attribute of which only strings and numbers are read.
#[derive(Deserialize)]
pub struct Attribute {
    #[serde(rename = "S")]
    string: Option<String>,
    #[serde(rename = "N")]
    number: Option<String>,
}

impl Attribute {
    pub fn text(&self) -> Option<&str> {
        self.string.as_deref().or(self.number.as_deref())
    }
}

pub type Item = HashMap<String, Attribute>;

#[derive(Deserialize)]
struct Output {
    #[serde(rename = "Item", default)]
    item: Item,
}

impl Dynamodb {
    pub fn from_environment() -> Result<Self, Failure> {
        let region = var("AWS_REGION")?;
        let endpoint = var("AWS_ENDPOINT_URL_DYNAMODB")
            .unwrap_or_else(|_| format!("https://dynamodb.{region}.amazonaws.com"));
        let endpoint: Uri = format!("{}/", endpoint.trim_end_matches('/')).parse()?;
        Ok(Self {
            client: client()?,
            host: endpoint
                .authority()
                .ok_or("the endpoint names no host")?
                .to_string(),
            endpoint,
            table: var("TABLE_NAME")?,
            region,
            key_id: var("AWS_ACCESS_KEY_ID")?,
            secret: var("AWS_SECRET_ACCESS_KEY")?,
            session: var("AWS_SESSION_TOKEN").ok(),
        })
    }

    /// The item under `pk` and the sort key `A`; empty if there is none.
    pub async fn get_item(&self, pk: &str, consistent: bool) -> Result<Item, Failure> {
        let body = json!({
            "TableName": self.table,
            "Key": {"pk": {"S": pk}, "sk": {"S": "A"}},
            "ConsistentRead": consistent,
        })
        .to_string();
        let mut failure: Failure = "not tried".into();
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(BACKOFF * attempt).await;
            }
            match tokio::time::timeout(ATTEMPT_TIMEOUT, self.send(&body)).await {
                Ok(Ok(item)) => return Ok(item),
                Ok(Err(error)) => failure = error,
                Err(_) => failure = "no answer in time".into(),
            }
        }
        Err(failure)
    }

    async fn send(&self, body: &str) -> Result<Item, Failure> {
        let response = self.client.request(self.signed(body)?).await?;
        let status = response.status();
        let bytes = response.into_body().collect().await?.to_bytes();
        if !status.is_success() {
            return Err(format!("status {status}").into());
        }
        Ok(serde_json::from_slice::<Output>(&bytes)?.item)
    }

    fn signed(&self, body: &str) -> Result<Request<String>, Failure> {
        let now = OffsetDateTime::now_utc();
        let day = format!(
            "{:04}{:02}{:02}",
            now.year(),
            u8::from(now.month()),
            now.day()
        );
        let time = format!(
            "{day}T{:02}{:02}{:02}Z",
            now.hour(),
            now.minute(),
            now.second()
        );
        let (session, signed) = match &self.session {
            Some(token) => (format!("x-amz-security-token:{token}\n"), SIGNED),
            None => (String::new(), SIGNED_WITHOUT_SESSION),
        };
        let canonical = format!(
            "POST\n/\n\ncontent-type:{CONTENT_TYPE}\nhost:{}\nx-amz-date:{time}\n{session}x-amz-target:{TARGET}\n\n\
             {signed}\n{}",
            self.host,
            sha256(body)
        );
        let scope = format!("{day}/{}/dynamodb/aws4_request", self.region);
        let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", sha256(&canonical));
        let secret = format!("AWS4{}", self.secret);
        let key = [day.as_str(), &self.region, "dynamodb", "aws4_request"]
            .into_iter()
            .fold(sign_key(secret.as_bytes()), |key, part| {
                sign_key(hmac::sign(&key, part.as_bytes()).as_ref())
            });
        let signature = HEXLOWER.encode(hmac::sign(&key, text.as_bytes()).as_ref());
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(self.endpoint.clone())
            .header("content-type", CONTENT_TYPE)
            .header("host", &self.host)
            .header("x-amz-date", time)
            .header("x-amz-target", TARGET);
        if let Some(token) = &self.session {
            request = request.header("x-amz-security-token", token);
        }
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={signed}, Signature={signature}",
            self.key_id
        );
        Ok(request
            .header("authorization", authorization)
            .body(body.to_owned())?)
    }
}

fn client() -> Result<Client<HttpsConnector<HttpConnector>, String>, Failure> {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(var("AWS_CA_BUNDLE")?)? {
        roots.add(certificate?)?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_only()
        .enable_http1()
        .wrap_connector(tcp);
    Ok(Client::builder(TokioExecutor::new()).build(connector))
}

fn sha256(text: &str) -> String {
    HEXLOWER.encode(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
}

fn sign_key(bytes: &[u8]) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, bytes)
}

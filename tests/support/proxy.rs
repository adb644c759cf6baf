//! A proxy in front of the emulator: it notes what the functions ask AWS for, and fails as it is told.
//!
//! A request that has arrived is worked on even if its sender has given up meanwhile, as AWS does.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, RANGE, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, Method, Request, Response, StatusCode, Uri};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};

use crate::{Emulator, http_client};

type Answer = Response<BoxBody<Bytes, io::Error>>;

/// The services that the functions use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// DynamoDB.
    DynamoDb,
    /// S3.
    S3,
    /// SQS.
    Sqs,
}

/// Which requests are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matching {
    /// All.
    Any,
    /// Those to a service.
    To(Service),
    /// Those of an operation, by the name that AWS gives it.
    Of(&'static str),
}

/// What can go wrong between a function and AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The service asks for patience, in its own words.
    Throttle,
    /// The service answers 500.
    InternalError,
    /// The request reaches the service that much later.
    Slow(Duration),
    /// The connection closes before the service has seen the request.
    DropBefore,
    /// The connection closes when the service has done its work, before it answers.
    DropAfterCommit,
    /// The connection closes in the middle of the answer.
    CutOff,
    /// Somebody else's transaction holds the item.
    TransactionConflict,
    /// The connection closes at once, and the request reaches the service when it is [released](Proxy::release): given up
    /// on and late.
    Late,
}

/// What chance picks from.
const AT_RANDOM: [Fault; 5] = [
    Fault::Throttle,
    Fault::InternalError,
    Fault::DropBefore,
    Fault::DropAfterCommit,
    Fault::CutOff,
];

/// A request that came by.
#[derive(Clone, Debug)]
pub struct Seen {
    /// To which service.
    pub service: Service,
    /// The operation, by the name that AWS gives it.
    pub operation: String,
    /// Path and query.
    pub target: String,
    /// The range of bytes asked for.
    pub range: Option<String>,
    /// Whether it asks the table for what is true now, and not for what was a moment ago.
    pub consistent_read: bool,
    /// When it arrived.
    pub started: Instant,
    /// When it was answered or hung up on; `None` while it is under way.
    pub ended: Option<Instant>,
    /// What it met with.
    pub fault: Option<Fault>,
    number: u64,
}

impl Seen {
    /// Whether both were under way at the same time.
    pub fn overlaps(&self, other: &Self) -> bool {
        let before = |a: &Self, b: &Self| a.ended.is_none_or(|ended| b.started < ended);
        before(self, other) && before(other, self)
    }

    fn is(&self, matching: Matching) -> bool {
        match matching {
            Matching::Any => true,
            Matching::To(service) => self.service == service,
            Matching::Of(operation) => self.operation == operation,
        }
    }
}

/// How many of the requests were under way at the same time, at most.
pub fn peak(seen: &[Seen]) -> usize {
    let under_way_at = |moment: Instant| {
        let under_way = |other: &&Seen| {
            other.started <= moment && other.ended.is_none_or(|ended| moment < ended)
        };
        seen.iter().filter(under_way).count()
    };
    seen.iter()
        .map(|each| under_way_at(each.started))
        .max()
        .unwrap_or(0)
}

/// A running proxy. Dropping it stops it.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    upstream: String,
    client: reqwest::Client,
    state: Mutex<State>,
    fell_quiet: Notify,
}

#[derive(Debug, Default)]
struct State {
    seen: Vec<Seen>,
    script: Vec<(Matching, Fault, usize)>,
    chance: Option<Chance>,
    /// The items that transactions under way hold, if overlapping ones are to be refused.
    held: Option<HashMap<u64, Vec<String>>>,
    count: u64,
    under_way: usize,
    late: Vec<Exchange>,
}

/// Fails so many of a hundred requests; the same ones for the same seed and order.
#[derive(Debug)]
struct Chance {
    percent: u64,
    state: u64,
}

impl Chance {
    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ self.state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn fault(&mut self) -> Option<Fault> {
        let happens = self.next() % 100 < self.percent;
        let which = self.next() as usize % AT_RANDOM.len();
        happens.then(|| AT_RANDOM[which])
    }
}

impl Proxy {
    /// A proxy in front of the emulator that the environment names.
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .expect("a free port");
        let shared = Arc::new(Shared {
            upstream: Emulator::new().endpoint,
            client: http_client(Duration::from_secs(30)),
            state: Mutex::default(),
            fell_quiet: Notify::new(),
        });
        Self {
            address: listener.local_addr().expect("an address"),
            accepting: tokio::spawn(accept(listener, shared.clone())),
            shared,
        }
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Makes the next `times` matching requests meet with `fault`, after those that were scripted before.
    pub fn fail(&self, matching: Matching, fault: Fault, times: usize) {
        self.shared.state().script.push((matching, fault, times));
    }

    /// Makes all matching requests meet with `fault`, until [`heal`](Self::heal).
    pub fn fail_always(&self, matching: Matching, fault: Fault) {
        self.fail(matching, fault, usize::MAX);
    }

    /// Makes so many of a hundred requests fail in one way or another, until [`heal`](Self::heal).
    pub fn fail_at_random(&self, percent: u64, seed: u64) {
        self.shared.state().chance = Some(Chance {
            percent,
            state: seed,
        });
    }

    /// Refuses, from now on, every write of an item that a transaction under way holds, as DynamoDB does.
    pub fn refuse_overlapping_transactions(&self) {
        self.shared.state().held = Some(HashMap::new());
    }

    /// How many scripted faults have met no request yet.
    pub fn faults_left(&self) -> usize {
        self.shared
            .state()
            .script
            .iter()
            .map(|(_, _, left)| left)
            .sum()
    }

    /// Forgets the faults that are still to come.
    pub fn heal(&self) {
        let mut state = self.shared.state();
        state.script.clear();
        state.chance = None;
    }

    /// What came by since the start or the last time, oldest first.
    pub fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut self.shared.state().seen)
    }

    /// As [`take`](Self::take), the names of the operations alone.
    pub fn take_operations(&self) -> Vec<String> {
        self.take().into_iter().map(|seen| seen.operation).collect()
    }

    /// How many matching requests came by since the start or the last [`take`](Self::take).
    pub fn count(&self, matching: Matching) -> usize {
        let state = self.shared.state();
        state.seen.iter().filter(|seen| seen.is(matching)).count()
    }

    /// How many late requests wait for their release.
    pub fn late(&self) -> usize {
        self.shared.state().late.len()
    }

    /// Lets late requests reach their service, the oldest first; tells which of them were applied.
    pub async fn release(&self) -> Vec<bool> {
        let late = std::mem::take(&mut self.shared.state().late);
        let mut applied = Vec::new();
        for exchange in late {
            let answer = self.shared.forward(exchange).await;
            applied.push(answer.expect("the service answers").status().is_success());
        }
        applied
    }

    /// Waits until nothing is under way, also of what its sender has given up on.
    pub async fn quiet(&self) {
        loop {
            let fell_quiet = self.shared.fell_quiet.notified();
            if self.shared.state().under_way == 0 {
                return;
            }
            fell_quiet.await;
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes an arrival, and what is to become of it.
    fn arrive(self: &Arc<Self>, exchange: &Exchange) -> (Visit, Option<Fault>) {
        let mut state = self.state();
        state.count += 1;
        state.under_way += 1;
        let (service, operation) = exchange.operation();
        let mut seen = Seen {
            service,
            operation,
            target: exchange.target.to_string(),
            range: exchange.header(&RANGE).map(str::to_owned),
            consistent_read: exchange.is_consistent_read(),
            started: Instant::now(),
            ended: None,
            fault: None,
            number: state.count,
        };
        let scripted = state
            .script
            .iter_mut()
            .find(|(matching, _, left)| *left > 0 && seen.is(*matching));
        seen.fault = match scripted {
            Some((_, fault, left)) => {
                *left -= 1;
                Some(*fault)
            }
            None => state.chance.as_mut().and_then(Chance::fault),
        };
        if let Some(held) = &mut state.held {
            let keys = exchange.written_keys();
            if held.values().flatten().any(|key| keys.contains(key)) {
                seen.fault = Some(Fault::TransactionConflict);
            } else if exchange.transaction_size() > 0 {
                held.insert(seen.number, keys);
            }
        }
        let (number, fault) = (seen.number, seen.fault);
        state.seen.push(seen);
        let shared = self.clone();
        (Visit { shared, number }, fault)
    }

    async fn forward(&self, exchange: Exchange) -> io::Result<Answer> {
        let url = format!("{}{}", self.upstream, exchange.target);
        let mut headers = exchange.headers;
        for name in [CONNECTION, TRANSFER_ENCODING, CONTENT_LENGTH] {
            headers.remove(name);
        }
        // The host stays that of the proxy: it is what was signed.
        let request = self.client.request(exchange.method, url).headers(headers);
        let request = request.body(exchange.body);
        let answer = request.send().await.map_err(io::Error::other)?;
        let mut forwarded = Response::builder().status(answer.status());
        for (name, value) in answer.headers() {
            if ![CONNECTION, TRANSFER_ENCODING, CONTENT_LENGTH].contains(name) {
                forwarded = forwarded.header(name, value);
            }
        }
        let body = answer.bytes().await.map_err(io::Error::other)?;
        forwarded.body(whole(body)).map_err(io::Error::other)
    }
}

/// Marks a request as ended when it is dropped.
struct Visit {
    shared: Arc<Shared>,
    number: u64,
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        if let Some(held) = &mut state.held {
            held.remove(&self.number);
        }
        let mut newest_first = state.seen.iter_mut().rev();
        if let Some(seen) = newest_first.find(|seen| seen.number == self.number) {
            seen.ended = Some(Instant::now());
        }
        state.under_way -= 1;
        if state.under_way == 0 {
            self.shared.fell_quiet.notify_waiters();
        }
    }
}

/// A request, read to its end.
#[derive(Debug)]
struct Exchange {
    method: Method,
    target: Uri,
    headers: HeaderMap,
    body: Bytes,
}

impl Exchange {
    fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    fn operation(&self) -> (Service, String) {
        let target = self.header(&HeaderName::from_static("x-amz-target"));
        match target.and_then(|target| target.split_once('.')) {
            Some((service, operation)) if service.starts_with("DynamoDB") => {
                (Service::DynamoDb, operation.to_owned())
            }
            Some((_, operation)) => (Service::Sqs, operation.to_owned()),
            None => (Service::S3, self.s3_operation().to_owned()),
        }
    }

    fn s3_operation(&self) -> &'static str {
        let has = |name| {
            let mut parameters = self.target.query().unwrap_or_default().split('&');
            parameters.any(|parameter| parameter.split('=').next() == Some(name))
        };
        match self.method {
            Method::GET if has("versions") => "ListObjectVersions",
            Method::GET => "GetObject",
            Method::HEAD => "HeadObject",
            Method::PUT => "PutObject",
            Method::DELETE => "DeleteObject",
            Method::POST if has("delete") => "DeleteObjects",
            _ => "PostObject",
        }
    }

    /// The items that a request to DynamoDB writes or checks.
    fn written_keys(&self) -> Vec<String> {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let writes = match body["TransactItems"].as_array() {
            Some(writes) => writes
                .iter()
                .filter_map(|write| write.as_object()?.values().next())
                .collect(),
            None if body["UpdateExpression"].is_string() => vec![&body],
            None => Vec::new(),
        };
        let key = |write: &&Value| {
            let key = if write["Key"].is_object() {
                &write["Key"]
            } else {
                &write["Item"]
            };
            format!("{} {}", key["pk"]["S"], key["sk"]["S"])
        };
        writes.iter().map(key).collect()
    }

    fn is_consistent_read(&self) -> bool {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        body["ConsistentRead"] == true
    }

    /// How many writes a transaction has; zero for what is none.
    fn transaction_size(&self) -> usize {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        body["TransactItems"].as_array().map_or(0, Vec::len)
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Ok((stream, _)) = listener.accept() => {
                connections.spawn(connection(stream, shared.clone()));
            }
            Some(_) = connections.join_next() => {}
            else => tokio::task::yield_now().await,
        }
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| handle(shared.clone(), request));
    // A connection that ends badly is what its client asked to be tested with.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// An error is what makes hyper close the connection without an answer.
async fn handle(shared: Arc<Shared>, request: Request<Incoming>) -> io::Result<Answer> {
    let (parts, body) = request.into_parts();
    let exchange = Exchange {
        method: parts.method,
        target: parts.uri,
        headers: parts.headers,
        body: body.collect().await.map_err(io::Error::other)?.to_bytes(),
    };
    tokio::spawn(meet(shared, exchange))
        .await
        .map_err(io::Error::other)?
}

async fn meet(shared: Arc<Shared>, exchange: Exchange) -> io::Result<Answer> {
    let (visit, fault) = shared.arrive(&exchange);
    let (service, _) = exchange.operation();
    let answer = match fault {
        None => shared.forward(exchange).await,
        Some(Fault::Slow(by)) => {
            tokio::time::sleep(by).await;
            shared.forward(exchange).await
        }
        Some(Fault::Late) => {
            shared.state().late.push(exchange);
            Err(io::ErrorKind::ConnectionAborted.into())
        }
        Some(Fault::DropBefore) => Err(io::ErrorKind::ConnectionAborted.into()),
        Some(Fault::DropAfterCommit) => {
            let _ = shared.forward(exchange).await;
            Err(io::ErrorKind::ConnectionAborted.into())
        }
        Some(Fault::CutOff) => match shared.forward(exchange).await {
            Ok(answer) => cut_off(answer).await,
            Err(fault) => Err(fault),
        },
        Some(Fault::Throttle) => throttled(service),
        Some(Fault::InternalError) => broken(service),
        Some(Fault::TransactionConflict) => conflicting(exchange.transaction_size()),
    };
    drop(visit);
    answer
}

fn whole(body: Bytes) -> BoxBody<Bytes, io::Error> {
    Full::new(body).map_err(|never| match never {}).boxed()
}

/// The first half of the answer, which promises the whole.
async fn cut_off(answer: Answer) -> io::Result<Answer> {
    let (mut parts, body) = answer.into_parts();
    let mut body = body.collect().await?.to_bytes();
    parts.headers.insert(CONTENT_LENGTH, body.len().into());
    body.truncate(body.len() / 2);
    let half = Half::Unsent(body).boxed();
    Ok(Response::from_parts(parts, half))
}

/// A body that breaks off.
enum Half {
    Unsent(Bytes),
    Sent,
    Broken,
}

impl Body for Half {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match std::mem::replace(&mut *self, Self::Broken) {
            Self::Unsent(body) => {
                *self = Self::Sent;
                Poll::Ready(Some(Ok(Frame::data(body))))
            }
            // What is there is sent while there is nothing else to do.
            Self::Sent => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            // This is what makes hyper close the connection.
            Self::Broken => Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into()))),
        }
    }
}

fn throttled(service: Service) -> io::Result<Answer> {
    match service {
        Service::DynamoDb => dynamodb(
            StatusCode::BAD_REQUEST,
            "ProvisionedThroughputExceededException",
            json!({"message": "The level of configured provisioned throughput for the table was exceeded. \
                Consider increasing your provisioning level with the UpdateTable API."}),
        ),
        Service::S3 => s3("SlowDown", "Please reduce your request rate."),
        Service::Sqs => sqs(
            StatusCode::BAD_REQUEST,
            "com.amazonaws.sqs#RequestThrottled",
        ),
    }
}

fn broken(service: Service) -> io::Result<Answer> {
    match service {
        Service::DynamoDb => dynamodb(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalServerError",
            json!({"message": "The request processing has failed because of an unknown error."}),
        ),
        Service::S3 => s3(
            "InternalError",
            "We encountered an internal error. Please try again.",
        ),
        Service::Sqs => sqs(
            StatusCode::INTERNAL_SERVER_ERROR,
            "com.amazon.coral.service#InternalFailure",
        ),
    }
}

/// The first write of a transaction meets another one; a write by itself is refused as a whole.
fn conflicting(writes: usize) -> io::Result<Answer> {
    if writes == 0 {
        let message = "Transaction is ongoing for the item";
        return dynamodb(
            StatusCode::BAD_REQUEST,
            "TransactionConflictException",
            json!({"message": message}),
        );
    }
    let mut codes = vec!["None"; writes];
    codes[0] = "TransactionConflict";
    let reason = |code: &&str| match *code {
        "None" => json!({"Code": "None"}),
        code => json!({"Code": code, "Message": "Transaction is ongoing for the item"}),
    };
    let message = format!(
        "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
        codes.join(", ")
    );
    dynamodb(
        StatusCode::BAD_REQUEST,
        "TransactionCanceledException",
        json!({"Message": message, "CancellationReasons": codes.iter().map(reason).collect::<Vec<_>>()}),
    )
}

fn dynamodb(status: StatusCode, kind: &str, mut body: Value) -> io::Result<Answer> {
    body["__type"] = format!("com.amazonaws.dynamodb.v20120810#{kind}").into();
    answer(status, "application/x-amz-json-1.0", body.to_string())
}

fn sqs(status: StatusCode, kind: &str) -> io::Result<Answer> {
    let body = json!({"__type": kind, "message": "The request was not served."});
    answer(status, "application/x-amz-json-1.0", body.to_string())
}

fn s3(code: &str, message: &str) -> io::Result<Answer> {
    let status = match code {
        "SlowDown" => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message>\
         <RequestId>C3D13FE58DE4C810</RequestId><HostId>EXAMPLE</HostId></Error>"
    );
    answer(status, "application/xml", body)
}

fn answer(status: StatusCode, content_type: &str, body: String) -> io::Result<Answer> {
    let answer = Response::builder()
        .status(status)
        .header(CONTENT_TYPE, content_type);
    answer.body(whole(body.into())).map_err(io::Error::other)
}

//! A proxy in front of the emulator: it notes what the functions ask AWS for, and fails as it is told.
//!
//! A request that has arrived is worked on even if its sender has given up meanwhile, as AWS does.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http::header::{CONNECTION, CONTENT_LENGTH, RANGE, TRANSFER_ENCODING};
use http::{Request, Response};
use http_body_util::BodyExt;
use http_body_util::combinators::BoxBody;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};

use self::exchange::Exchange;
use self::faults::{broken, conflicting, cut_off, not_repeated, throttled, whole};
use crate::{Dice, Emulator, http_client};

mod exchange;
mod faults;

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
    /// DynamoDB refuses what will work later, with an error that the SDK does not repeat: it costs nothing of the quota of
    /// repetitions, which all clients of a process share.
    NotRepeated,
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
    dice: Dice,
}

impl Chance {
    fn fault(&mut self) -> Option<Fault> {
        let happens = self.dice.roll(100) < self.percent;
        let which = self.dice.roll(AT_RANDOM.len() as u64) as usize;
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
            dice: Dice(seed),
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
        Some(Fault::NotRepeated) => not_repeated(),
        Some(Fault::InternalError) => broken(service),
        Some(Fault::TransactionConflict) => conflicting(exchange.transaction_size()),
    };
    drop(visit);
    answer
}

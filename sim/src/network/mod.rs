//! The network and the services behind it.
//!
//! A request on its way no longer depends on who sent it: a caller that gives up, or dies, does not call it back.

mod connector;
pub mod fate;
pub mod fault;
pub mod request;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use serde_json::Value;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use crate::cloud::Cloud;
use crate::network::fate::{Choice, Fate};
use crate::network::fault::Fault;
use crate::network::request::{Service, destination};
use crate::place::{Origin, Place, Queue};
use crate::trace::{Hashed, Text, Trace};

/// When histories begin, in milliseconds since the Unix epoch: a morning in January 2027.
pub const START: i64 = 1_800_000_000_000;

/// How a request failed without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// No connection was made.
    NotConnected,
    /// It broke.
    Reset,
}

/// What became of a request.
pub type Carried = Result<Response<Bytes>, Broken>;

/// What is behind the network, what goes wrong on the way, and what has happened.
#[derive(Debug)]
pub struct State {
    /// The services.
    pub cloud: Cloud,
    /// What happened.
    pub trace: Trace,
    /// What went wrong, and where.
    pub injected: Vec<(Place, Fault)>,
    /// How many calls were made.
    pub calls: u64,
    /// How many of them have not arrived yet.
    pub in_flight: usize,
    /// How many batches of each queue were delivered.
    pub deliveries: BTreeMap<Queue, u16>,
    /// How many batches are being worked on.
    pub running: usize,
    /// How often each invocation was polled that came to its end.
    pub polls: BTreeMap<Place, u32>,
    /// How many faults a message has met, by its id.
    pub met: BTreeMap<String, u32>,
    fate: Fate,
    is_quiet: bool,
    seed: u64,
    started: Instant,
}

/// The network of one history.
#[derive(Clone)]
pub struct Network {
    state: Arc<Mutex<State>>,
    arrived: [Arc<Notify>; Queue::ALL.len()],
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Network")
    }
}

impl Network {
    /// A network on which `fate` decides.
    pub fn new(seed: u64, fate: Fate, cloud: Cloud, trace: Trace) -> Self {
        let state = State {
            cloud,
            trace,
            injected: Vec::new(),
            calls: 0,
            in_flight: 0,
            deliveries: BTreeMap::new(),
            running: 0,
            polls: BTreeMap::new(),
            met: BTreeMap::new(),
            fate,
            is_quiet: false,
            seed,
            started: Instant::now(),
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            arrived: Default::default(),
        }
    }

    /// The state, for as long as nothing is awaited.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells when a message may have come into the queue.
    pub fn arrived(&self, queue: Queue) -> Arc<Notify> {
        self.arrived[queue as usize].clone()
    }

    /// Sends a request as the call at `place`.
    pub fn send(&self, place: Place, request: Request<Bytes>) -> oneshot::Receiver<Carried> {
        let (service, operation) = destination(&request);
        let mut state = self.lock();
        state.calls += 1;
        state.in_flight += 1;
        let choice = Choice {
            kinds: service.faults(operation),
            polls: 0,
        };
        let (there, back) = state.way(place);
        let fault = state.fault(place, &choice);
        let body = Parsed::of(service, operation, &request);
        let head = (request.method().as_str(), path(&request));
        state.note((Hashed(place), (head, &body)), || {
            let fault = fault.map_or(String::new(), |fault| format!(" !{fault}"));
            format!(
                "{place} -> {service:?} {operation} {} {body}{fault}",
                head.1
            )
        });
        drop(state);
        let (sender, receiver) = oneshot::channel();
        let journey = Journey {
            network: self.clone(),
            place,
            service,
            operation: operation.to_owned(),
            body,
            request,
            fault,
        };
        tokio::spawn(journey.run(there, back, sender));
        receiver
    }
}

/// The path and the query, without what depends on a signature's time.
fn path(request: &Request<Bytes>) -> &str {
    request
        .uri()
        .path_and_query()
        .map_or("", |path| path.as_str())
}

/// A body, read once.
#[derive(Debug)]
enum Parsed {
    Json(Value),
    Other(Bytes),
}

impl Parsed {
    fn of(service: Service, _operation: &str, request: &Request<Bytes>) -> Self {
        let parsed = match service {
            Service::DynamoDb => serde_json::from_slice(request.body()).ok(),
            _ => None,
        };
        parsed.map_or_else(|| Self::Other(request.body().clone()), Self::Json)
    }
}

impl crate::trace::Digestible for Parsed {
    fn digest(&self, hasher: &mut std::collections::hash_map::DefaultHasher) {
        match self {
            Self::Json(value) => value.digest(hasher),
            Self::Other(bytes) => bytes[..].digest(hasher),
        }
    }
}

impl fmt::Display for Parsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(value) => write!(f, "{value}"),
            Self::Other(bytes) => write!(f, "{}", Text(bytes)),
        }
    }
}

/// A request on its way.
struct Journey {
    network: Network,
    place: Place,
    service: Service,
    operation: String,
    body: Parsed,
    request: Request<Bytes>,
    fault: Option<Fault>,
}

impl Journey {
    async fn run(self, there: u64, back: u64, caller: oneshot::Sender<Carried>) {
        /// Longer than anybody waits.
        const NEVER: Duration = Duration::from_secs(60);
        let late = match self.fault {
            Some(Fault::Late(by)) => by.into(),
            _ => 0,
        };
        tokio::time::sleep(Duration::from_millis(there + late)).await;
        let outcome = self.arrive();
        tokio::time::sleep(Duration::from_millis(back)).await;
        match self.fault {
            Some(Fault::AnswerLost | Fault::Silent) => tokio::time::sleep(NEVER).await,
            // Nobody listens any more if the caller has given up.
            _ => _ = caller.send(outcome),
        }
    }

    /// What the service does, and what it answers.
    fn arrive(&self) -> Carried {
        let mut state = self.network.lock();
        let now = state.now();
        state.in_flight -= 1;
        let outcome = match self.fault {
            Some(Fault::NotConnected) => Err(Broken::NotConnected),
            Some(Fault::ResetBefore) => Err(Broken::Reset),
            Some(Fault::Silent) => Err(Broken::Reset),
            Some(Fault::Throttled | Fault::FailedBefore | Fault::Busy) => Ok(self.refusal()),
            _ => {
                let json = match &self.body {
                    Parsed::Json(value) => Some(value),
                    Parsed::Other(_) => None,
                };
                let (service, operation) = (self.service, self.operation.as_str());
                let fault = self.fault;
                let answer = state
                    .cloud
                    .call(service, operation, &self.request, json, fault, now);
                state.send_events(self.place);
                self.network
                    .arrived
                    .iter()
                    .for_each(|queue| queue.notify_one());
                match self.fault {
                    Some(Fault::FailedAfter) => Ok(self.refusal()),
                    Some(Fault::ResetAfter) => Err(Broken::Reset),
                    _ => Ok(answer),
                }
            }
        };
        let (status, body) = match &outcome {
            Ok(answer) => (answer.status().as_u16(), answer.body().clone()),
            Err(broken) => (*broken as u16, Bytes::new()),
        };
        state.note((Hashed((self.place, status)), &body[..]), || {
            format!("{} == {status} {}", self.place, Text(&body))
        });
        outcome
    }

    /// What the service says when it does not do it, or says that it has not.
    fn refusal(&self) -> Response<Bytes> {
        let is_throttle = self.fault == Some(Fault::Throttled);
        crate::cloud::refusal(self.service, is_throttle)
    }
}

impl State {
    /// The true time, in milliseconds since the Unix epoch.
    pub fn now(&self) -> i64 {
        START + i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    /// Notes what happened now.
    pub fn note(&mut self, parts: impl crate::trace::Digestible, text: impl FnOnce() -> String) {
        let at = self.now() - START;
        self.trace.note(at, parts, text);
    }

    /// What goes wrong at that place, if anything does.
    pub fn fault(&mut self, place: Place, choice: &Choice) -> Option<Fault> {
        if self.is_quiet || place.origin == Origin::Setup {
            return None;
        }
        let fault = self.fate.fault(self.seed, place, choice)?;
        self.injected.push((place, fault));
        Some(fault)
    }

    /// How many faults there were at places of that origin.
    pub fn faults_of(&self, origin: Origin) -> u32 {
        let faults = self
            .injected
            .iter()
            .filter(|(place, _)| place.origin == origin);
        u32::try_from(faults.count()).unwrap_or(u32::MAX)
    }

    fn way(&mut self, place: Place) -> (u64, u64) {
        if place.origin == Origin::Setup {
            return (1, 1);
        }
        self.fate.way(self.seed, place)
    }

    /// From now on nothing goes wrong any more.
    pub fn become_quiet(&mut self) {
        self.is_quiet = true;
    }

    /// Who decides, for the next run.
    pub fn take_fate(&mut self) -> Fate {
        std::mem::replace(&mut self.fate, Fate::Listed(BTreeMap::new()))
    }

    /// S3 tells the queue what has changed: late, twice and in any order.
    fn send_events(&mut self, place: Place) {
        /// The places of `event-late` and `event-again` among the kinds.
        const KINDS: &[usize] = &[16, 17];
        let records = self.cloud.take_events();
        let now = self.now();
        for record in records {
            let choice = Choice {
                kinds: KINDS,
                polls: 0,
            };
            let fault = self.fault(place.event(), &choice);
            let usual = place.event().chance(self.seed, "event").i64(20..1_500);
            let first = match fault {
                Some(Fault::EventLate(by)) => usual + i64::from(by),
                _ => usual,
            };
            self.cloud.notify(&record, now, now + first);
            if let Some(Fault::EventAgain(after)) = fault {
                self.cloud
                    .notify(&record, now, now + first + i64::from(after));
            }
        }
    }
}

//! All functions on the simulated network, with several environments each.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use serde_json::Value;
use shared::queue::SqsBatchResponse;
use shared::time::Timestamp;
use tower::ServiceExt;

use crate::actors::{Function, Wire};
use crate::environment::{App, Environment, Kind};
use crate::invariants;
use crate::network::Network;
use crate::network::fate::Choice;
use crate::network::fault::Fault;
use crate::place::{self, Place, Queue};
use crate::reference::Checks;
use crate::trace::{Hashed, Text};

/// What Lambda is like in a history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// How far a clock can be off, in milliseconds.
    pub skew: i64,
    /// How many environments of a function run at a time.
    pub environments: u8,
    /// How many of a thousand invocations find their environment replaced by a new one.
    pub cold_starts: u16,
}

/// The functions.
#[derive(Debug)]
pub struct World {
    /// Where everything that they send goes.
    pub network: Network,
    seed: u64,
    conditions: Conditions,
    environments: Mutex<Environments>,
    polls: Mutex<BTreeMap<String, u32>>,
}

#[derive(Debug, Default)]
struct Environments {
    running: BTreeMap<(Kind, u8), Environment>,
    started: u64,
}

/// How long a function that answers requests may take; the template's `Timeout`.
const HTTP_LIMIT: Duration = Duration::from_secs(8);
/// The kinds of faults of a request: `crash` and `unheard`.
const REQUEST_FAULTS: &[usize] = &[13, 14];
/// The kinds of faults of a batch: `crash` and `again`.
pub(crate) const BATCH_FAULTS: &[usize] = &[13, 15];
/// How often a request is polled of which nothing is known yet.
const USUAL_POLLS: u32 = 6;

impl World {
    /// Functions that have not started yet.
    pub fn new(seed: u64, network: Network, conditions: Conditions) -> Self {
        Self {
            network,
            seed,
            conditions,
            environments: Mutex::default(),
            polls: Mutex::default(),
        }
    }

    /// What chance depends on.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The environment that Lambda picks for an invocation.
    ///
    /// # Errors
    /// If it cannot start.
    fn environment(&self, kind: Kind, place: Place) -> Result<Environment, lambda_runtime::Error> {
        let mut random = place.chance(self.seed, "environment");
        let slot = match self.conditions.environments {
            0 | 1 => 0,
            // One of them does most of the work.
            several if random.u8(..3) == 0 => random.u8(..several),
            _ => 0,
        };
        let is_cold = random.u16(..1000) < self.conditions.cold_starts;
        let mut all = self.environments();
        if let Some(running) = all.running.get(&(kind, slot)).filter(|_| !is_cold) {
            return Ok(running.clone());
        }
        all.started += 1;
        let number = all.started;
        let skew = self.conditions.skew;
        let ahead = place::stream(self.seed, "clock", &[number]).i64(-skew..=skew);
        let started = Environment::start(kind, number, ahead, self.seed, &self.network)?;
        all.running.insert((kind, slot), started.clone());
        Ok(started)
    }

    fn environments(&self) -> std::sync::MutexGuard<'_, Environments> {
        self.environments
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The environment has died with its invocation.
    fn bury(&self, kind: Kind) {
        let mut all = self.environments();
        all.running.retain(|(of, _), _| *of != kind);
    }

    /// How often such work was polled the last time.
    fn polls(&self, name: &str) -> u32 {
        let polls = self.polls.lock().unwrap_or_else(PoisonError::into_inner);
        polls.get(name).copied().unwrap_or(USUAL_POLLS)
    }

    /// Runs an invocation until it ends, or its environment dies. `None` if it dies.
    async fn run<T>(
        &self,
        kind: Kind,
        place: Place,
        name: String,
        fault: Option<Fault>,
        limit: Duration,
        work: impl Future<Output = T> + Send,
    ) -> Option<T> {
        let left = match fault {
            Some(Fault::Crash(poll)) => poll.saturating_sub(1),
            _ => u32::MAX,
        };
        let mut mortal = Mortal {
            work: Some(Box::pin(work)),
            left,
        };
        let outcome = tokio::time::timeout(limit, &mut mortal).await;
        let outcome = outcome.ok().flatten();
        if outcome.is_none() {
            self.bury(kind);
        } else if left == u32::MAX {
            let mut polls = self.polls.lock().unwrap_or_else(PoisonError::into_inner);
            let count = u32::MAX - mortal.left;
            polls.insert(name, count);
            self.network.lock().polls.insert(place, count);
        }
        outcome
    }

    async fn answer(
        &self,
        function: Function,
        request: Request<Bytes>,
        place: Place,
    ) -> Option<Response<Bytes>> {
        let kind = Kind::Http(function);
        let name = route(function, &request);
        let choice = Choice {
            kinds: REQUEST_FAULTS,
            polls: self.polls(&name),
        };
        let fault = self.network.lock().fault(place, &choice);
        self.note_request(place, &request, fault);
        let environment = match self.environment(kind, place) {
            Ok(environment) => environment,
            Err(error) => {
                self.found(invariants::Kind::ServerError, error.to_string());
                return None;
            }
        };
        let App::Router(router) = environment.app else {
            return None;
        };
        let deadline = environment.clock.now().after(HTTP_LIMIT);
        let work = invoke(router, request, deadline);
        let response = self.run(kind, place, name, fault, HTTP_LIMIT, work).await;
        self.note_response(place, response.as_ref());
        response.filter(|_| fault != Some(Fault::Unheard))
    }

    fn note_request(&self, place: Place, request: &Request<Bytes>, fault: Option<Fault>) {
        let (method, path) = (request.method().as_str(), request.uri().to_string());
        let parts = (Hashed((place, method, &path)), &request.body()[..]);
        self.network.lock().note(parts, || {
            let fault = fault.map_or(String::new(), |fault| format!(" !{fault}"));
            format!("{place} >> {method} {path} {}{fault}", Text(request.body()))
        });
    }

    fn note_response(&self, place: Place, response: Option<&Response<Bytes>>) {
        let status = response.map_or(0, |response| response.status().as_u16());
        let body = response.map_or(&[][..], |response| &response.body()[..]);
        self.network
            .lock()
            .note((Hashed((place, status)), body), || match status {
                0 => format!("{place} << died"),
                _ => format!("{place} << {status} {}", Text(body)),
            });
    }

    /// Gives a batch to the function that reads the queue. `None` if it died.
    ///
    /// # Errors
    /// If the function could not start, or took the event for none.
    pub async fn deliver(
        &self,
        queue: Queue,
        event: Value,
        place: Place,
        fault: Option<Fault>,
    ) -> Result<Option<SqsBatchResponse>, lambda_runtime::Error> {
        let kind = Kind::Queue(queue);
        let environment = self.environment(kind, place)?;
        let limit = match queue {
            Queue::Uploads => Duration::from_secs(25),
            Queue::Purge => Duration::from_secs(29),
        };
        let deadline = environment.clock.now().after(limit);
        let work = async {
            match environment.app {
                App::S3Event(app) => app.handle(event, deadline).await,
                App::Purge(app) => app.handle(event, deadline).await,
                App::Router(_) => Err("a queue is read by a function without routes".into()),
            }
        };
        let name = queue.as_str().to_owned();
        let outcome = self.run(kind, place, name, fault, limit, work).await;
        outcome.transpose()
    }

    /// What a delivery of that queue can meet.
    pub fn batch_choice(&self, queue: Queue) -> Choice {
        Choice {
            kinds: BATCH_FAULTS,
            polls: self.polls(queue.as_str()),
        }
    }

    /// Adds a finding.
    pub fn found(&self, kind: invariants::Kind, detail: impl Into<String>) {
        self.network.lock().cloud.checks.watch.add(kind, detail);
    }
}

/// What requests are alike.
fn route(function: Function, request: &Request<Bytes>) -> String {
    let path: Vec<_> = request.uri().path().split('/').take(4).collect();
    let has_body = !request.body().is_empty();
    format!(
        "{function:?} {} {} {} {has_body}",
        request.method(),
        path.get(2).unwrap_or(&""),
        path.len()
    )
}

/// One request to a router, with the deadline that Lambda sets.
async fn invoke(router: Router, request: Request<Bytes>, deadline: Timestamp) -> Response<Bytes> {
    let mut context = lambda_runtime::Context::default();
    context.deadline = u64::try_from(deadline.millis()).unwrap_or(0);
    let mut request = request.map(Body::from);
    request.extensions_mut().insert(context);
    let answer = router.oneshot(request).await;
    let (head, body) = answer.unwrap_or_else(|never| match never {}).into_parts();
    let body = body.collect().await.map(|body| body.to_bytes());
    Response::from_parts(head, body.unwrap_or_default())
}

impl Wire for World {
    async fn http(&self, function: Function, request: Request<Bytes>) -> Option<Response<Bytes>> {
        place::request(|place| self.answer(function, request, place)).await
    }

    async fn s3(&self, request: Request<Bytes>) -> Option<Response<Bytes>> {
        /// How long a phone waits.
        const PATIENCE: Duration = Duration::from_secs(30);
        place::request(|_| async {
            let answer = self.network.send(place::call(), request);
            let answer = tokio::time::timeout(PATIENCE, answer).await;
            answer.ok()?.ok()?.ok()
        })
        .await
    }

    fn now(&self) -> i64 {
        self.network.lock().now()
    }

    fn checks<T>(&self, with: impl FnOnce(&mut Checks) -> T) -> T {
        with(&mut self.network.lock().cloud.checks)
    }
}

/// Work that ends at a poll: the process has died at an await, and what it had sent stays on its way.
struct Mortal<'a, T> {
    work: Option<Pin<Box<dyn Future<Output = T> + Send + 'a>>>,
    left: u32,
}

impl<T> Future for Mortal<'_, T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if this.left == 0 {
            this.work = None;
        }
        let Some(work) = &mut this.work else {
            return Poll::Ready(None);
        };
        this.left -= 1;
        work.as_mut().poll(context).map(Some)
    }
}

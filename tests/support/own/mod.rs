//! The functions that `make new-function` has made. Each has a module here, which tells the tests of all functions what
//! they have to know of it. Apart from its own test, nothing else in the tests names it.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use lambda_runtime::Error;
use serde_json::Value;
use shared::function::Setup;
use shared::queue::SqsBatchResponse;
use shared::telemetry::Telemetry;
use shared::time::Timestamp;

use crate::Api;
use crate::functions::Function;
use crate::world::Deployment;

// The module of each function; its line in `FUNCTIONS` is below.

/// A function of one's own.
#[derive(Clone, Copy, Debug)]
pub struct OwnFunction {
    /// Its name and its routes.
    pub function: Function,
    /// Builds what a test calls.
    pub build: for<'a> fn(Setup<'a>) -> Building<'a>,
    /// A request of each route, and who may send it.
    pub requests: &'static [OwnRequest],
    /// Fields of its bodies that take any text a person writes.
    pub free_text: &'static [&'static str],
    /// Its files in `events/`, and the status that each gets; `None` for a queue event.
    pub samples: &'static [(&'static str, Option<u16>)],
}

/// A request that succeeds, if whoever sends it may.
#[derive(Clone, Copy, Debug)]
pub struct OwnRequest {
    /// Its route.
    pub route: &'static str,
    /// What each actor of the access matrix gets, in the matrix's order: a status or an error's code.
    pub outcomes: [&'static str; 9],
    /// Its JSON body; empty if the route reads none.
    pub body: &'static str,
}

/// A function that is being built.
pub type Building<'a> = Pin<Box<dyn Future<Output = Result<Built, Error>> + 'a>>;

/// A function as a test calls it.
#[derive(Clone, Debug)]
pub enum Built {
    /// It answers requests.
    Http(Api),
    /// It reads a queue.
    Queue(Worker),
}

/// What handles a queue's events.
#[derive(Clone)]
pub struct Worker(Arc<dyn Fn(Value, Timestamp) -> Handling + Send + Sync>);

type Handling = Pin<Box<dyn Future<Output = Result<SqsBatchResponse, Error>> + Send>>;

impl Worker {
    /// A worker that hands each event and the end of its invocation to `app`.
    pub fn new<A, F>(app: A, handle: fn(Arc<A>, Value, Timestamp) -> F) -> Self
    where
        A: Send + Sync + 'static,
        F: Future<Output = Result<SqsBatchResponse, Error>> + Send + 'static,
    {
        let app = Arc::new(app);
        let handle =
            move |event, deadline| -> Handling { Box::pin(handle(app.clone(), event, deadline)) };
        Self(Arc::new(handle))
    }

    /// Handles an event; returns the identifiers of the messages that failed.
    ///
    /// # Panics
    /// If the event is none of a queue's.
    pub async fn handle(&self, event: Value, deadline: Timestamp) -> Vec<String> {
        let answer = (self.0)(event, deadline).await;
        let failures = answer.expect("a batch is answered").batch_item_failures;
        let failures = failures.into_iter();
        failures.map(|failure| failure.item_identifier).collect()
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Worker")
    }
}

const FUNCTIONS: &[OwnFunction] = &[
    // One line for each function.
];

/// All of them.
pub fn all() -> impl Iterator<Item = &'static OwnFunction> + Clone {
    FUNCTIONS.iter()
}

/// The requests of all of them.
pub fn requests() -> impl Iterator<Item = &'static OwnRequest> + Clone {
    all().flat_map(|own| own.requests)
}

/// The request that creates what the path's `{id}` names; `None` if the path is no such one.
pub fn creation(path: &str) -> Option<&'static OwnRequest> {
    let list = path.strip_suffix("/{id}")?;
    requests().find(|request| request.route.strip_prefix("POST ") == Some(list))
}

/// Whether a field of that name takes any text.
pub fn is_free_text(name: &str) -> bool {
    all().any(|own| own.free_text.contains(&name))
}

/// The functions of a world, by name.
pub(crate) type Running = BTreeMap<&'static str, Built>;

/// Builds all of them as a world's.
pub(crate) async fn build(
    deployment: &Deployment,
    telemetry: &impl Fn(&'static str) -> Telemetry,
) -> Running {
    let mut running = Running::new();
    for own in all() {
        let name = own.function.name;
        let built = deployment.build(name, telemetry(name), own.build).await;
        running.insert(name, built);
    }
    running
}

impl OwnRequest {
    /// What is about the caller alone: whoever has an account gets `success`.
    pub const fn for_callers(success: &'static str) -> [&'static str; 9] {
        let (none, shut) = ("unauthorized", "account_disabled");
        [
            none, none, success, success, success, none, shut, none, shut,
        ]
    }

    /// What names one of the owner's items: to everybody else it is not there.
    pub const fn for_owners(success: &'static str) -> [&'static str; 9] {
        let (none, shut, unseen) = ("unauthorized", "account_disabled", "not_found");
        [none, none, success, unseen, unseen, none, shut, none, shut]
    }
}

//! How a function starts and runs. Everything that it takes from outside is in its [`Setup`], so a test that makes a setup
//! of its own tests the very app that is deployed.

use aws_sdk_dynamodb::Client;
use axum::Router;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;

use crate::aws::{Aws, Timeouts, client_config};
use crate::config::{Vars, process_environment};
use crate::http::event;
use crate::net::Network;
use crate::own::{Own, is_name};
use crate::queue::SqsBatchResponse;
use crate::random::Random;
use crate::store::Store;
use crate::telemetry::{Telemetry, log};
use crate::time::{Clock, Timestamp};

/// What an app is built from.
pub struct Setup<'a> {
    /// The environment. Each part of an app reads its own variables, and `build` ends with [`Vars::finish_with`].
    pub vars: Vars<'a>,
    /// Where the app gets the time from, and nowhere else.
    pub clock: Clock,
    /// Where tokens, ids and nonces come from.
    pub random: Random,
    /// How other servers are reached.
    pub network: Network,
    /// Where lines and metrics go.
    pub telemetry: Telemetry,
    /// How long a call to AWS may take.
    pub timeouts: Timeouts,
}

impl<'a> Setup<'a> {
    /// The function `name` as it is deployed, with the variables that `get` gives.
    pub fn system(name: &str, get: &'a dyn Fn(&str) -> Option<String>) -> Self {
        let clock = Clock::system();
        let mut vars = Vars::new(get);
        let telemetry = Telemetry::read(&mut vars, name, clock.clone());
        let network = Network::read(&mut vars);
        Self {
            vars,
            clock,
            random: Random::system(),
            network,
            telemetry,
            timeouts: Timeouts::default(),
        }
    }

    /// Reads how AWS is reached.
    pub fn aws(&mut self) -> Aws {
        Aws::read(&mut self.vars, self.network.clone()).with_timeouts(self.timeouts)
    }

    /// Reads `TABLE_NAME`, and makes a client for the table.
    pub fn store(&mut self, aws: &Aws) -> Store {
        let table = self.vars.required("TABLE_NAME");
        let config = client_config!(aws_sdk_dynamodb, aws, DynamoDb);
        Store::new(
            Client::from_conf(config.build()),
            table,
            self.clock.clone(),
            self.random.clone(),
        )
    }

    /// Reads `TABLE_NAME`, and makes what an own function reaches of the table. `function` is the name of its package,
    /// which the partitions that it shares begin with.
    pub fn own(&mut self, aws: &Aws, function: &'static str) -> Own {
        if !is_name(function) {
            self.vars.reject(function, "is no name of a function");
        }
        let store = self.store(aws);
        Own::new(store, function, self.clock.clone(), self.random.clone())
    }
}

/// Runs the function of the package `name`, which answers HTTP requests, until its environment ends.
///
/// # Errors
/// If the app cannot be built, or the Runtime API cannot be reached.
pub async fn run_http<A>(
    name: &str,
    build: impl AsyncFnOnce(Setup<'_>) -> Result<A, Error>,
    router: impl FnOnce(A) -> Router,
) -> Result<(), Error> {
    let app = start(name, build).await?;
    event::run(router(app)).await
}

/// Runs the function of the package `name`, which works on a queue's messages, until its environment ends. `handle` gets an
/// event and the time at which its invocation ends.
///
/// # Errors
/// If the app cannot be built, or the Runtime API cannot be reached.
pub async fn run_queue<A>(
    name: &str,
    build: impl AsyncFnOnce(Setup<'_>) -> Result<A, Error>,
    handle: impl AsyncFn(&A, Value, Timestamp) -> Result<SqsBatchResponse, Error>,
) -> Result<(), Error> {
    let app = start(name, build).await?;
    let (app, handle) = (&app, &handle);
    let work = |event: LambdaEvent<Value>| async move {
        let deadline = event.context.deadline.try_into().unwrap_or(i64::MAX);
        handle(app, event.payload, Timestamp::from_millis(deadline)).await
    };
    lambda_runtime::run(service_fn(work)).await
}

async fn start<A>(
    name: &str,
    build: impl AsyncFnOnce(Setup<'_>) -> Result<A, Error>,
) -> Result<A, Error> {
    log::init(name, process_environment);
    build(Setup::system(name, &process_environment))
        .await
        .inspect_err(log::failed_init)
}

//! The DynamoDB table. Only this module knows of attributes, keys and expressions: nothing of HTTP, nor of who calls.
//!
//! `schema` shows what is in it; one file or folder has one use case, on top of `dynamo`, `transaction` and
//! `expression`.

mod account;
mod actor;
pub mod audit;
mod conflict;
mod dynamo;
pub mod editor;
mod error;
pub mod export;
mod expression;
mod fence;
mod item;
mod nickname;
pub mod own;
mod owner_state;
mod page;
pub mod purge;
pub mod reservation;
pub mod review;
mod review_id;
mod schema;
pub mod session;
mod transaction;
mod unanswered;
pub mod upload;
pub mod user;

use aws_sdk_dynamodb::Client;

use crate::random::Random;
use crate::store::conflict::Attempts;
use crate::store::dynamo::Dynamo;
use crate::time::Clock;

pub use account::{Account, Lifecycle, Refusal};
pub use actor::Actor;
pub use error::StoreError;
pub use page::Page;

/// The table, and what its writes need.
#[derive(Clone, Debug)]
pub struct Store {
    dynamo: Dynamo,
    clock: Clock,
    random: Random,
}

impl Store {
    /// The table named `table`.
    pub fn new(client: Client, table: String, clock: Clock, random: Random) -> Self {
        Self {
            dynamo: Dynamo::new(client, table, random.clone()),
            clock,
            random,
        }
    }

    /// Asks for an item that is not there, so that the first request finds an open connection. Failure does not matter.
    pub async fn warm_up(&self) {
        self.dynamo.warm_up().await;
    }

    /// For an operation that may have to start over.
    pub(crate) fn attempts(&self) -> Attempts<'_> {
        Attempts::new(&self.random)
    }
}

//! What the model answers, through `call`.

mod batch;
mod mistakes;
mod query;
mod recording;
mod session;
mod support;
mod transaction;
mod update;

//! The functions as they are deployed, in one process and under a seed: every call of theirs goes to a model of the service,
//! which answers late, twice or not at all.

pub mod actors;
mod aws_json;
pub mod cloud;
pub mod dynamodb;
pub mod environment;
pub mod exhaustive;
pub mod history;
pub mod invariants;
pub mod network;
pub mod place;
pub mod planted;
pub mod queues;
pub mod random;
pub mod reference;
pub mod report;
pub mod s3;
pub mod script;
#[cfg(test)]
mod sdk;
pub mod secrets;
pub mod shrink;
pub mod sqs;
pub mod trace;
pub mod wechat;
pub mod world;

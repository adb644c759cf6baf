//! The functions as they are deployed, in one process and under a seed: every call of theirs goes to a model of the service,
//! which answers late, twice or not at all.

pub mod actors;
pub mod dynamodb;
pub mod planted;
pub mod invariants;
pub mod reference;
pub mod s3;
pub mod secrets;
pub mod sqs;
pub mod wechat;

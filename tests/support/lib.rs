//! What the tests of the whole system share: a Lambda environment for a binary, events as AWS sends them, and sample
//! files.

pub mod http_event;
pub mod runtime_api;
pub mod samples;

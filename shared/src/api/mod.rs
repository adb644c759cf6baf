//! Responses: what the API shows of what is stored.

pub mod audit;
pub mod user;

//! Responses: what the API shows of what is stored.

pub mod audit;
pub mod page;
pub mod review;
pub mod upload;
pub mod user;

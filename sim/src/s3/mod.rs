//! A model of S3: one versioned bucket and its notifications.
pub mod ticket;

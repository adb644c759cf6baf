//! What a function tells its operator: log lines, and one summary line with metrics for each request or message.
//!
//! Rules: a message reads alone and carries fields; units stand in names (`duration_ms`); a failure is logged once, at
//! the edge; tokens, codes, openids, e-mail addresses, phone numbers and bodies never.

pub mod log;
pub mod metric;
pub mod record;

pub use metric::Metric;
pub use record::{Telemetry, count, field, measure};

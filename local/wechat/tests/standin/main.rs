//! The stand-in, called over HTTP as any client would.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the helpers are parts of tests, too"
)]

mod api;
mod client;
mod control;
mod faults;
mod program;
mod push;

//! What the tests of the whole system share: the functions as one world in this process, a Lambda environment for a
//! binary, events as AWS sends them, and sample files.

// A test helper that cannot go on fails the test; there is nobody to return an error to.
#![allow(clippy::expect_used, clippy::panic, clippy::missing_panics_doc)]

pub mod api;
pub mod emulator;
pub mod http_event;
pub mod keys;
pub mod proxy;
pub mod runtime_api;
pub mod samples;
pub mod world;

pub use api::{Answer, Api};
pub use emulator::Emulator;
pub use world::{Session, World};

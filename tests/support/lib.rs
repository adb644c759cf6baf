//! What the tests of the whole system share: the functions as one world in this process, a Lambda environment for a
//! binary, events as AWS sends them, and sample files.

pub mod api;
pub mod emulator;
pub mod http_event;
pub mod keys;
pub mod proxy;
pub mod recorder;
pub mod runtime_api;
pub mod samples;
pub mod world;

pub use api::{Answer, Api};
pub use emulator::Emulator;
pub use world::{Session, World};

//! What the tests of the whole system share: the functions as one world in this process, a Lambda environment for a
//! binary, events as AWS sends them, and sample files.

use std::time::Duration;

use shared::net::{self, Roots};

pub mod api;
pub mod emulator;
pub mod environment;
pub mod events;
pub mod http_event;
pub mod keys;
pub mod proxy;
pub mod recorder;
pub mod runtime_api;
pub mod samples;
pub mod session;
pub mod storage;
pub mod uploads;
pub mod world;

pub use api::{Answer, Api};
pub use emulator::Emulator;
pub use environment::Environment;
pub use session::Session;
pub use uploads::{Upload, wanted};
pub use world::World;

/// A client of the tests' own: a phone's, or that of whoever watches.
///
/// # Panics
/// If TLS cannot be set up.
pub fn http_client(timeout: Duration) -> reqwest::Client {
    let connect_timeout = Duration::from_secs(2);
    net::client(&Roots::mozilla(), connect_timeout, timeout).expect("an HTTP client")
}

//! What the tests of the whole system share: the functions as one world in this process, a Lambda environment for a
//! binary, events as AWS sends them, and sample files.

use std::time::Duration;

pub mod api;
pub mod dice;
pub mod emulator;
pub mod environment;
pub mod events;
pub mod feed;
pub mod functions;
pub mod http_event;
pub mod keys;
pub mod moderation;
pub mod own;
pub mod own_function;
pub mod proxy;
pub mod recorder;
pub mod records;
pub mod responses;
pub mod runtime_api;
pub mod samples;
pub mod session;
pub mod storage;
pub mod template;
pub mod topic;
pub mod uploads;
pub mod world;

pub use api::{Answer, Api};
pub use dice::Dice;
pub use emulator::Emulator;
pub use environment::Environment;
pub use session::Session;
pub use template::Template;
pub use uploads::{Upload, wanted};
pub use world::World;

/// A client of the tests' own: a phone's, or that of whoever watches.
///
/// # Panics
/// If its settings are refused.
pub fn http_client(timeout: Duration) -> reqwest::Client {
    let connect_timeout = Duration::from_secs(2);
    reqwest::Client::builder()
        .connect_timeout(connect_timeout)
        .timeout(timeout)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .expect("an HTTP client")
}

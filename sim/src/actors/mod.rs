//! Who uses the functions: persons with one or two devices each, and an administrator.

mod account;
mod action;
mod admin;
mod api;
mod closing;
mod device;
mod objects;
mod plan;
mod response;
#[cfg(test)]
mod tests;
mod upload;

pub use action::{Action, ParseActionError};
pub use api::Function;
pub use closing::look_around;
pub use device::{Device, Person};
pub use plan::{Step, plan};

use std::future::Future;

use bytes::Bytes;
use http::{Request, Response};

use crate::reference::Checks;

/// What actors need of the world.
pub trait Wire {
    /// Sends a request to a function; `None` if the client never hears an answer.
    fn http(
        &self,
        function: Function,
        request: Request<Bytes>,
    ) -> impl Future<Output = Option<Response<Bytes>>>;

    /// Sends a phone's request straight to S3, likewise.
    fn s3(&self, request: Request<Bytes>) -> impl Future<Output = Option<Response<Bytes>>>;

    /// The true time, in milliseconds since the Unix epoch.
    fn now(&self) -> i64;

    /// The checks of this history. Nothing else of the world is used meanwhile.
    fn checks<T>(&self, with: impl FnOnce(&mut Checks) -> T) -> T;
}

/// Does one thing as `device`, which then knows what its owner would know.
pub async fn act<W: Wire>(world: &W, action: Action, device: &mut Device) {
    if device.needs_login(action) {
        return account::log_in(world, device, true).await;
    }
    match action.subject() {
        action::Subject::Account => account::act(world, action, device).await,
        action::Subject::Upload => upload::act(world, action, device).await,
        action::Subject::Admin => admin::act(world, action, device).await,
    }
}

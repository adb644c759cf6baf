//! Users: reading, listing, editing, creating, deleting.

mod changes;
mod create;
mod delete;
mod edit;
mod list;
mod read;
mod unread;

pub use changes::Changes;
pub use create::{CreateUserError, NewUser};
pub use delete::{DeletedAccount, DeletionTarget};
pub use edit::EditUserError;
pub use list::is_list_position;

use crate::store::error::StoreError;

/// How often a write starts over because somebody else was faster.
const ATTEMPTS: u32 = 4;

fn kept_changing() -> StoreError {
    StoreError::Unavailable("the user kept changing".into())
}

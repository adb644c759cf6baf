//! Users: reading, listing, editing, creating, deleting.

mod changes;
mod create;
mod delete;
mod edit;
mod list;
mod nickname;
mod nickname_update;
mod read;
mod unread;

pub use changes::Changes;
pub use create::{CreateUserError, NewUser};
pub use delete::{DeletedAccount, DeletionTarget};
pub use edit::EditUserError;
pub use list::is_list_position;
pub use nickname::{AnnouncedNickname, NicknameStage, NicknameVerdict, VerdictOutcome};

//! What only administrators may do. That they are one, their token says, which is good for a while; whether they still
//! are, the table.

use shared::auth::{Caller, Role};
use shared::error::{Code, Error};

use crate::App;

/// Makes sure that the account of a caller whose token says administrator is neither deleted, disabled nor demoted:
/// otherwise it could be used, until the token runs out, to undo just that.
pub(crate) async fn confirm(app: &App, caller: &Caller) -> Result<(), Error> {
    let account = app.store.account(&caller.user).await?;
    let account = account.ok_or_else(|| Error::new(Code::Unauthorized))?;
    match account.admit(caller.epoch)?.role {
        Role::Admin => Ok(()),
        Role::User => Err(Error::new(Code::Forbidden)),
    }
}

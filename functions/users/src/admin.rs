//! What only administrators may read. That they are one, their token says, which is good for a while; whether they still
//! are, the table. What they write asks the table in its own transaction (`shared::store::audit`).

use shared::auth::Caller;
use shared::error::Error;

use crate::App;

/// Makes sure that the account of a caller whose token says administrator is neither deleted, disabled nor demoted.
pub(crate) async fn confirm(app: &App, caller: &Caller) -> Result<(), Error> {
    Ok(app.store.confirm_admin(caller.actor()).await?)
}

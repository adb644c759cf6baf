//! Who calls the store.

use crate::ids::{Epoch, UserId};

/// A person with a token of one account generation. Whether the account is still in that one, the table is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Actor<'a> {
    /// The user in whose name it is done.
    pub user: &'a UserId,
    /// The account generation that the token is of.
    pub epoch: Epoch,
}

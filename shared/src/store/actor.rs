//! Who calls the store.

use crate::ids::{Epoch, UserId};

/// A person with a token of one account generation. Whether the account is still in that one, the table is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Actor<'a> {
    /// Who.
    pub user: &'a UserId,
    /// The account generation that the token is of.
    pub epoch: Epoch,
}

//! Who reads what is shared.

use crate::auth::Caller;
use crate::store::Actor;

/// Who reads what others share: a caller, whose account is asked whether it lets them in, or anybody, without a token.
#[derive(Clone, Copy, Debug)]
pub enum Reader<'a> {
    /// Somebody with an access token.
    Member(&'a Caller),
    /// Nobody knows who: a route with the access `Anyone`.
    Anyone,
}

impl<'a> Reader<'a> {
    pub(super) const fn actor(self) -> Option<Actor<'a>> {
        match self {
            Self::Member(caller) => Some(caller.actor()),
            Self::Anyone => None,
        }
    }

    /// What a cursor of the reader's is bound to.
    pub(super) fn scope(self) -> &'a str {
        match self {
            Self::Member(caller) => caller.user.as_str(),
            Self::Anyone => "anyone",
        }
    }
}

impl<'a> From<&'a Caller> for Reader<'a> {
    fn from(caller: &'a Caller) -> Self {
        Self::Member(caller)
    }
}

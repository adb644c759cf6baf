//! What a refusal or a failure of the store is to a client.

use crate::error::{Code, Error};
use crate::store::audit::NotAdmin;
use crate::store::{Refusal, StoreError};

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        let code = match error {
            StoreError::Unavailable(_) => Code::TemporarilyUnavailable,
            StoreError::Refused(_) | StoreError::Corrupt(_) => Code::Internal,
        };
        Self::new(code).caused_by(error)
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::new(match refusal {
            Refusal::Gone => Code::Unauthorized,
            Refusal::Disabled => Code::AccountDisabled,
        })
    }
}

impl From<NotAdmin> for Error {
    fn from(refusal: NotAdmin) -> Self {
        match refusal {
            NotAdmin::Account(refusal) => refusal.into(),
            NotAdmin::Demoted => Self::new(Code::Forbidden),
        }
    }
}

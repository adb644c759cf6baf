//! What the store's errors are in HTTP.

use shared::error::{Code, Error};
use shared::store::upload::{AdminUploadError, IssueUploadsError, ReadUploadError};

pub(crate) fn issue_error(error: IssueUploadsError) -> Error {
    match error {
        IssueUploadsError::IdempotencyMismatch => Error::new(Code::IdempotencyMismatch),
        IssueUploadsError::QuotaExceeded {
            retry_after: Some(wait),
        } => Error::new(Code::UploadQuota).retry_after(wait),
        IssueUploadsError::QuotaExceeded { retry_after: None } => Error::new(Code::UploadQuota)
            .without_retry_after()
            .detail("the stored files take up all of the space: delete some first"),
        IssueUploadsError::AccessDenied(refusal) => refusal.into(),
        IssueUploadsError::Store(error) => error.into(),
    }
}

pub(crate) fn read_error(error: ReadUploadError) -> Error {
    match error {
        ReadUploadError::AccessDenied(refusal) => refusal.into(),
        ReadUploadError::Store(error) => error.into(),
    }
}

pub(crate) fn admin_error(error: AdminUploadError) -> Error {
    match error {
        AdminUploadError::NotAdmin(refusal) => refusal.into(),
        AdminUploadError::Store(error) => error.into(),
    }
}

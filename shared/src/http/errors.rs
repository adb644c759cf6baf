//! What a refusal or a failure of the store is to a client.

use std::time::Duration;

use crate::error::{Code, Error};
use crate::store::audit::{AdminError, NotAdmin};
use crate::store::editor::AccessError;
use crate::store::review::{DecideReviewError, ReportError};
use crate::store::upload::{IssueUploadsError, ReadUploadError};
use crate::store::user::{CreateUserError, EditUserError};
use crate::store::{Refusal, StoreError};

/// How long a client should wait whose request met too many others.
const CONTENDED_WAIT: Duration = Duration::from_secs(1);

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        let answer = match error {
            StoreError::Unavailable(_) => Self::new(Code::TemporarilyUnavailable),
            // The others are nearly always the caller's own requests: no fault of ours, and over as soon as they are.
            StoreError::Contended => Self::new(Code::RateLimited)
                .retry_after(CONTENDED_WAIT)
                .detail("too many requests that change the same thing"),
            StoreError::Refused(_) | StoreError::Corrupt(_) => Self::new(Code::Internal),
        };
        answer.caused_by(error)
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

impl From<AdminError> for Error {
    fn from(error: AdminError) -> Self {
        match error {
            AdminError::NotAdmin(refusal) => refusal.into(),
            AdminError::Store(error) => error.into(),
        }
    }
}

impl From<AccessError> for Error {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::Refused(refusal) => refusal.into(),
            AccessError::NotFound => Self::new(Code::NotFound),
            AccessError::Deleting => Self::new(Code::AccountDeleting),
            AccessError::VersionMismatch => Self::new(Code::VersionMismatch),
            AccessError::NotAdmin(refusal) => refusal.into(),
            AccessError::Store(error) => error.into(),
        }
    }
}

impl From<EditUserError> for Error {
    fn from(error: EditUserError) -> Self {
        match error {
            EditUserError::Access(error) => error.into(),
            EditUserError::UsernameTaken => Self::new(Code::UsernameTaken),
            EditUserError::EmailTaken => Self::new(Code::EmailTaken),
            EditUserError::AvatarUnusable => {
                let message =
                    "must be a verified upload of the user's own, with the purpose avatar";
                Self::invalid_field("avatar_upload_id", "invalid_value", message)
            }
        }
    }
}

impl From<CreateUserError> for Error {
    fn from(error: CreateUserError) -> Self {
        match error {
            CreateUserError::NotAdmin(refusal) => refusal.into(),
            CreateUserError::Exists => Self::new(Code::UserExists),
            CreateUserError::Deleting => Self::new(Code::AccountDeleting),
            CreateUserError::UsernameTaken => Self::new(Code::UsernameTaken),
            CreateUserError::EmailTaken => Self::new(Code::EmailTaken),
            CreateUserError::Store(error) => error.into(),
        }
    }
}

impl From<DecideReviewError> for Error {
    fn from(error: DecideReviewError) -> Self {
        match error {
            DecideReviewError::NotWaiting => Self::new(Code::NotFound),
            DecideReviewError::Admin(error) => error.into(),
        }
    }
}

impl From<ReportError> for Error {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::AccessDenied(refusal) => refusal.into(),
            ReportError::Own => Self::invalid_field(
                "user",
                "not_allowed",
                "must be somebody else: what is one's own can be deleted",
            ),
            ReportError::NotFound => Self::new(Code::NotFound),
            ReportError::QuotaExceeded { retry_after } => Self::new(Code::RateLimited)
                .retry_after(retry_after)
                .detail("too many reports today"),
            ReportError::Store(error) => error.into(),
        }
    }
}

impl From<ReadUploadError> for Error {
    fn from(error: ReadUploadError) -> Self {
        match error {
            ReadUploadError::AccessDenied(refusal) => refusal.into(),
            ReadUploadError::Store(error) => error.into(),
        }
    }
}

impl From<IssueUploadsError> for Error {
    fn from(error: IssueUploadsError) -> Self {
        match error {
            IssueUploadsError::IdempotencyMismatch => Self::new(Code::IdempotencyMismatch),
            IssueUploadsError::QuotaExceeded {
                retry_after: Some(wait),
            } => Self::new(Code::UploadQuota).retry_after(wait),
            IssueUploadsError::QuotaExceeded { retry_after: None } => Self::new(Code::UploadQuota)
                .without_retry_after()
                .detail("the stored files take up all of the space: delete some first"),
            IssueUploadsError::AccessDenied(refusal) => refusal.into(),
            IssueUploadsError::Store(error) => error.into(),
        }
    }
}

//! Reviews: what waits for a person to decide on.
//!
//! A review lies in the partition of the person whom it is about, so that it goes with their account, and under a key
//! that is derived from its subject, so that opening it twice opens one. The index `gsi1` lists those that wait, by age.
//!
//! | attribute | is |
//! |---|---|
//! | `epoch` | the account generation that it is about |
//! | `cause` | why it was opened: a [`Cause`] |
//! | `labels` | what the content check calls its finding |
//! | `finding_text` | the text to decide on |
//! | `content_type` | the type of the upload, which is a part of its key |
//! | `check_id`, `item_pk`, `item_sk` | which check of which text |
//! | `reports`, `report_reasons` | how often it was reported, and as what |
//! | `created_at` | when it was opened, in milliseconds |
//! | `gsi1pk`, `gsi1sk` | its place in the list, for as long as it waits |
//! | `decision`, `closed_at`, `ttl` | what was decided, and when that was carried out; kept so that nothing late opens it again |

mod decide;
mod erase;
mod list;
mod open;
mod report;
mod subject;

use std::str::FromStr;

pub use crate::content_check::Decision;
pub use crate::store::review_id::ReviewId;
pub use decide::{DecideReviewError, DecidedReview};
pub use list::{WaitingReview, is_review_position};
pub use report::{NewReport, Report, ReportError, ReportReason};
pub use subject::Subject;

/// Why a person has to look at something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// WeChat's content check has found something, or is not sure.
    ContentCheck,
    /// WeChat cannot check it.
    Unsupported,
    /// WeChat was asked, and has not answered in time.
    Overdue,
    /// Somebody has reported it.
    Report,
}

impl Cause {
    const ALL: [Self; 4] = [
        Self::ContentCheck,
        Self::Unsupported,
        Self::Overdue,
        Self::Report,
    ];

    /// The cause's name in the table and in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ContentCheck => "content_check",
            Self::Unsupported => "unsupported",
            Self::Overdue => "overdue",
            Self::Report => "report",
        }
    }
}

impl FromStr for Cause {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let found = Self::ALL.into_iter().find(|cause| cause.as_str() == text);
        found.ok_or(())
    }
}

/// What whoever decides is shown beside the subject.
#[derive(Clone, Debug, Default)]
pub struct Finding {
    /// What the content check calls what it has found.
    pub labels: Vec<String>,
    /// The text that was checked, if the subject is one.
    pub text: Option<String>,
}

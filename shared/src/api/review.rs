//! What waits for a person to decide on, and reports.

use serde::Serialize;

use crate::api::upload::{Reader, UploadResponse};
use crate::api::user::{UserResponse, View};
use crate::ids::{UploadId, UserId};
use crate::store::review::{NewReport, Report, Subject, WaitingReview};
use crate::time::Timestamp;
use crate::upload::link::Links;

/// A review as administrators see it.
#[derive(Debug, Serialize)]
pub struct ReviewResponse<'a> {
    id: String,
    subject: &'static str,
    user: &'a UserId,
    upload: Option<UploadResponse>,
    text: Option<&'a str>,
    profile: Option<UserResponse<'a>>,
    cause: &'static str,
    labels: &'a [String],
    reports: u64,
    report_reasons: &'a [String],
    created_at: String,
}

impl<'a> ReviewResponse<'a> {
    /// `review` as it is shown at `now`, with links to the pictures that it is about.
    pub fn new(review: &'a WaitingReview, links: &Links, now: Timestamp) -> Self {
        let (subject, is_profile) = match review.subject {
            Subject::Upload(_) => ("upload", false),
            Subject::Nickname { .. } => ("nickname", false),
            Subject::Text { .. } => ("text", false),
            Subject::Account { .. } => ("profile", true),
        };
        let upload = review.upload.as_ref();
        let profile = UserResponse::new(&review.user, View::Stranger, Some(links), now);
        Self {
            id: review.id.to_string(),
            subject,
            user: review.id.user(),
            upload: upload.map(|record| UploadResponse::new(record, Reader::Owner, links, now)),
            text: review.text.as_deref(),
            profile: is_profile.then_some(profile),
            cause: review.cause.as_str(),
            labels: &review.labels,
            reports: review.reports,
            report_reasons: &review.report_reasons,
            created_at: review.created_at.to_rfc3339(),
        }
    }
}

/// A report as its author sees it.
#[derive(Debug, Serialize)]
pub struct ReportResponse<'a> {
    user: &'a UserId,
    upload: Option<String>,
    reason: &'static str,
    created_at: String,
}

impl<'a> ReportResponse<'a> {
    /// What became of the report that was asked for.
    pub fn new(asked: &NewReport<'a>, made: &Report) -> Self {
        Self {
            user: asked.user,
            upload: asked.upload.as_ref().map(UploadId::to_string),
            reason: made.reason.as_str(),
            created_at: made.created_at.to_rfc3339(),
        }
    }
}

//! An entry of the audit.

use serde::Serialize;

use crate::store::audit::{AuditEntry, StoredStanding};

/// An entry as administrators see it.
#[derive(Debug, Serialize)]
pub struct AuditEntryResponse<'a> {
    id: &'a str,
    created_at: String,
    actor: &'a str,
    action: &'a str,
    target: &'a str,
    upload: Option<&'a str>,
    fields: &'a [String],
    before: Option<StandingResponse<'a>>,
    after: Option<StandingResponse<'a>>,
}

#[derive(Debug, Serialize)]
struct StandingResponse<'a> {
    role: &'a str,
    status: &'a str,
}

impl<'a> From<&'a AuditEntry> for AuditEntryResponse<'a> {
    fn from(entry: &'a AuditEntry) -> Self {
        Self {
            id: &entry.id,
            created_at: entry.created_at.to_rfc3339(),
            actor: &entry.actor,
            action: &entry.action,
            target: &entry.target,
            upload: entry.upload.as_deref(),
            fields: &entry.fields,
            before: entry.before.as_ref().map(StandingResponse::from),
            after: entry.after.as_ref().map(StandingResponse::from),
        }
    }
}

impl<'a> From<&'a StoredStanding> for StandingResponse<'a> {
    fn from(standing: &'a StoredStanding) -> Self {
        Self {
            role: &standing.role,
            status: &standing.status,
        }
    }
}

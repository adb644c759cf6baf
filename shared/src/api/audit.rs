//! An entry of the audit.

use serde::Serialize;

use crate::store::audit::{AuditEntry, StoredRoleAndStatus};

/// An entry as administrators see it.
#[derive(Debug, Serialize)]
pub struct AuditEntryResponse<'a> {
    id: &'a str,
    created_at: String,
    actor: &'a str,
    action: &'a str,
    target: &'a str,
    upload: Option<&'a str>,
    decision: Option<&'a str>,
    fields: &'a [String],
    before: Option<RoleAndStatusResponse<'a>>,
    after: Option<RoleAndStatusResponse<'a>>,
}

#[derive(Debug, Serialize)]
struct RoleAndStatusResponse<'a> {
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
            decision: entry.decision.as_deref(),
            fields: &entry.fields,
            before: entry.before.as_ref().map(RoleAndStatusResponse::from),
            after: entry.after.as_ref().map(RoleAndStatusResponse::from),
        }
    }
}

impl<'a> From<&'a StoredRoleAndStatus> for RoleAndStatusResponse<'a> {
    fn from(stored: &'a StoredRoleAndStatus) -> Self {
        Self {
            role: &stored.role,
            status: &stored.status,
        }
    }
}

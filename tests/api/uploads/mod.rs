//! Tickets, what S3 admits with them, and what events make of records, through the routes and against the emulator's S3.

mod avatar;
mod checks;
mod delete;
mod domain;
mod events;
mod file_types;
mod former_records;
mod list;
mod quota;
mod repeats;
mod requests;
mod tickets;
mod verdicts;

use std::time::Duration;

/// A little longer than a ticket lasts.
const TICKET_ENDS: Duration = Duration::from_secs(301);

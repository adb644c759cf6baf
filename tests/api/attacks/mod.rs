//! What an attacker tries who knows the source: tokens used as one another, requests that say more than they may, tickets
//! and links bent into other requests, and changes in a loop. `docs/security.md` names these tests.

mod contention;
mod requests;
mod signed;
mod tickets;
mod tokens;

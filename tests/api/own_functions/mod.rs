//! What own functions keep, through the function in `tests/support/own_function/mod.rs`.

mod attachments;
mod items;
mod purge;
mod shared_items;

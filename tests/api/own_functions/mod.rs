//! What own functions keep, through the function in `tests/support/own_function.rs`.

mod items;
mod shared_items;

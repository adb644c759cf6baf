//! A page of a list.

use serde::Serialize;

/// One page, which may be short or empty without being the last.
#[derive(Debug, Serialize)]
pub struct PageResponse<T> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// The `cursor` of the next page; `None` on the last one.
    pub next_cursor: Option<String>,
}

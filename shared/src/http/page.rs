//! The page of a list that a request asks for.

use std::str::FromStr;

use crate::error::{Code, Error};
use crate::http::{JsonFields, body, cursor};

const DEFAULT_LIMIT: usize = 20;

/// The query parameters `limit` and `cursor`.
#[derive(Clone, Debug)]
pub struct PageRequest {
    /// How many items the page may have.
    pub limit: usize,
    cursor: Option<String>,
}

impl PageRequest {
    /// Takes the parameters from a query.
    pub fn read(fields: &mut JsonFields) -> Self {
        let limit = fields.optional("limit", body::page_limit);
        Self {
            limit: limit.unwrap_or(DEFAULT_LIMIT),
            cursor: fields.optional("cursor", body::text),
        }
    }

    /// The first page, with up to `limit` items.
    pub const fn first(limit: usize) -> Self {
        Self {
            limit,
            cursor: None,
        }
    }

    /// The position that the page before ended at, if the cursor was made for `scope`; `None` for the first page.
    ///
    /// # Errors
    /// `invalid_cursor` if the cursor was changed, was made for another scope, or seals no such position.
    pub fn after<P: FromStr>(&self, scope: &str) -> Result<Option<P>, Error> {
        let Some(cursor) = &self.cursor else {
            return Ok(None);
        };
        let position = cursor::decode(cursor, scope)?.parse();
        position
            .map(Some)
            .map_err(|_| Error::new(Code::InvalidCursor))
    }
}

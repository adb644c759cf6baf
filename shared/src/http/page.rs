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
        self.position(scope, |text| text.parse().ok())
    }

    /// The same for a position that is text of the form that `is_position` tells.
    ///
    /// # Errors
    /// As those of [`after`](Self::after).
    pub fn after_text(
        &self,
        scope: &str,
        is_position: impl FnOnce(&str) -> bool,
    ) -> Result<Option<String>, Error> {
        self.position(scope, |text| is_position(&text).then_some(text))
    }

    /// Anybody can compute a cursor's digest, so what it seals is looked at, too.
    fn position<P>(
        &self,
        scope: &str,
        read: impl FnOnce(String) -> Option<P>,
    ) -> Result<Option<P>, Error> {
        let Some(cursor) = &self.cursor else {
            return Ok(None);
        };
        let position = read(cursor::decode(cursor, scope)?);
        position.map_or_else(
            || Err(Error::new(Code::InvalidCursor)),
            |read| Ok(Some(read)),
        )
    }
}

//! Pages of uploads, as `limit` and `cursor` ask for them.

use shared::api::page::PageResponse;
use shared::api::upload::{Reader, UploadResponse};
use shared::error::{Code, Error};
use shared::http::{JsonFields, body, cursor};
use shared::ids::UploadId;
use shared::store::Page;
use shared::store::upload::Record;

use crate::App;

const DEFAULT_LIMIT: usize = 20;

/// The query parameters that every list of uploads takes.
pub(crate) struct PageRequest {
    pub(crate) limit: usize,
    cursor: Option<String>,
}

impl PageRequest {
    pub(crate) fn read(fields: &mut JsonFields) -> Self {
        let limit = fields.optional("limit", body::page_limit);
        Self {
            limit: limit.unwrap_or(DEFAULT_LIMIT),
            cursor: fields.optional("cursor", body::text),
        }
    }

    /// The last upload of the page before, if the cursor was made for `scope`.
    pub(crate) fn before(&self, scope: &str) -> Result<Option<UploadId>, Error> {
        let Some(cursor) = &self.cursor else {
            return Ok(None);
        };
        let position = cursor::decode(cursor, scope)?;
        let upload = position.parse();
        upload
            .map(Some)
            .map_err(|_| Error::new(Code::InvalidCursor))
    }
}

/// The records of `page` that are `wanted`, as `reader` is shown them. The cursor of the next page is bound to `scope`.
pub(crate) fn page_response(
    app: &App,
    page: Page<Record>,
    scope: &str,
    reader: Reader,
    wanted: impl Fn(&Record) -> bool,
) -> PageResponse<UploadResponse> {
    let now = app.clock.now();
    let records = page.items.iter().filter(|record| wanted(record));
    PageResponse {
        items: records
            .map(|record| UploadResponse::new(record, reader, &app.links, now))
            .collect(),
        next_cursor: page.next.map(|position| cursor::encode(&position, scope)),
    }
}

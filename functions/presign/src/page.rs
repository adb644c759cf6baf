//! Pages of uploads.

use shared::api::page::PageResponse;
use shared::api::upload::{Reader, UploadResponse};
use shared::http::cursor;
use shared::store::Page;
use shared::store::upload::Record;

use crate::App;

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

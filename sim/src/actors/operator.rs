//! What operators do to the bucket by hand.

use bytes::Bytes;
use http::Request;

use super::device::Held;
use super::upload::held;
use super::{Device, Wire};
use crate::invariants::Attributes;
use crate::reference::Ask;

/// What an operator does in the console of S3, unsuspecting.
pub(super) async fn operate<W: Wire>(world: &W, device: &mut Device, remove_version: bool) {
    let (Some(held), Some(user)) = (
        held(device, |held| held.ticket.is_object()),
        device.user.clone(),
    ) else {
        return;
    };
    let version = world.checks(|checks| {
        let record = checks.watch.record(&user, &held.id)?;
        record.text("version_id").map(str::to_owned)
    });
    let Some(mut url) = object_url(&held) else {
        return;
    };
    if remove_version {
        let Some(version) = version else {
            return;
        };
        url = format!("{url}?versionId={version}");
    }
    // Requests that are signed in their headers are believed.
    let request = Request::delete(url).header("authorization", "AWS4-HMAC-SHA256 operator");
    let Ok(request) = request.body(Bytes::new()) else {
        return;
    };
    let ask = Ask::DeleteUpload { user, id: held.id };
    let now = world.now();
    world.checks(|checks| checks.begin(ask, None, now));
    let _ = world.s3(request).await;
}

/// Where the upload's object is.
fn object_url(held: &Held) -> Option<String> {
    let url = held.ticket["url"].as_str()?;
    match held.ticket["fields"]["key"].as_str() {
        Some(key) => Some(format!("{}/{key}", url.trim_end_matches('/'))),
        None => url.split('?').next().map(str::to_owned),
    }
}

//! What an event does to the record: the object is what the ticket allowed, or it goes.

use shared::ids::Purpose;
use shared::queue::{Again, Handled};
use shared::store::upload::{Applied, Replaced, StoredObject};
use shared::telemetry;
use shared::upload::key::ObjectKey;
use shared::upload::sniff;
use shared::user::Avatar;

use crate::Parts;
use crate::notification::{Event, Kind};
use crate::objects::Look;

/// After so many receives, an object without a record is taken for an orphan.
const ORPHAN_RECEIVES: u32 = 3;

/// Brings the record in line with an event. Safe to repeat, and to do in any order.
pub(crate) async fn apply(app: &Parts, event: &Event, receives: u32) -> Result<Handled, Again> {
    match event.kind {
        Kind::Created => created(app, event, receives).await,
        Kind::Removed => removed(app, event).await,
    }
}

async fn created(app: &Parts, event: &Event, receives: u32) -> Result<Handled, Again> {
    let key = &event.key;
    // The profile is read while S3 is asked: an avatar's write needs to know which picture it replaces.
    let look = app.objects.look(key, event.version.as_deref());
    let (look, avatar) = tokio::join!(look, current_avatar(app, key));
    let Some(look) = look? else {
        return Ok(Handled::Done("object was gone before it was looked at"));
    };
    let object = StoredObject {
        key: key.clone(),
        sequence: event.sequence.clone(),
        size: look.size,
        etag: look.etag.clone(),
        version: event.version.clone().or_else(|| look.version.clone()),
    };
    if let Err(reason) = check(app, key, &look) {
        return reject(app, &object, reason, receives).await;
    }
    let applied = match key.upload.purpose() {
        Purpose::File => app.store.complete_upload(&object).await,
        Purpose::Avatar => app.store.complete_avatar(&object, avatar?).await,
    };
    match applied.map_err(Again::because)? {
        Applied::Done { replaced, .. } => {
            remove_replaced(app, replaced).await?;
            telemetry::count("uploads_ready");
            Ok(Handled::Done("upload is ready"))
        }
        Applied::Duplicate { replaced, .. } => {
            remove_replaced(app, replaced).await?;
            Ok(Handled::Done("event was applied before"))
        }
        Applied::RejectedBefore { version } => finish_rejection(app, &object, version).await,
        Applied::Stale => remove_superseded(app, &object).await,
        Applied::WrongSize => reject(app, &object, "size_mismatch", receives).await,
        Applied::NoRecord => orphan(app, &object, receives).await,
        Applied::Gone => {
            remove_object(app, &object, "object of a deleted upload was removed").await
        }
    }
}

/// The owner's picture for an avatar; `Ok(None)` for anything else, and for an owner who is gone.
async fn current_avatar(app: &Parts, key: &ObjectKey) -> Result<Option<Option<Avatar>>, Again> {
    if key.upload.purpose() != Purpose::Avatar {
        return Ok(None);
    }
    let account = app.store.account(&key.user).await.map_err(Again::because)?;
    let user = account
        .and_then(|account| account.user)
        .filter(|user| user.epoch == key.upload.epoch());
    Ok(user.map(|user| user.avatar))
}

/// Whether the object is what its ticket allowed, as far as its bytes tell. The exact size is the record's to know.
fn check(app: &Parts, key: &ObjectKey, look: &Look) -> Result<(), &'static str> {
    let declared = key.content_type;
    if look.size > app.limits.max_bytes(key.upload.purpose()) {
        return Err("too_large");
    }
    // S3 serves an object with this type, whatever its bytes.
    if look.size > 0 && look.content_type.as_deref() != Some(declared.as_str()) {
        return Err("type_mismatch");
    }
    sniff::check(&look.head, declared).map_err(sniff::Mismatch::as_str)
}

/// Marks the record first and removes the object then: cut off in between, the repetition removes it.
async fn reject(
    app: &Parts,
    object: &StoredObject,
    reason: &'static str,
    receives: u32,
) -> Result<Handled, Again> {
    telemetry::field("reason", reason);
    match app
        .store
        .reject_upload(object, reason)
        .await
        .map_err(Again::because)?
    {
        Applied::NoRecord => orphan(app, object, receives).await,
        Applied::Stale => remove_superseded(app, object).await,
        Applied::Gone | Applied::WrongSize => {
            remove_object(app, object, "object of a deleted upload was removed").await
        }
        Applied::Done { version, .. }
        | Applied::Duplicate { version, .. }
        | Applied::RejectedBefore { version } => {
            telemetry::count("uploads_rejected");
            finish_rejection(app, object, version).await
        }
    }
}

/// What follows an event that comes after a later one: its version is not the one that the record stands for, and goes.
async fn remove_superseded(app: &Parts, object: &StoredObject) -> Result<Handled, Again> {
    const DONE: &str = "a later event was applied before";
    if app
        .store
        .disown_version(object)
        .await
        .map_err(Again::because)?
    {
        return remove_object(app, object, DONE).await;
    }
    Ok(Handled::Done(DONE))
}

/// What follows a rejection: an earlier version of the upload is no picture any more, and the object goes.
async fn finish_rejection(
    app: &Parts,
    object: &StoredObject,
    earlier: Option<String>,
) -> Result<Handled, Again> {
    take_off_profile(app, &object.key, earlier).await?;
    remove_object(app, object, "upload is rejected").await
}

/// Takes that version of an avatar off the profile, if it is what the profile shows.
async fn take_off_profile(
    app: &Parts,
    key: &ObjectKey,
    version: Option<String>,
) -> Result<(), Again> {
    match version {
        Some(version) if key.upload.purpose() == Purpose::Avatar => {
            let cleared = app.store.clear_avatar(key, Some(&version)).await;
            cleared.map_err(Again::because)
        }
        _ => Ok(()),
    }
}

async fn orphan(app: &Parts, object: &StoredObject, receives: u32) -> Result<Handled, Again> {
    if receives < ORPHAN_RECEIVES {
        return Err(Again::because("the upload is unknown"));
    }
    app.objects
        .remove(&object.key, object.version.as_deref())
        .await?;
    telemetry::count("orphans_removed");
    Ok(Handled::Hopeless(
        "the upload is unknown; its object was removed",
    ))
}

async fn remove_object(
    app: &Parts,
    object: &StoredObject,
    done: &'static str,
) -> Result<Handled, Again> {
    app.objects
        .remove(&object.key, object.version.as_deref())
        .await?;
    Ok(Handled::Done(done))
}

async fn remove_replaced(app: &Parts, replaced: Option<Replaced>) -> Result<(), Again> {
    match replaced {
        Some(old) => app.objects.remove(&old.key, old.version.as_deref()).await,
        None => Ok(()),
    }
}

async fn removed(app: &Parts, event: &Event) -> Result<Handled, Again> {
    let applied = app
        .store
        .remove_upload(&event.key, event.version.as_deref(), &event.sequence)
        .await
        .map_err(Again::because)?;
    let (Applied::Done { version, .. } | Applied::Duplicate { version, .. }) = applied else {
        return Ok(Handled::Done("removal changed nothing"));
    };
    take_off_profile(app, &event.key, version).await?;
    Ok(Handled::Done("upload is deleted"))
}

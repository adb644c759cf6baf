use serde_json::json;

use super::Case;
use super::scene::{
    ANNA, NOW, PNG, Scene, file, id, idempotency, item, n, object, pending, pending_id, picture,
    ready, s,
};
use crate::invariants::item::{quota_key, upload_key, user_key};
use crate::invariants::{Item, Kind};

pub(super) const CASES: &[Case] = &[
    (Kind::UploadPath, |scene| {
        record(scene, &file(), |record| *record = pending(16))
    }),
    (Kind::UploadIncomplete, |scene| {
        record(scene, &file(), |record| _ = record.remove("etag"))
    }),
    (Kind::UploadIncomplete, |scene| {
        record(scene, &file(), |record| {
            _ = record.insert("ttl".to_owned(), n(1))
        })
    }),
    (Kind::UploadIncomplete, |scene| {
        record(scene, &pending_id(), |record| {
            record.extend(item(
                json!({"status": s("rejected"), "seq": s("f"), "reason": s("because")}),
            ));
        });
    }),
    (Kind::UploadFixedChanged, |scene| {
        record(scene, &pending_id(), |record| {
            _ = record.insert("declared_size".to_owned(), n(7))
        })
    }),
    (Kind::UploadFixedChanged, |scene| {
        record(scene, &pending_id(), |record| {
            _ = record.insert("ticket_until".to_owned(), n(7))
        })
    }),
    (Kind::VersionReplaced, |scene| {
        record(scene, &file(), |record| {
            _ = record.insert("version_id".to_owned(), s("v9"))
        })
    }),
    (Kind::UnverifiedReferenced, |scene| {
        record(scene, &pending_id(), ready("v9"))
    }),
    (Kind::UnverifiedReferenced, |scene| {
        scene
            .objects
            .push(object(&pending_id(), "v3", b"<html></html>!!!"));
        scene.show_bucket();
        record(scene, &pending_id(), ready("v3"));
    }),
    (Kind::UploadWithoutAccount, |scene| {
        scene.delete_account();
        record(scene, &id(false, 1, 9), |record| *record = pending(1));
    }),
    (Kind::UploadRemovedEarly, |scene| {
        scene.write([(upload_key(ANNA, &pending_id()), None)])
    }),
    (Kind::AvatarNotReady, |scene| {
        record(scene, &picture(), tombstone)
    }),
    (Kind::AvatarNotReady, |scene| {
        let account = scene.changed(ANNA, |account| {
            _ = account.insert("avatar_version".to_owned(), s("v1"))
        });
        scene.write([account]);
    }),
    (Kind::OpenTicketUncounted, |scene| {
        quota(scene, |quota| _ = quota.remove("open"))
    }),
    (Kind::TooManyOpen, |scene| {
        quota(scene, |quota| {
            let open = [file(), picture(), pending_id(), id(false, 1, 9)];
            quota.insert("open".to_owned(), json!({"SS": open}));
        });
    }),
    (Kind::TooManyToday, |scene| {
        quota(scene, |quota| {
            _ = quota.insert("d20261106".to_owned(), n(5))
        })
    }),
    (Kind::TicketUncounted, |scene| {
        record(scene, &id(false, 1, 9), |record| *record = pending(1))
    }),
    (Kind::TicketUncounted, |scene| {
        record(scene, &pending_id(), |record| {
            _ = record.insert("ticket_until".to_owned(), n(NOW))
        });
    }),
    (Kind::TicketUncounted, |scene| {
        let new = id(false, 1, 9);
        let record = (upload_key(ANNA, &new), Some(pending(1)));
        let quota = scene.edited(quota_key(ANNA), |quota| {
            quota.extend(item(
                json!({"open": {"SS": [pending_id(), new]}, "bytes": n(100)}),
            ));
        });
        scene.write([record, quota]);
    }),
    (Kind::BytesUncounted, |scene| {
        quota(scene, |quota| _ = quota.insert("bytes".to_owned(), n(1)))
    }),
    (Kind::QuotaWithoutAccount, |scene| {
        scene.delete_account();
        quota(scene, |quota| {
            _ = quota.insert("open".to_owned(), json!({"SS": [id(false, 1, 9)]}))
        });
    }),
    (Kind::IdempotencyForeign, |scene| {
        let key = crate::invariants::item::alone(format!("RL#IK#{ANNA}#1#01"));
        scene.write([(
            key,
            Some(item(
                json!({"request": {"B": ""}, "uploads": {"L": [s(file())]}, "upload": s(file())}),
            )),
        )]);
    }),
    (Kind::IdempotencyChanged, |scene| {
        scene.edit(idempotency(), |item| {
            _ = item.insert("request".to_owned(), json!({"B": "Ag=="}))
        });
    }),
    (Kind::ObjectChanged, |scene| {
        scene.objects[0].bytes = "other".into();
        scene.show_bucket();
    }),
    (Kind::PurgeLeftRecord, |scene| ended(scene)),
    (Kind::PurgeLeftQuota, |scene| ended(scene)),
    (Kind::PurgeLeftObject, |scene| ended(scene)),
    (Kind::UnreferencedVersion, |scene| {
        scene.objects.push(object(&file(), "v7", PNG));
        scene.end();
    }),
    (Kind::ListedVersionLeft, |scene| {
        record(scene, &file(), |record| {
            record.insert("remove_version".to_owned(), s("v7"));
        });
        scene.objects.push(object(&file(), "v7", PNG));
        scene.end();
    }),
    (Kind::MarkerLeft, |scene| {
        let mut marker = object(&file(), "v7", b"");
        marker.is_marker = true;
        scene.objects.push(marker);
        scene.end();
    }),
    (Kind::ReferencedVersionMissing, |scene| {
        scene.objects.clear();
        scene.end();
    }),
    (Kind::PendingWithObject, |scene| {
        scene.objects.push(object(&pending_id(), "v3", PNG));
        scene.end();
    }),
];

fn record(scene: &mut Scene, id: &str, change: impl FnOnce(&mut Item)) {
    scene.edit(upload_key(ANNA, id), change);
}

fn quota(scene: &mut Scene, change: impl FnOnce(&mut Item)) {
    scene.edit(quota_key(ANNA), change);
}

fn tombstone(record: &mut Item) {
    record.insert("status".to_owned(), s("gone"));
    record.insert("ttl".to_owned(), n(NOW));
    for name in ["version_id", "size", "etag", "ready_at"] {
        record.remove(name);
    }
}

/// An account that ended, and of which nothing was purged.
fn ended(scene: &mut Scene) {
    scene.delete_account();
    scene.edit(user_key(ANNA), |account| {
        _ = account.insert("status".to_owned(), s("deleted"))
    });
    scene.end();
}

#[test]
fn the_ends_of_an_upload_are_in_order() {
    let mut scene = Scene::new();
    record(&mut scene, &file(), tombstone);
    record(&mut scene, &pending_id(), |record| {
        record.extend(item(
            json!({"status": s("rejected"), "seq": s("f"), "reason": s("empty")}),
        ));
    });
    scene.objects.remove(0);
    scene.end();
    assert_eq!(scene.watch.findings(), []);
}

use serde_json::json;

use super::Case;
use super::scene::{ANNA, NOW, ROOT, Scene, item, n, reservation, s};
use crate::invariants::item::{alone, own_owner_state_key, owner_state_key, user_key};
use crate::invariants::{Item, Key, Kind};

pub(super) const CASES: &[Case] = &[
    (Kind::UnknownItem, |scene| {
        scene.write([(alone("XX#1".to_owned()), Some(Item::new()))])
    }),
    (Kind::UnknownAttribute, |scene| {
        scene.set([("shoe_size", n(43))])
    }),
    (Kind::UserRemoved, |scene| {
        scene.write([(user_key(ANNA), None)])
    }),
    (Kind::EpochWentBack, |scene| scene.set([("epoch", n(0))])),
    (Kind::EpochWithoutDeletion, |scene| {
        scene.set([("epoch", n(2))])
    }),
    (Kind::VersionWentBack, |scene| {
        scene.set([("version", n(0))])
    }),
    (Kind::FenceWentBack, |scene| {
        scene.set([("fence", n(NOW - 1))])
    }),
    (Kind::FenceNotRaised, |scene| {
        scene.set([("sessions_ended_at", n(NOW))])
    }),
    (Kind::FenceNotRaised, |scene| {
        scene.set([("sessions_ended_at", n(NOW + 1)), ("fence", n(NOW + 2))]);
    }),
    (Kind::FenceNotRaised, |scene| {
        let disabled = scene.changed(ANNA, |account| {
            _ = account.insert("status".to_owned(), s("disabled"))
        });
        scene.write([disabled]);
    }),
    (Kind::SessionsEndedAtWentBack, |scene| {
        scene.set([("sessions_ended_at", n(NOW + 2)), ("fence", n(NOW + 2))]);
        scene.set([("sessions_ended_at", n(NOW + 1)), ("fence", n(NOW + 3))]);
    }),
    (Kind::StatusPath, |scene| {
        scene.set([("status", s("deleted"))])
    }),
    (Kind::DeletedAccountHasData, |scene| {
        scene.delete_account();
        scene.set([("phone", s("1"))]);
    }),
    (Kind::DeletedAccountHasSession, |scene| {
        scene.delete_account();
        scene.set([("s_1", s("1"))]);
    }),
    (Kind::LiveAccountIncomplete, |scene| {
        scene.edit(user_key(ANNA), |account| _ = account.remove("openid"))
    }),
    (Kind::LiveAccountIncomplete, |scene| {
        scene.set([("gsi1sk", s("0"))])
    }),
    (Kind::ChangeWithoutVersion, |scene| {
        scene.set([("nickname", s("A"))])
    }),
    (Kind::UpdatedAtNotLater, |scene| {
        scene.set([("nickname", s("A")), ("version", n(9))])
    }),
    (Kind::FixedAttributeChanged, |scene| {
        scene.set([("openid", s("other"))])
    }),
    (Kind::EditTwice, |scene| {
        scene.set([("edit", json!({"B": "AQ=="}))]);
        scene.set([
            ("edit", json!({"B": "Ag=="})),
            ("edit_before", json!({"B": "AQ=="})),
        ]);
        scene.set([
            ("edit", json!({"B": "AQ=="})),
            ("edit_before", json!({"B": "Ag=="})),
        ]);
    }),
    (Kind::AccessChangeWithoutAudit, |scene| {
        let promoted = scene.changed(ANNA, |account| {
            _ = account.insert("role".to_owned(), s("admin"))
        });
        scene.write([promoted]);
    }),
    (Kind::ReservationTaken, |scene| {
        scene.write([reservation("anna", ROOT)])
    }),
    (Kind::ReservationWithoutUser, |scene| {
        scene.write([reservation("boris", ANNA)])
    }),
    (Kind::UserWithoutReservation, |scene| {
        scene.write([(alone("UN#anna".to_owned()), None)])
    }),
    (Kind::UserWithoutReservation, |scene| {
        let renamed = scene.changed(ANNA, |account| {
            account.insert("username".to_owned(), s("boris"));
            account.insert("username_key".to_owned(), s("boris"));
        });
        scene.write([renamed]);
    }),
    (Kind::NameWithoutForm, |scene| {
        let renamed = scene.changed(ANNA, |account| {
            _ = account.insert("username".to_owned(), s("boris"))
        });
        scene.write([renamed, reservation("boris", ANNA)]);
    }),
    (Kind::OwnerStateDisagrees, |scene| {
        let state = item(json!({"epoch": n(1), "disabled": {"BOOL": true}}));
        scene.write([(owner_state_key(ANNA), Some(state))]);
    }),
    (Kind::OwnerStateDisagrees, |scene| {
        scene.delete_account();
        scene.write([(owner_state_key(ANNA), None)]);
    }),
    (Kind::OwnerStateDisagrees, |scene| {
        scene.delete_account();
        scene.write([(own_owner_state_key(ANNA), None)]);
    }),
    (Kind::AuditChanged, |scene| {
        promote(scene, ROOT, |_| {});
        let (key, _) = entry(ROOT);
        scene.edit(key, |entry| {
            _ = entry.insert("action".to_owned(), s("create_user"))
        });
    }),
    (Kind::AuditIncomplete, |scene| {
        promote(scene, ROOT, |entry| _ = entry.remove("ttl"))
    }),
    (Kind::AuditByNobody, |scene| promote(scene, ANNA, |_| {})),
    (Kind::AuditDisagrees, |scene| {
        promote(scene, ROOT, |entry| {
            _ = entry.insert("role_after".to_owned(), s("user"))
        })
    }),
    (Kind::AuditDisagrees, |scene| {
        promote(scene, ROOT, |entry| {
            _ = entry.insert("fields".to_owned(), json!({"L": []}))
        })
    }),
    (Kind::AuditDisagrees, |scene| scene.write([entry(ROOT)])),
    (Kind::PurgeUnfinished, |scene| {
        scene.delete_account();
        scene.end();
    }),
    (Kind::MessageLeft, |scene| {
        scene.left.messages.push("purge".to_owned());
        scene.end();
    }),
    (Kind::DeadLetter, |scene| {
        scene.left.dead_letters.push((4, "purge".to_owned()));
        scene.end();
    }),
];

fn entry(actor: &str) -> (Key, Option<Item>) {
    let key = Key {
        pk: "AU#0".to_owned(),
        sk: "001".to_owned(),
    };
    let entry = item(
        json!({"actor": s(actor), "action": s("change_user"), "target": s(ANNA),
        "fields": {"L": [s("role")]}, "ttl": n(NOW), "role_before": s("user"), "status_before": s("active"),
        "role_after": s("editor"), "status_after": s("active")}),
    );
    (key, Some(entry))
}

/// An administrator changes Anna's role; the entry is then spoilt.
fn promote(scene: &mut Scene, actor: &str, spoil: impl FnOnce(&mut Item)) {
    let account = scene.changed(ANNA, |account| {
        _ = account.insert("role".to_owned(), s("editor"))
    });
    let (key, mut entry) = entry(actor);
    entry.as_mut().into_iter().for_each(spoil_once(spoil));
    scene.write([account, (key, entry)]);
}

fn spoil_once(spoil: impl FnOnce(&mut Item)) -> impl FnMut(&mut Item) {
    let mut spoil = Some(spoil);
    move |entry| {
        if let Some(spoil) = spoil.take() {
            spoil(entry);
        }
    }
}

#[test]
fn what_an_administrator_may_do_is_in_order() {
    let mut scene = Scene::new();
    promote(&mut scene, ROOT, |_| {});
    assert_eq!(scene.watch.findings(), []);
}

#[test]
fn a_deletion_is_in_order() {
    let mut scene = Scene::new();
    scene.delete_account();
    assert_eq!(scene.watch.findings(), []);
}

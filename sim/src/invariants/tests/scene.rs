//! A small world in order: Anna with a session, a name, an upload and a picture; Root, who is an administrator.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::invariants::item::{
    alone, own_owner_state_key, owner_state_key, quota_key, upload_key, user_key,
};
use crate::invariants::{Change, Item, Key, Leftovers, Limits, StoredObject, Watch};

pub(super) const ANNA: &str = "u5esjy36duo2g3uwfwiew2hluhz";
pub(super) const ROOT: &str = "um5pzijy4hmaetgeee2ii7xc623";
pub(super) const NOW: i64 = 1_794_000_000_000;
pub(super) const SESSION: &str = "s_0123456789abcdef";
pub(super) const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

pub(super) struct Scene {
    pub(super) watch: Watch,
    table: BTreeMap<Key, Arc<Item>>,
    pub(super) objects: Vec<StoredObject>,
    pub(super) left: Leftovers,
}

/// An upload's id: its time, purpose and generation, and something random.
pub(super) fn id(is_avatar: bool, epoch: u128, random: u128) -> String {
    let number = (NOW as u128) << 80 | u128::from(is_avatar) << 79 | epoch << 64 | random;
    shared::base32::CROCKFORD_LOWER.encode(&number.to_be_bytes())
}

pub(super) fn file() -> String {
    id(false, 1, 1)
}

pub(super) fn picture() -> String {
    id(true, 1, 2)
}

pub(super) fn pending_id() -> String {
    id(false, 1, 3)
}

pub(super) fn n(number: i64) -> Value {
    json!({"N": number.to_string()})
}

pub(super) fn s(text: impl Into<String>) -> Value {
    json!({"S": text.into()})
}

pub(super) fn item(value: Value) -> Item {
    match value {
        Value::Object(item) => item,
        other => panic!("{other} is no item"),
    }
}

pub(super) fn session(hash: &str, number: i64) -> Value {
    let mut map = item(json!({"h": {"B": hash}, "p1": {"B": "AA=="}, "p2": {"B": "AA=="}}));
    for (name, value) in [("t1", 0), ("t2", 0), ("x", NOW + 1), ("c", number)] {
        map.insert(name.to_owned(), n(value));
    }
    json!({ "M": map })
}

pub(super) fn pending(size: i64) -> Item {
    let until = NOW / 1000 + 300;
    item(
        json!({"status": s("pending"), "content_type": s("image/png"), "declared_size": n(size),
        "ticket_until": n(until), "ttl": n(until + 2_592_000)}),
    )
}

pub(super) fn ready(version: &str) -> impl FnOnce(&mut Item) {
    let version = version.to_owned();
    move |record| {
        record.remove("ttl");
        record.extend(item(
            json!({"status": s("ready"), "version_id": s(version), "size": n(PNG.len() as i64),
            "etag": s("e"), "ready_at": n(NOW), "seq": s("f")}),
        ));
    }
}

pub(super) fn object(id: &str, version: &str, bytes: &'static [u8]) -> StoredObject {
    StoredObject {
        key: format!("u/{ANNA}/{id}.png"),
        version: version.to_owned(),
        is_marker: false,
        is_latest: true,
        bytes: Bytes::from_static(bytes),
        etag: "\"e\"".to_owned(),
        content_type: Some("image/png".to_owned()),
    }
}

fn user(id: &str, role: &str) -> Item {
    item(
        json!({"epoch": n(1), "version": n(1), "fence": n(NOW), "status": s("active"), "role": s(role),
        "openid": s(id), "created_at": n(NOW), "updated_at": n(NOW), "gsi1pk": s("US#0"),
        "gsi1sk": s(format!("{NOW:015}#{id}")), "first_login": s("0123456789abcdef"),
        "last_login": s("0123456789abcdef"), SESSION: session("h1", NOW)}),
    )
}

impl Scene {
    pub(super) fn new() -> Self {
        let limits = Limits {
            pending: 3,
            daily: 4,
            total_bytes: Some(1000),
            skew: 0,
        };
        let mut scene = Self {
            watch: Watch::new(limits),
            table: BTreeMap::new(),
            objects: Vec::new(),
            left: Leftovers::default(),
        };
        scene.write([(user_key(ANNA), Some(user(ANNA, "user")))]);
        scene.write([(user_key(ROOT), Some(user(ROOT, "admin")))]);
        scene.rename("anna");
        scene.tickets();
        scene.complete();
        assert_eq!(scene.watch.findings(), []);
        scene
    }

    pub(super) fn rename(&mut self, name: &str) {
        let account = self.changed(ANNA, |account| {
            account.insert("username".to_owned(), s(name));
            account.insert("username_key".to_owned(), s(name));
        });
        self.write([account, reservation(name, ANNA)]);
    }

    fn tickets(&mut self) {
        let (file, picture, pending_id) = (file(), picture(), pending_id());
        let size = PNG.len() as i64;
        let quota = item(
            json!({"open": {"SS": [file, picture, pending_id]}, "bytes": n(3 * size),
            "d20261106": n(3), "epoch": n(1)}),
        );
        let request = item(
            json!({"request": {"B": "AA=="}, "uploads": {"L": [s(&*file)]}, "upload": s(&*file),
            "ticket_until": n(NOW / 1000 + 300), "ttl": n(NOW / 1000 + 400)}),
        );
        let record = |id: &str| (upload_key(ANNA, id), Some(pending(size)));
        self.write([
            (quota_key(ANNA), Some(quota)),
            record(&file),
            record(&picture),
            record(&pending_id),
            (idempotency(), Some(request)),
        ]);
    }

    fn complete(&mut self) {
        let (file, picture) = (file(), picture());
        self.objects = vec![object(&file, "v1", PNG), object(&picture, "v2", PNG)];
        self.show_bucket();
        self.edit(upload_key(ANNA, &file), ready("v1"));
        let record = self.edited(upload_key(ANNA, &picture), ready("v2"));
        let account = self.changed(ANNA, |account| {
            account.insert(
                "avatar_key".to_owned(),
                s(format!("u/{ANNA}/{picture}.png")),
            );
            account.insert("avatar_version".to_owned(), s("v2"));
            account.insert("avatar_upload_id".to_owned(), s(picture));
        });
        self.write([record, account]);
    }

    /// An item after a change.
    pub(super) fn edited(&self, key: Key, change: impl FnOnce(&mut Item)) -> (Key, Option<Item>) {
        let mut item = self
            .table
            .get(&key)
            .map(|item| (**item).clone())
            .unwrap_or_default();
        change(&mut item);
        (key, Some(item))
    }

    /// An account after a change that a reader can see.
    pub(super) fn changed(
        &self,
        user: &str,
        change: impl FnOnce(&mut Item),
    ) -> (Key, Option<Item>) {
        let number = |account: &Item, name: &str| {
            account[name]["N"].as_str().unwrap().parse::<i64>().unwrap()
        };
        self.edited(user_key(user), |account| {
            for name in ["version", "updated_at"] {
                account.insert(name.to_owned(), n(number(account, name) + 1));
            }
            change(account);
        })
    }

    /// A write of one item.
    pub(super) fn edit(&mut self, key: Key, change: impl FnOnce(&mut Item)) {
        let edited = self.edited(key, change);
        self.write([edited]);
    }

    /// A write of Anna's account that changes these attributes and nothing else.
    pub(super) fn set<const N: usize>(&mut self, attributes: [(&str, Value); N]) {
        self.edit(user_key(ANNA), |account| {
            account.extend(attributes.map(|(name, value)| (name.to_owned(), value)));
        });
    }

    /// One write, all at once.
    pub(super) fn write<const N: usize>(&mut self, items: [(Key, Option<Item>); N]) {
        let mut changes = Vec::new();
        for (key, after) in items {
            let after = after.map(Arc::new);
            let before = match &after {
                Some(item) => self.table.insert(key.clone(), item.clone()),
                None => self.table.remove(&key),
            };
            changes.push(Change { key, before, after });
        }
        self.watch.table_changed(&changes, NOW);
    }

    pub(super) fn show_bucket(&mut self) {
        self.watch.bucket_changed(self.objects.iter().cloned());
    }

    pub(super) fn end(&mut self) {
        self.show_bucket();
        self.watch.at_the_end(&self.left);
    }

    /// Anna's account ends, as it should.
    pub(super) fn delete_account(&mut self) {
        let kept = ["epoch", "status", "version", "fence", "sessions_ended_at"];
        let account = self.edited(user_key(ANNA), |account| {
            let version = account["version"]["N"]
                .as_str()
                .unwrap()
                .parse::<i64>()
                .unwrap();
            account.extend(item(
                json!({"status": s("deleting"), "epoch": n(2), "version": n(version + 1),
                "fence": n(NOW + 10), "sessions_ended_at": n(NOW + 10)}),
            ));
            account.retain(|name, _| kept.contains(&name.as_str()));
        });
        let state = item(json!({"epoch": n(2), "disabled": {"BOOL": false}}));
        let (name, _) = reservation("anna", ANNA);
        let states = [owner_state_key(ANNA), own_owner_state_key(ANNA)];
        let [uploads, own] = states.map(|key| (key, Some(state.clone())));
        self.write([account, (name, None), uploads, own]);
    }
}

pub(super) fn reservation(name: &str, user: &str) -> (Key, Option<Item>) {
    (
        alone(format!("UN#{name}")),
        Some(item(json!({"uid": s(user)}))),
    )
}

pub(super) fn idempotency() -> Key {
    alone(format!("RL#IK#{ANNA}#1#00"))
}

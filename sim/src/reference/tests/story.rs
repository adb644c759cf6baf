//! A history told by hand.

use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use crate::invariants::{Change, Item, Key, Kind, Leftovers, Limits};
use crate::reference::{Answer, Ask, Checks, Fields, Pending, Strictness};

pub(super) const ANNA: &str = "u5esjy36duo2g3uwfwiew2hluhz";
pub(super) const ROOT: &str = "um5pzijy4hmaetgeee2ii7xc623";
/// One of the first generation.
pub(super) const UPLOAD: &str = "0000000000002000000000000m";
pub(super) const NOW: i64 = 1_794_000_000_000;
pub(super) const SESSION: &str = "0123456789abcdef";

/// A history that is told by hand; a step takes a second.
pub(super) struct Story {
    pub(super) checks: Checks,
    pub(super) account: Option<Arc<Item>>,
    pub(super) now: i64,
}

pub(super) fn item(value: Value) -> Item {
    match value {
        Value::Object(item) => item,
        other => panic!("{other} is no item"),
    }
}

pub(super) fn n(number: i64) -> Value {
    json!({"N": number.to_string()})
}

pub(super) fn refresh_token(secret: u8) -> String {
    format!("{ANNA}.{SESSION}.{}", BASE64URL_NOPAD.encode(&[secret; 32]))
}

pub(super) fn hash(secret: u8) -> Value {
    let token: shared::refresh::RefreshToken = refresh_token(secret).parse().unwrap();
    json!({"B": data_encoding::BASE64.encode(&token.hash())})
}

pub(super) fn session(secret: u8) -> Value {
    json!({"M": {"h": hash(secret), "c": n(NOW), "x": n(NOW + 1_000_000)}})
}

pub(super) fn access_token(user: &str, role: &str) -> String {
    let claims =
        json!({"sub": user, "epoch": 1, "sid": SESSION, "exp": NOW / 1000 + 900, "role": role});
    format!(
        "e30.{}.s",
        BASE64URL_NOPAD.encode(claims.to_string().as_bytes())
    )
}

pub(super) fn edit(name: &'static str, value: &str) -> Ask {
    edit_if(name, value, None)
}

pub(super) fn edit_if(name: &'static str, value: &str, if_match: Option<i64>) -> Ask {
    let fields = Fields::from([(name, Some(value.to_owned()))]);
    Ask::Edit {
        user: ANNA.to_owned(),
        fields,
        if_match,
    }
}

pub(super) fn login() -> Ask {
    Ask::Login {
        openid: "anna".to_owned(),
        create: true,
    }
}

pub(super) fn read() -> Ask {
    Ask::Read {
        user: ANNA.to_owned(),
    }
}

pub(super) fn read_upload() -> Ask {
    Ask::ReadUpload {
        user: ANNA.to_owned(),
        id: UPLOAD.to_owned(),
    }
}

pub(super) fn issue(body: &str) -> Ask {
    Ask::Issue {
        key: Some("key".to_owned()),
        body: body.to_owned(),
    }
}

impl Story {
    /// Anna has logged in.
    pub(super) fn new() -> Self {
        let limits = Limits {
            pending: 9,
            daily: 9,
            total_bytes: None,
            skew: 0,
        };
        let checks = Checks::new(limits, Strictness::Full);
        let mut story = Self {
            checks,
            account: None,
            now: NOW,
        };
        let pending = story.begin_without_token(login());
        story.write(json!({"epoch": n(1), "version": n(1), "fence": n(NOW), "status": {"S": "active"}, "role": {"S": "user"},
            "openid": {"S": "anna"}, "created_at": n(NOW), "updated_at": n(NOW), "gsi1pk": {"S": "US#0"},
            "gsi1sk": {"S": format!("{NOW:015}#{ANNA}")}, "last_login": {"S": SESSION}, "s_0123456789abcdef": session(1)}));
        story.end(pending, 200, json!({"refresh_token": refresh_token(1)}));
        story
    }

    pub(super) fn begin_without_token(&mut self, ask: Ask) -> Pending {
        self.now += 1000;
        self.checks.begin(ask, None, self.now)
    }

    pub(super) fn begin(&mut self, ask: Ask) -> Pending {
        self.now += 1000;
        self.checks
            .begin(ask, Some(&access_token(ANNA, "user")), self.now)
    }

    pub(super) fn end(&mut self, pending: Pending, status: u16, body: Value) {
        self.now += 1000;
        self.checks.end(pending, Answer { status, body }, self.now);
    }

    pub(super) fn ask(&mut self, ask: Ask, status: u16, body: Value) {
        let pending = self.begin(ask);
        self.end(pending, status, body);
    }

    /// Anna's account changes.
    pub(super) fn write(&mut self, attributes: Value) {
        let mut after = self.account.as_deref().cloned().unwrap_or_default();
        for (name, value) in item(attributes) {
            match value.is_null() {
                true => after.remove(&name),
                false => after.insert(name, value),
            };
        }
        let after = Some(Arc::new(after));
        let before = std::mem::replace(&mut self.account, after.clone());
        self.put("U#", "A", before, after);
    }

    pub(super) fn put(
        &mut self,
        prefix: &str,
        sk: &str,
        before: Option<Arc<Item>>,
        after: Option<Arc<Item>>,
    ) {
        self.now += 1000;
        let key = Key {
            pk: format!("{prefix}{ANNA}"),
            sk: sk.to_owned(),
        };
        self.checks
            .table_changed(&[Change { key, before, after }], self.now);
    }

    pub(super) fn record(&mut self, status: &str) {
        let record = item(json!({"status": {"S": status}}));
        self.put("UP#", UPLOAD, None, Some(Arc::new(record)));
    }

    pub(super) fn nickname(&mut self, name: &str, version: i64) {
        self.write(
            json!({"nickname": {"S": name}, "version": n(version), "updated_at": n(NOW + version)}),
        );
    }

    pub(super) fn shown(&self, nickname: &str, version: i64) -> Value {
        json!({"id": ANNA, "nickname": nickname, "version": version})
    }

    pub(super) fn finish(&mut self) {
        self.checks.at_the_end(&Leftovers::default());
    }

    /// What the reference model has found; the invariants have tests of their own.
    pub(super) fn found(&self) -> Vec<Kind> {
        let findings = self.checks.watch.findings().iter();
        findings
            .map(|finding| finding.kind)
            .filter(|kind| *kind >= Kind::ServerError)
            .collect()
    }
}

use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use super::{Answer, Ask, Checks, Fields, Pending, Sent, Strictness};
use crate::invariants::{Change, Item, Key, Kind, Leftovers, Limits};

const ANNA: &str = "u5esjy36duo2g3uwfwiew2hluhz";
const ROOT: &str = "um5pzijy4hmaetgeee2ii7xc623";
/// One of the first generation.
const UPLOAD: &str = "0000000000002000000000000m";
const NOW: i64 = 1_794_000_000_000;
const SESSION: &str = "0123456789abcdef";

/// A history that is told by hand; a step takes a second.
struct Story {
    checks: Checks,
    account: Option<Arc<Item>>,
    now: i64,
}

fn item(value: Value) -> Item {
    match value {
        Value::Object(item) => item,
        other => panic!("{other} is no item"),
    }
}

fn n(number: i64) -> Value {
    json!({"N": number.to_string()})
}

fn refresh_token(secret: u8) -> String {
    format!("{ANNA}.{SESSION}.{}", BASE64URL_NOPAD.encode(&[secret; 32]))
}

fn hash(secret: u8) -> Value {
    let token: shared::refresh::RefreshToken = refresh_token(secret).parse().unwrap();
    json!({"B": data_encoding::BASE64.encode(&token.hash())})
}

fn session(secret: u8) -> Value {
    json!({"M": {"h": hash(secret), "c": n(NOW), "x": n(NOW + 1_000_000)}})
}

fn access_token(user: &str, role: &str) -> String {
    let claims =
        json!({"sub": user, "epoch": 1, "sid": SESSION, "exp": NOW / 1000 + 900, "role": role});
    format!(
        "e30.{}.s",
        BASE64URL_NOPAD.encode(claims.to_string().as_bytes())
    )
}

fn edit(name: &'static str, value: &str) -> Ask {
    edit_if(name, value, None)
}

fn edit_if(name: &'static str, value: &str, if_match: Option<i64>) -> Ask {
    let fields = Fields::from([(name, Some(value.to_owned()))]);
    Ask::Edit {
        user: ANNA.to_owned(),
        fields,
        if_match,
    }
}

fn login() -> Ask {
    Ask::Login {
        openid: "anna".to_owned(),
        create: true,
    }
}

fn read() -> Ask {
    Ask::Read {
        user: ANNA.to_owned(),
    }
}

fn read_upload() -> Ask {
    Ask::ReadUpload {
        user: ANNA.to_owned(),
        id: UPLOAD.to_owned(),
    }
}

fn issue(body: &str) -> Ask {
    Ask::Issue {
        key: Some("key".to_owned()),
        body: body.to_owned(),
    }
}

impl Story {
    /// Anna has logged in.
    fn new() -> Self {
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

    fn begin_without_token(&mut self, ask: Ask) -> Pending {
        self.now += 1000;
        self.checks.begin(ask, None, self.now)
    }

    fn begin(&mut self, ask: Ask) -> Pending {
        self.now += 1000;
        self.checks
            .begin(ask, Some(&access_token(ANNA, "user")), self.now)
    }

    fn end(&mut self, pending: Pending, status: u16, body: Value) {
        self.now += 1000;
        self.checks.end(pending, Answer { status, body }, self.now);
    }

    fn ask(&mut self, ask: Ask, status: u16, body: Value) {
        let pending = self.begin(ask);
        self.end(pending, status, body);
    }

    /// Anna's account changes.
    fn write(&mut self, attributes: Value) {
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

    fn put(&mut self, prefix: &str, sk: &str, before: Option<Arc<Item>>, after: Option<Arc<Item>>) {
        self.now += 1000;
        let key = Key {
            pk: format!("{prefix}{ANNA}"),
            sk: sk.to_owned(),
        };
        self.checks
            .table_changed(&[Change { key, before, after }], self.now);
    }

    fn record(&mut self, status: &str) {
        let record = item(json!({"status": {"S": status}}));
        self.put("UP#", UPLOAD, None, Some(Arc::new(record)));
    }

    fn nickname(&mut self, name: &str, version: i64) {
        self.write(
            json!({"nickname": {"S": name}, "version": n(version), "updated_at": n(NOW + version)}),
        );
    }

    fn shown(&self, nickname: &str, version: i64) -> Value {
        json!({"id": ANNA, "nickname": nickname, "version": version})
    }

    fn finish(&mut self) {
        self.checks.at_the_end(&Leftovers::default());
    }

    /// What the reference model has found; the invariants have tests of their own.
    fn found(&self) -> Vec<Kind> {
        let findings = self.checks.watch.findings().iter();
        findings
            .map(|finding| finding.kind)
            .filter(|kind| *kind >= Kind::ServerError)
            .collect()
    }
}

type Case = (Kind, fn(&mut Story));

const CASES: &[Case] = &[
    (Kind::WrongStatus, |story| {
        story.ask(edit_if("nickname", "n", Some(1)), 412, json!({}))
    }),
    (Kind::WrongStatus, |story| {
        let pending = story.begin_without_token(Ask::Login {
            openid: "anna".to_owned(),
            create: true,
        });
        story.end(pending, 401, json!({"code": "login_required"}));
    }),
    (Kind::ForeignData, |story| {
        let pending = story
            .checks
            .begin(read(), Some(&access_token(ROOT, "user")), story.now);
        story.end(
            pending,
            200,
            json!({"id": ANNA, "nickname": null, "avatar_url": null, "email": null}),
        );
    }),
    (Kind::ForeignData, |story| {
        story.ask(Ask::AdminRead, 200, json!({}))
    }),
    (Kind::ChangeLost, |story| {
        let shown = story.shown("n", 2);
        story.ask(edit("nickname", "n"), 200, shown);
    }),
    (Kind::ChangeLost, |story| {
        let (one, two) = (
            story.begin(edit("nickname", "n")),
            story.begin(edit("nickname", "n")),
        );
        story.nickname("n", 2);
        let shown = story.shown("n", 2);
        story.end(one, 200, shown.clone());
        story.end(two, 200, shown);
        story.finish();
    }),
    (Kind::ChangeLost, |story| {
        // The version that it was to match is not the one that it replaced.
        let pending = story.begin(edit_if("nickname", "n", Some(7)));
        story.nickname("n", 2);
        let shown = story.shown("n", 2);
        story.end(pending, 200, shown);
    }),
    (Kind::ChangeLost, |story| {
        story.ask(Ask::Logout { all: false }, 204, Value::Null)
    }),
    (Kind::ChangeLost, |story| {
        story.ask(Ask::Logout { all: true }, 204, Value::Null)
    }),
    (Kind::ChangeLost, |story| {
        story.ask(
            Ask::DeleteAccount {
                user: ANNA.to_owned(),
            },
            204,
            Value::Null,
        )
    }),
    (Kind::ChangeLost, |story| {
        story.ask(
            issue("a"),
            201,
            json!({"upload": {"id": "lost"}, "ticket": null}),
        );
    }),
    (Kind::ChangeLost, |story| {
        story.record("ready");
        story.ask(
            Ask::DeleteUpload {
                user: ANNA.to_owned(),
                id: UPLOAD.to_owned(),
            },
            204,
            Value::Null,
        );
    }),
    (Kind::ChangeTwice, |story| {
        let _ = story.begin(edit("nickname", "n"));
        story.nickname("n", 2);
        story.nickname("m", 3);
        story.nickname("n", 4);
        story.finish();
    }),
    (Kind::ChangeTwice, |story| {
        story.write(
            json!({"s_00000000000000aa": session(7), "last_login": {"S": "00000000000000aa"}}),
        );
        story.finish();
    }),
    (Kind::ChangeTwice, |story| {
        story
            .write(json!({"s_0123456789abcdef": null, "status": {"S": "deleting"}, "epoch": n(2)}));
        story.write(json!({"s_0123456789abcdef": session(1), "status": {"S": "active"}}));
    }),
    (Kind::ChangeFromNowhere, |story| {
        story.nickname("n", 2);
        story.finish();
    }),
    (Kind::ChangeFromNowhere, |story| {
        story.write(json!({"status": {"S": "deleting"}, "epoch": n(2)}));
        story.finish();
    }),
    (Kind::RefusedChangeMade, |story| {
        story.ask(
            edit("username", "boris"),
            409,
            json!({"code": "username_taken"}),
        );
        story.write(json!({"username": {"S": "boris"}, "version": n(2)}));
        story.finish();
    }),
    (Kind::LateChange, |story| {
        story.ask(edit("nickname", "early"), 503, json!({}));
        let pending = story.begin(edit("nickname", "later"));
        story.nickname("later", 2);
        let shown = story.shown("later", 2);
        story.end(pending, 200, shown);
        story.nickname("early", 3);
        story.finish();
    }),
    (Kind::AnswerDiffers, |story| {
        let shown = story.shown("n", 1);
        story.ask(read(), 200, shown);
    }),
    (Kind::AnswerDiffers, |story| {
        story.record("ready");
        story.ask(
            read_upload(),
            200,
            json!({"id": UPLOAD, "status": "ready", "download_url": null}),
        );
    }),
    (Kind::TokenFork, |story| {
        let pending = story.begin_without_token(Ask::Refresh {
            token: refresh_token(1),
        });
        let other = refresh_token(1).replace(SESSION, "00000000000000aa");
        story.end(pending, 200, json!({"refresh_token": other}));
    }),
    (Kind::TokenUnknown, |story| {
        let pending = story.begin_without_token(Ask::Refresh {
            token: refresh_token(1),
        });
        story.end(pending, 200, json!({"refresh_token": refresh_token(9)}));
    }),
    (Kind::EndedTokenGood, |story| {
        story.write(json!({"status": {"S": "deleting"}, "epoch": n(2)}));
        let shown = json!({"id": ANNA});
        story.ask(read(), 200, shown);
    }),
    (Kind::EndedTokenGood, |story| {
        story.write(json!({"status": {"S": "disabled"}}));
        story.ask(
            Ask::ListUploads {
                user: ANNA.to_owned(),
            },
            200,
            json!({}),
        );
    }),
    (Kind::EndedTokenGood, |story| {
        story.now += 920_000;
        story.ask(Ask::Other, 200, json!({}));
    }),
    (Kind::EndedTokenGood, |story| {
        story.write(json!({"sessions_ended_at": n(NOW + 1)}));
        let pending = story.begin_without_token(Ask::Refresh {
            token: refresh_token(1),
        });
        story.end(pending, 200, json!({"refresh_token": refresh_token(1)}));
    }),
    (Kind::SessionLost, |story| {
        story.write(json!({"s_0123456789abcdef": null}))
    }),
    (Kind::SessionLost, |story| {
        let pending = story.begin_without_token(Ask::Refresh {
            token: refresh_token(1),
        });
        story.end(pending, 401, json!({"code": "refresh_invalid"}));
    }),
    (Kind::DeletedUploadShown, |story| {
        story.record("gone");
        story.ask(
            read_upload(),
            200,
            json!({"id": UPLOAD, "status": "pending"}),
        );
    }),
    (Kind::DeletedUploadShown, |story| {
        story.record("gone");
        let page = json!({"items": [{"id": UPLOAD, "status": "pending"}]});
        story.ask(
            Ask::ListUploads {
                user: ANNA.to_owned(),
            },
            200,
            page,
        );
    }),
    (Kind::UploadLost, |story| {
        story.record("pending");
        story.ask(read_upload(), 404, json!({}));
    }),
    (Kind::UploadLost, |story| {
        let id = shared::base32::CROCKFORD_LOWER.encode(&(1u128 << 64).to_be_bytes());
        story.ask(
            issue("a"),
            201,
            json!({"upload": {"id": id}, "ticket": null}),
        );
        story.checks.sent(Sent {
            id,
            is_right: true,
            is_stored: Some(true),
        });
        story.finish();
    }),
    (Kind::IdempotencyBroken, |story| {
        story.ask(issue("a"), 201, json!({"upload": {"id": UPLOAD}}));
        story.ask(issue("a"), 201, json!({"upload": {"id": "other"}}));
    }),
    (Kind::IdempotencyBroken, |story| {
        story.ask(issue("a"), 201, json!({"upload": {"id": UPLOAD}}));
        story.ask(issue("b"), 201, json!({"upload": {"id": UPLOAD}}));
    }),
    (Kind::IdempotencyBroken, |story| {
        story.ask(issue("a"), 201, json!({"upload": {"id": UPLOAD}}));
        story.ask(issue("a"), 422, json!({}));
    }),
];

#[test]
fn every_violation_is_found() {
    for (i, (kind, violate)) in CASES.iter().enumerate() {
        let mut story = Story::new();
        violate(&mut story);
        assert!(
            story.found().contains(kind),
            "case {i}, {kind}: {:?}",
            story.checks.watch.findings()
        );
    }
}

/// Kinds that the actors find themselves.
const OF_ACTORS: [Kind; 3] = [Kind::ServerError, Kind::ResponseShape, Kind::LinkBroken];

#[test]
fn every_kind_has_a_violation() {
    let shown: Vec<_> = CASES
        .iter()
        .map(|(kind, _)| *kind)
        .chain(OF_ACTORS)
        .collect();
    let all = Kind::ALL.iter().filter(|kind| **kind >= Kind::ServerError);
    let missing: Vec<_> = all.filter(|kind| !shown.contains(kind)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn what_is_in_order_is_no_finding() {
    let mut story = Story::new();
    let pending = story.begin(edit_if("nickname", "n", Some(1)));
    story.nickname("n", 2);
    let shown = story.shown("n", 2);
    story.end(pending, 200, shown.clone());
    story.ask(read(), 200, shown);
    // Refused by a version that it does not have.
    story.ask(edit_if("nickname", "m", Some(1)), 412, json!({}));
    // Made although the client heard of a fault.
    let pending = story.begin(edit("nickname", "k"));
    story.end(pending, 503, json!({}));
    story.nickname("k", 3);
    let pending = story.begin(Ask::Logout { all: false });
    story.write(json!({"s_0123456789abcdef": null}));
    story.end(pending, 204, Value::Null);
    story.ask(
        Ask::Refresh {
            token: refresh_token(1),
        },
        401,
        json!({"code": "refresh_invalid"}),
    );
    story.finish();
    assert_eq!(story.found(), []);
}

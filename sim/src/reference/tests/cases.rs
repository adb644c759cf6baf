//! Violations, each with what it has to be found as.

use serde_json::{Value, json};

use super::story::{
    ANNA, NOW, ROOT, SESSION, Story, UPLOAD, access_token, edit, edit_if, issue, login, n, read,
    read_upload, refresh_token, session,
};
use crate::invariants::Kind;
use crate::reference::{Ask, Sent};

pub(super) type Case = (Kind, fn(&mut Story));

pub(super) const CASES: &[Case] = &[
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
    (Kind::WrongStatus, |story| {
        story.ask(read(), 401, json!({"code": "unauthorized"}))
    }),
    (Kind::WrongStatus, |story| {
        story.ask(read(), 403, json!({"code": "account_disabled"}))
    }),
    (Kind::WrongStatus, |story| {
        story.ask(read(), 404, json!({"code": "not_found"}))
    }),
    (Kind::WrongStatus, |story| {
        story.ask(
            edit("username", "boris"),
            409,
            json!({"code": "username_taken"}),
        )
    }),
    (Kind::WrongStatus, |story| {
        story.ask(
            edit("nickname", "n"),
            400,
            json!({"code": "invalid_request"}),
        )
    }),
    (Kind::WrongStatus, |story| {
        let pending = story.begin_without_token(login());
        story.end(pending, 401, json!({"code": "wechat_code_used"}));
    }),
    (Kind::WrongStatus, |story| {
        let pending = story.begin_without_token(login());
        story.end(pending, 403, json!({"code": "account_disabled"}));
    }),
    (Kind::WrongStatus, |story| {
        story.write(json!({"role": {"S": "admin"}}));
        let pending = story.checks.begin(
            Ask::AdminRead,
            Some(&access_token(ANNA, "admin")),
            story.now + 1,
        );
        story.end(pending, 403, json!({"code": "forbidden"}));
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
        story.now += 950_000;
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

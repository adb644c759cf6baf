//! Environments whose clocks differ.

use serde_json::json;
use support::Environment;

use super::{Stage, UPDATE};

#[tokio::test]
async fn clocks_that_differ_cost_no_login_and_no_logout() {
    for skew in [2_000, -2_000, 30_000, -30_000] {
        let stage = Stage::new().await;
        let there = Environment::of(&stage.world, skew, &stage.proxy.url()).await;
        let log_in = async |at: &Environment| {
            let answer = at.log_in(stage.world.code("alice")).await;
            stage.world.session(answer)
        };
        for (first, second) in [(&stage.here, &there), (&there, &stage.here)] {
            let before = log_in(first).await;
            first.log_out(&before, true).await.expect(204);
            let after = log_in(second).await;
            let refused = second.refresh(&before.refresh_token).await;
            refused.expect_problem(401, "refresh_invalid");
            let next = first.refresh(&after.refresh_token).await.expect(200);
            let next = stage.world.session(next);
            second.refresh(&next.refresh_token).await.expect(200);
            // Logged out everywhere by a clock that is behind the one that began the session.
            second.log_out(&after, true).await.expect(204);
            let ended = first.refresh(&next.refresh_token).await;
            ended.expect_problem(401, "refresh_invalid");

            let last = log_in(first).await;
            for (at, name) in [(first, "A"), (second, "B"), (first, "C"), (second, "D")] {
                let session = log_in(at).await;
                let edited = at.edit(&session, &json!({"nickname": name})).await;
                assert_eq!(edited.expect(200).json["nickname"], name, "{skew}");
            }
            first.delete(&last).await.expect(204);
            let back = log_in(second).await;
            assert_eq!(back.json["is_new"], true);
            first.refresh(&back.refresh_token).await.expect(200);
        }
    }
}

/// What comes after an edit is later than it, even by a clock that is behind.
#[tokio::test]
async fn an_edit_by_a_clock_that_is_behind_does_not_let_an_earlier_one_in() {
    for skew in [2_000, 30_000] {
        let stage = Stage::new().await;
        let ahead = Environment::of(&stage.world, skew, &stage.proxy.url()).await;
        let admin = stage.world.log_in("admin").await;
        let here = stage.log_in().await;
        let there = ahead.log_in(stage.world.code("alice")).await;
        let there = stage.world.session(there);

        let edit = async |nickname: &str| {
            let body = json!({"nickname": nickname});
            let edited = stage.here.edit(&here, &body).await.expect(200);
            assert_eq!(edited.json["nickname"], nickname);
        };
        let first = json!({"nickname": "first"});
        stage.delay(UPDATE);
        ahead.edit(&there, &first).await.expect(200);
        let names = json!({"nickname": "second", "username": "alice_2"});
        stage.here.edit(&here, &names).await.expect(200);
        edit("third").await;
        edit("fourth").await;
        stage.arrive("an edit").await;

        stage.delay(UPDATE);
        ahead.edit(&there, &first).await.expect(200);
        for status in ["disabled", "active"] {
            let changed = stage.set_status(&admin, &here.id, status).await;
            changed.expect(200);
        }
        edit("fifth").await;
        edit("sixth").await;
        stage.arrive("an edit").await;
    }
}

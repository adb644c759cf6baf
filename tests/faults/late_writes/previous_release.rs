//! Beside the previous release.

use aws_sdk_dynamodb::types::AttributeValue;
use support::Session;
use support::proxy::Fault;

use super::{Item, Stage, UPDATE};

fn number(item: &Item, name: &str) -> i64 {
    item[name].as_n().unwrap().parse().unwrap()
}

fn n(number: i64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// What the previous release wrote.
struct Previous<'a>(&'a Stage);

impl Previous<'_> {
    /// A login: the session that this release began, with the attributes that it would have had.
    async fn log_in(&self, session: &Session) {
        let name = attribute(session);
        let map = self.0.item(&session.id).await[&name]
            .as_m()
            .unwrap()
            .clone();
        let known = ["h", "p1", "t1", "p2", "t2", "x", "c"];
        let mut map: Item = map
            .into_iter()
            .filter(|(name, _)| known.contains(&name.as_str()))
            .collect();
        map.insert("c".into(), n(self.now()));
        let id = session.refresh_token.split('.').nth(1).unwrap();
        let values = vec![
            (":session", AttributeValue::M(map)),
            (":id", AttributeValue::S(id.to_owned())),
        ];
        let update = format!("SET {name} = :session, last_login = :id");
        self.0.write(&session.id, &update, values).await;
    }

    async fn log_out_all(&self, user: &str) {
        let update = "SET sessions_ended_at = :now";
        self.0
            .write(user, update, vec![(":now", n(self.now()))])
            .await;
    }

    async fn delete(&self, user: &str) {
        let item = self.0.item(user).await;
        let sessions = item.keys().filter(|name| name.starts_with("s_"));
        let mut removed: Vec<_> = sessions.cloned().collect();
        for name in [
            "openid",
            "created_at",
            "updated_at",
            "gsi1pk",
            "gsi1sk",
            "first_login",
            "last_login",
        ] {
            removed.push(name.to_owned());
        }
        let update = format!(
            "SET #status = :deleting, epoch = epoch + :one, version = version + :one, sessions_ended_at = :now \
             REMOVE {}",
            removed.join(", ")
        );
        let deleting = AttributeValue::S("deleting".into());
        let values = vec![
            (":deleting", deleting),
            (":one", n(1)),
            (":now", n(self.now())),
        ];
        self.0.write(user, &update, values).await;
    }

    fn now(&self) -> i64 {
        self.0.world.clock.now().millis()
    }
}

fn attribute(session: &Session) -> String {
    format!("s_{}", session.refresh_token.split('.').nth(1).unwrap())
}

#[tokio::test]
async fn a_token_of_the_previous_release_is_known_however_often_it_was_replaced_since() {
    let stage = Stage::new().await;
    let old = stage.log_in().await;
    Previous(&stage).log_in(&old).await;
    let mut last = old.clone();
    for _ in 0..12 {
        last = last.refreshed().await;
    }
    old.refresh().await.expect_problem(401, "refresh_reused");
    stage.has_ended(&last).await;
}

#[tokio::test]
async fn accounts_of_the_previous_release_go_on() {
    let stage = Stage::new().await;
    let previous = Previous(&stage);
    let old = stage.log_in().await;
    previous.log_in(&old).await;
    stage.write(&old.id, "REMOVE fence", Vec::new()).await;
    assert!(!stage.item(&old.id).await.contains_key("fence"));

    let [next, again] = [old.refreshed().await, old.refreshed().await];
    assert_eq!(next.refresh_token, again.refresh_token);
    stage.delay(UPDATE);
    let new = stage.log_in().await;
    stage.here.log_out(&new, false).await.expect(204);
    stage.arrive("a login").await;

    stage.write(&old.id, "REMOVE fence", Vec::new()).await;
    previous.log_out_all(&old.id).await;
    stage.has_ended(&next).await;
    let new = stage.log_in().await;
    stage.goes_on(&new).await;
    // By a clock that is ahead: the next session is nevertheless one that began later.
    let ahead = stage.world.clock.now().millis() + 2_000;
    let update = "SET sessions_ended_at = :ahead";
    stage
        .write(&old.id, update, vec![(":ahead", n(ahead))])
        .await;
    stage.has_ended(&new).await;
    let new = stage.log_in().await;
    stage.goes_on(&new).await;

    stage.write(&old.id, "REMOVE fence", Vec::new()).await;
    previous.delete(&old.id).await;
    stage.me(&new).await.expect_problem(401, "unauthorized");
    let back = stage.log_in().await;
    assert_eq!(back.json["is_new"], true);
    stage.goes_on(&back).await;
    stage.write(&old.id, "REMOVE fence", Vec::new()).await;
    stage.here.delete(&back).await.expect(204);
}

#[tokio::test]
async fn late_writes_change_nothing_beside_the_previous_release() {
    let stage = Stage::new().await;
    let previous = Previous(&stage);
    stage.delay(UPDATE);
    let first = stage.log_in().await;
    previous.log_out_all(&first.id).await;
    stage.arrive("a login").await;
    stage.has_ended(&first).await;

    stage.delay(UPDATE);
    let second = stage.log_in().await;
    stage.here.log_out(&second, true).await.expect(204);
    let ended_at = number(&stage.item(&first.id).await, "sessions_ended_at");
    stage.world.advance(std::time::Duration::from_millis(5));
    previous.log_in(&stage.log_in().await).await;
    stage.arrive("a login").await;
    assert_eq!(
        number(&stage.item(&first.id).await, "sessions_ended_at"),
        ended_at
    );

    stage.delay(UPDATE);
    let third = stage.log_in().await;
    previous.delete(&first.id).await;
    stage.arrive("a login").await;
    stage.me(&third).await.expect_problem(401, "unauthorized");

    // The second write of a login is the one that revives.
    stage
        .proxy
        .fail(UPDATE, Fault::Slow(std::time::Duration::ZERO), 1);
    stage.delay(UPDATE);
    let back = stage.log_in().await;
    stage.goes_on(&back).await;
    previous.delete(&first.id).await;
    stage.arrive("a return").await;
    stage.me(&back).await.expect_problem(401, "unauthorized");
}

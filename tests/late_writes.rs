//! The SDK gives a call up and repeats it, and the first one can be applied seconds later. Here each kind of write arrives
//! late, after its repetition and after what came then: it changes nothing. Environments whose clocks differ do the same.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};
use support::proxy::{Fault, Matching, Proxy};
use support::world::Settings;
use support::{Answer, Environment, Session, World};

const UPDATE: Matching = Matching::Of("UpdateItem");
const TRANSACTION: Matching = Matching::Of("TransactWriteItems");
/// As often as the SDK sends a request.
const ALL_ATTEMPTS: usize = 3;

type Item = HashMap<String, AttributeValue>;

struct Stage {
    proxy: Proxy,
    world: World,
    here: Environment,
}

impl Stage {
    async fn new() -> Self {
        let proxy = Proxy::start().await;
        let world = World::with(Settings {
            endpoint: Some(proxy.url()),
            ..Settings::default()
        })
        .await;
        let here = Environment::of(&world, 0, &proxy.url()).await;
        Self { proxy, world, here }
    }

    async fn log_in(&self) -> Session {
        self.world.log_in("alice").await
    }

    /// Makes the next write a late one.
    fn delay(&self, writes: Matching) {
        self.proxy.fail(writes, Fault::Late, 1);
    }

    /// Lets the late writes arrive, which must change nothing.
    async fn arrive(&self, what: &str) {
        let before = self.items().await;
        assert!(self.proxy.late() > 0, "{what} was not delayed");
        self.proxy.release().await;
        assert_eq!(self.items().await, before, "{what} was applied late");
    }

    async fn items(&self) -> BTreeMap<String, Item> {
        let dynamodb = self.world.emulator.dynamodb();
        let scan = dynamodb.scan().table_name(&self.world.table);
        let items = scan.consistent_read(true).send().await.unwrap().items;
        let key = |item: &Item| format!("{:?} {:?}", item["pk"], item["sk"]);
        let items = items.unwrap_or_default().into_iter();
        items.map(|item| (key(&item), item)).collect()
    }

    async fn item(&self, user: &str) -> Item {
        let dynamodb = self.world.emulator.dynamodb();
        let get = dynamodb.get_item().table_name(&self.world.table);
        let get = get.set_key(Some(user_key(user))).consistent_read(true);
        get.send().await.unwrap().item.unwrap()
    }

    /// Writes what another release would.
    async fn write(&self, user: &str, update: &str, values: Vec<(&str, AttributeValue)>) {
        let values = values
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value));
        let dynamodb = self.world.emulator.dynamodb();
        let request = dynamodb.update_item().table_name(&self.world.table);
        let request = request
            .set_key(Some(user_key(user)))
            .update_expression(update);
        let values = values.collect::<HashMap<_, _>>();
        let request =
            request.set_expression_attribute_values(Some(values).filter(|v| !v.is_empty()));
        let request = match update.contains("#status") {
            true => request.expression_attribute_names("#status", "status"),
            false => request,
        };
        request.send().await.unwrap();
    }

    async fn me(&self, session: &Session) -> Answer {
        let call = self.world.users.get("/v1/users/me");
        call.bearer(&session.token).send().await
    }

    async fn set_status(&self, admin: &Session, user: &str, status: &str) -> Answer {
        let path = format!("/v1/users/{user}");
        let call = self.world.users.put(&path, &json!({"status": status}));
        call.bearer(&admin.token).send().await
    }

    async fn phone(&self, session: &Session, code: &str) -> Answer {
        let body = json!({"code": code});
        let call = self.world.login.post("/v1/users/me/phone", &body);
        call.bearer(&session.token).send().await
    }

    async fn goes_on(&self, session: &Session) {
        let answer = self.world.refresh(&session.refresh_token).await;
        answer.expect(200);
    }

    async fn has_ended(&self, session: &Session) {
        let answer = self.world.refresh(&session.refresh_token).await;
        answer.expect_error(401, "refresh_invalid");
    }

    async fn purge(&self) {
        let messages = self.world.purge_messages().await;
        let records: Vec<_> = messages
            .iter()
            .map(|body| json!({"messageId": "m", "body": body}))
            .collect();
        let event = json!({"Records": records});
        let answer = self.world.purge.handle(event, self.world.soon()).await;
        assert!(answer.unwrap().batch_item_failures.is_empty());
    }
}

fn user_key(user: &str) -> Item {
    HashMap::from([
        ("pk".to_owned(), AttributeValue::S(format!("U#{user}"))),
        ("sk".to_owned(), AttributeValue::S("A".into())),
    ])
}

fn number(item: &Item, name: &str) -> i64 {
    item[name].as_n().unwrap().parse().unwrap()
}

fn n(number: i64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

#[tokio::test]
async fn a_late_login_does_not_bring_a_deleted_account_back() {
    let stage = Stage::new().await;
    for purged in [false, true] {
        stage.delay(UPDATE);
        let alice = stage.log_in().await;
        stage.here.delete(&alice).await.expect(204);
        if purged {
            stage.purge().await;
        }
        stage.arrive("the login").await;
        stage.me(&alice).await.expect_error(401, "unauthorized");
        // Nor does the one with which the person comes back undo the deletion that comes after it.
        stage.delay(UPDATE);
        stage
            .proxy
            .fail(UPDATE, Fault::Slow(std::time::Duration::ZERO), 1);
        stage.delay(UPDATE);
        let again = stage.log_in().await;
        assert_eq!(again.json["is_new"], true);
        assert_eq!(stage.proxy.late(), 2);
        stage.here.delete(&again).await.expect(204);
        stage.arrive("the login").await;
        stage.me(&again).await.expect_error(401, "unauthorized");
        let back = stage.log_in().await;
        assert_eq!(back.json["is_new"], true);
        stage.goes_on(&back).await;
        stage.here.delete(&back).await.expect(204);
    }
}

#[tokio::test]
async fn a_late_login_does_not_touch_its_session_though_another_login_came_between() {
    let stage = Stage::new().await;
    stage.delay(UPDATE);
    let refreshed = stage.log_in().await;
    let next = stage.world.refresh(&refreshed.refresh_token).await;
    let next = Session::of(next.expect(200).json);
    stage.log_in().await;
    stage.arrive("the login").await;
    stage.goes_on(&next).await;

    stage.delay(UPDATE);
    let ended = stage.log_in().await;
    stage.log_in().await;
    stage.here.log_out(&ended, false).await.expect(204);
    stage.arrive("the login").await;
    stage.has_ended(&ended).await;
}

#[tokio::test]
async fn a_late_logout_of_all_does_not_bring_sessions_back() {
    let stage = Stage::new().await;
    let before = stage.log_in().await;
    stage.delay(UPDATE);
    stage.here.log_out(&before, true).await.expect(204);
    let between = stage.log_in().await;
    stage.here.log_out(&between, true).await.expect(204);
    let after = stage.log_in().await;
    stage.arrive("the logout").await;
    stage.has_ended(&before).await;
    stage.has_ended(&between).await;
    stage.goes_on(&after).await;
}

#[tokio::test]
async fn each_kind_of_write_changes_nothing_when_it_arrives_late() {
    let stage = Stage::new().await;
    let (alice, admin) = (stage.log_in().await, stage.world.log_in("admin").await);
    let edit = async |body: Value| stage.here.edit(&alice, &body).await.expect(200);
    let later = async || {
        edit(json!({"nickname": "later"})).await;
        stage
            .phone(&alice, &stage.world.code("phone-13900139000"))
            .await
            .expect(200);
    };

    stage.delay(UPDATE);
    edit(json!({"nickname": "A"})).await;
    later().await;
    stage.arrive("an edit").await;

    stage.delay(UPDATE);
    let code = stage.world.code("phone-13800138000");
    assert_eq!(
        stage.phone(&alice, &code).await.expect(200).json["phone"],
        "13800138000"
    );
    later().await;
    stage.arrive("a phone number").await;
    assert_eq!(stage.me(&alice).await.json["phone"], "13900139000");

    stage.delay(TRANSACTION);
    edit(json!({"username": "alice_1", "nickname": "A"})).await;
    later().await;
    stage.arrive("a change of names").await;

    for status in ["disabled", "active"] {
        stage.delay(TRANSACTION);
        stage
            .set_status(&admin, &alice.id, status)
            .await
            .expect(200);
        if status == "active" {
            later().await;
        }
        stage.arrive(status).await;
    }

    stage.delay(UPDATE);
    let next = stage.world.refresh(&alice.refresh_token).await;
    let next = Session::of(next.expect(200).json);
    let newest = stage.world.refresh(&next.refresh_token).await;
    let newest = Session::of(newest.expect(200).json);
    stage.arrive("a refresh").await;
    stage.goes_on(&newest).await;

    let other = stage.log_in().await;
    stage.delay(UPDATE);
    stage.here.log_out(&other, false).await.expect(204);
    stage.log_in().await;
    stage.arrive("a logout").await;

    // The sixth session sends the oldest away, with a second write.
    for _ in 0..2 {
        stage.log_in().await;
    }
    stage
        .proxy
        .fail(UPDATE, Fault::Slow(std::time::Duration::ZERO), 1);
    stage.delay(UPDATE);
    let sixth = stage.log_in().await;
    stage.log_in().await;
    stage.arrive("the removal of the oldest session").await;
    stage.goes_on(&sixth).await;

    stage.delay(TRANSACTION);
    stage.here.delete(&alice).await.expect(204);
    let again = stage.log_in().await;
    stage.arrive("a deletion").await;
    stage.goes_on(&again).await;

    stage.here.delete(&again).await.expect(204);
    stage.delay(UPDATE);
    stage.purge().await;
    let back = stage.log_in().await;
    stage.here.delete(&back).await.expect(204);
    stage.arrive("the end of a purge").await;
    stage.purge().await;

    stage.delay(TRANSACTION);
    let call = stage
        .world
        .users
        .post("/v1/users", &json!({"openid": "alice"}));
    call.bearer(&admin.token).send().await.expect(201);
    let registered = stage.log_in().await;
    stage.here.delete(&registered).await.expect(204);
    stage.arrive("a registration").await;
    stage
        .me(&registered)
        .await
        .expect_error(401, "unauthorized");
}

/// No attempt of the first write is answered: whoever asked is told so, and what comes next is not undone.
#[tokio::test]
async fn a_write_that_was_given_up_on_altogether_does_not_undo_a_later_one() {
    let stage = Stage::new().await;
    let admin = stage.world.log_in("admin").await;
    let give_up = |writes| stage.proxy.fail(writes, Fault::Late, ALL_ATTEMPTS);
    let unavailable = |answer: Answer| answer.expect_error(503, "temporarily_unavailable");
    let alice = stage.log_in().await;

    give_up(UPDATE);
    unavailable(stage.here.edit(&alice, &json!({"nickname": "A"})).await);
    let later = json!({"nickname": "B", "username": "alice_b"});
    stage.here.edit(&alice, &later).await.expect(200);
    stage.arrive("an edit").await;

    give_up(UPDATE);
    unavailable(
        stage
            .phone(&alice, &stage.world.code("phone-13800138000"))
            .await,
    );
    let code = stage.world.code("phone-13900139000");
    stage.phone(&alice, &code).await.expect(200);
    stage.arrive("a phone number").await;

    give_up(UPDATE);
    unavailable(stage.here.log_out(&alice, true).await);
    let next = stage.log_in().await;
    stage.arrive("a logout of all").await;
    stage.goes_on(&next).await;

    give_up(TRANSACTION);
    unavailable(stage.set_status(&admin, &alice.id, "disabled").await);
    stage.log_in().await;
    stage.arrive("a change of status").await;

    give_up(TRANSACTION);
    unavailable(stage.here.delete(&alice).await);
    let next = stage.log_in().await;
    stage.arrive("a deletion").await;
    stage.goes_on(&next).await;

    give_up(UPDATE);
    unavailable(stage.world.try_log_in("alice").await);
    stage.here.delete(&alice).await.expect(204);
    stage.arrive("a login").await;
    let back = stage.log_in().await;
    stage.goes_on(&back).await;
    stage.arrive_nothing();
}

impl Stage {
    fn arrive_nothing(&self) {
        assert_eq!((self.proxy.late(), self.proxy.faults_left()), (0, 0));
    }
}

#[tokio::test]
async fn clocks_that_differ_cost_no_login_and_no_logout() {
    for skew in [2_000, -2_000, 30_000, -30_000] {
        let stage = Stage::new().await;
        let there = Environment::of(&stage.world, skew, &stage.proxy.url()).await;
        let log_in = async |at: &Environment| {
            let answer = at.log_in(stage.world.code("alice")).await;
            Session::of(answer.expect(200).json)
        };
        for (first, second) in [(&stage.here, &there), (&there, &stage.here)] {
            let before = log_in(first).await;
            first.log_out(&before, true).await.expect(204);
            let after = log_in(second).await;
            let refused = second.refresh(&before.refresh_token).await;
            refused.expect_error(401, "refresh_invalid");
            let next = first.refresh(&after.refresh_token).await.expect(200);
            let next = Session::of(next.json);
            second.refresh(&next.refresh_token).await.expect(200);
            // Logged out everywhere by a clock that is behind the one that began the session.
            second.log_out(&after, true).await.expect(204);
            let ended = first.refresh(&next.refresh_token).await;
            ended.expect_error(401, "refresh_invalid");

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
        let there = Session::of(there.expect(200).json);

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

// ---- beside the previous release, which knows no fence

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
async fn accounts_of_the_previous_release_go_on() {
    let stage = Stage::new().await;
    let previous = Previous(&stage);
    let old = stage.log_in().await;
    previous.log_in(&old).await;
    stage.write(&old.id, "REMOVE fence", Vec::new()).await;
    assert!(!stage.item(&old.id).await.contains_key("fence"));

    let next = stage
        .world
        .refresh(&old.refresh_token)
        .await
        .expect(200)
        .json;
    let again = stage
        .world
        .refresh(&old.refresh_token)
        .await
        .expect(200)
        .json;
    assert_eq!(next["refresh_token"], again["refresh_token"]);
    stage.delay(UPDATE);
    let new = stage.log_in().await;
    stage.here.log_out(&new, false).await.expect(204);
    stage.arrive("a login").await;

    stage.write(&old.id, "REMOVE fence", Vec::new()).await;
    previous.log_out_all(&old.id).await;
    stage.has_ended(&Session::of(next)).await;
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
    stage.me(&new).await.expect_error(401, "unauthorized");
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
    stage.me(&third).await.expect_error(401, "unauthorized");

    // The second write of a login is the one that revives.
    stage
        .proxy
        .fail(UPDATE, Fault::Slow(std::time::Duration::ZERO), 1);
    stage.delay(UPDATE);
    let back = stage.log_in().await;
    stage.goes_on(&back).await;
    previous.delete(&first.id).await;
    stage.arrive("a return").await;
    stage.me(&back).await.expect_error(401, "unauthorized");
}

// ---- random interleavings

#[derive(Clone, Copy, Debug)]
enum Step {
    LogIn,
    Refresh,
    LogOut,
    LogOutAll,
    Edit,
    Rename,
    Disable,
    Enable,
    Delete,
    /// What is late arrives.
    Arrive,
}

/// A step, whether its write is late, a number that picks a session, and whether the other environment takes it.
type Move = (Step, bool, usize, bool);

fn moves() -> impl Strategy<Value = (i64, Vec<Move>)> {
    let step = prop_oneof![
        4 => Just(Step::LogIn),
        4 => Just(Step::Refresh),
        2 => Just(Step::LogOut),
        2 => Just(Step::LogOutAll),
        2 => Just(Step::Edit),
        1 => Just(Step::Rename),
        1 => Just(Step::Disable),
        1 => Just(Step::Enable),
        2 => Just(Step::Delete),
        4 => Just(Step::Arrive),
    ];
    let skew = prop_oneof![
        Just(0_i64),
        Just(2_000),
        Just(-2_000),
        Just(30_000),
        Just(-30_000)
    ];
    let one = (step, any::<bool>(), any::<usize>(), any::<bool>());
    (skew, proptest::collection::vec(one, 4..24))
}

/// A session of the present life, as its phone knows it.
struct Device {
    session: Session,
    refresh_token: String,
    elsewhere: bool,
    ended: bool,
}

/// What must be true of the account.
#[derive(Default)]
struct Model {
    devices: Vec<Device>,
    /// Tokens that must never be good again.
    past: Vec<String>,
    nickname: Option<String>,
    disabled: bool,
}

impl Model {
    fn end_all(&mut self) {
        self.devices
            .iter_mut()
            .for_each(|device| device.ended = true);
    }

    fn begin(&mut self, session: Session, elsewhere: bool) {
        let refresh_token = session.refresh_token.clone();
        self.devices.push(Device {
            session,
            refresh_token,
            elsewhere,
            ended: false,
        });
        let live: Vec<_> = self
            .devices
            .iter_mut()
            .filter(|device| !device.ended)
            .collect();
        if live.len() > 5 {
            live.into_iter().next().unwrap().ended = true;
        }
    }
}

async fn run(skew: i64, moves: &[Move]) {
    let stage = Stage::new().await;
    let there = Environment::of(&stage.world, skew, &stage.proxy.url()).await;
    let admin = stage.world.log_in("admin").await;
    let at = |elsewhere| if elsewhere { &there } else { &stage.here };
    let mut model = Model::default();
    for (i, (step, late, pick, elsewhere)) in moves.iter().enumerate() {
        if let Step::Arrive = step {
            if stage.proxy.late() > 0 {
                stage.arrive("a write").await;
            }
            continue;
        }
        if *late {
            let transaction = matches!(
                step,
                Step::Rename | Step::Disable | Step::Enable | Step::Delete
            );
            stage.delay(if transaction { TRANSACTION } else { UPDATE });
        }
        take(
            &stage,
            &at,
            &admin,
            &mut model,
            *step,
            (i, *pick, *elsewhere),
        )
        .await;
        stage.proxy.heal();
    }
    if stage.proxy.late() > 0 {
        stage.arrive("a write").await;
    }
    check(&stage, &admin, &model).await;
}

async fn take<'a>(
    stage: &Stage,
    at: &impl Fn(bool) -> &'a Environment,
    admin: &Session,
    model: &mut Model,
    step: Step,
    (i, pick, elsewhere): (usize, usize, bool),
) {
    let served = if model.disabled { 403 } else { 200 };
    if let Step::LogIn = step {
        let answer = at(elsewhere).log_in(stage.world.code("alice")).await;
        let answer = answer.expect(served);
        if !model.disabled {
            model.begin(Session::of(answer.json), elsewhere);
        }
        return;
    }
    let count = model.devices.len();
    if count == 0 {
        return;
    }
    let device = &mut model.devices[pick % count];
    let session = device.session.clone();
    let own = at(device.elsewhere);
    match step {
        Step::Refresh => {
            let answer = at(elsewhere).refresh(&device.refresh_token).await;
            let answer = answer.expect(if device.ended { 401 } else { served });
            if answer.status == 200 {
                device.refresh_token = Session::of(answer.json).refresh_token;
            }
        }
        Step::LogOut => {
            own.log_out(&session, false).await.expect(204);
            device.ended = true;
        }
        Step::LogOutAll => {
            own.log_out(&session, true).await.expect(204);
            model.end_all();
        }
        Step::Edit | Step::Rename => {
            let nickname = format!("name {i}");
            let mut body = json!({"nickname": nickname});
            if let Step::Rename = step {
                body["username"] = format!("alice_{i}").into();
            }
            own.edit(&session, &body).await.expect(served);
            if served == 200 {
                model.nickname = Some(nickname);
            }
        }
        Step::Disable | Step::Enable => {
            model.disabled = matches!(step, Step::Disable);
            let status = if model.disabled { "disabled" } else { "active" };
            stage
                .set_status(admin, &session.id, status)
                .await
                .expect(200);
        }
        Step::Delete => {
            own.delete(&session)
                .await
                .expect(if model.disabled { 403 } else { 204 });
            if !model.disabled {
                let gone = std::mem::take(model).devices.into_iter();
                model.past.extend(gone.map(|device| device.refresh_token));
            }
        }
        Step::LogIn | Step::Arrive => {}
    }
}

/// In the end, all that was acknowledged is there, and nothing of what has ended lives again.
async fn check(stage: &Stage, admin: &Session, model: &Model) {
    if let Some(device) = model.devices.first() {
        let call = stage
            .world
            .users
            .get(&format!("/v1/users/{}", device.session.id));
        let user = call.bearer(&admin.token).send().await.expect(200).json;
        assert_eq!(user["nickname"], json!(model.nickname));
        let status = if model.disabled { "disabled" } else { "active" };
        assert_eq!(user["status"], status);
    }
    for device in &model.devices {
        let answer = stage.world.refresh(&device.refresh_token).await;
        let expected = match (device.ended, model.disabled) {
            (true, _) => 401,
            (false, true) => 403,
            (false, false) => 200,
        };
        assert_eq!(answer.status.as_u16(), expected, "{}", answer.json);
    }
    for token in &model.past {
        let answer = stage.world.refresh(token).await;
        answer.expect_error(401, "refresh_invalid");
    }
}

#[test]
fn no_interleaving_lets_a_late_write_change_anything() {
    let config = Config {
        cases: 60,
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let outcome = runner.run(&moves(), |(skew, moves)| {
        runtime.block_on(run(skew, &moves));
        Ok(())
    });
    outcome.unwrap();
}

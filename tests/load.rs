//! Many clients at a time, many objects of one account, many events in a row. Each takes minutes or a machine to itself,
//! so they run by `make load` alone, and say what they measured.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::io::Write;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use shared::ids::UploadId;
use shared::profile::Username;
use shared::store::user::Deleted;
use shared::time::Clock;
use support::proxy::{Fault, Matching, Proxy, Service};
use support::world::Settings;
use support::{Answer, Session, World, samples};
use wechat_standin::Endpoint;

const CLIENTS: u64 = 50;
const SEED: u64 = 0x5eed_0000_0000_0007;
/// As many names as make clients meet.
const NAMES: u64 = 40;
/// Requests of a client that go unanswered for a moment are tried so often.
const PATIENCE: u32 = 8;

fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// SplitMix64.
#[derive(Clone, Debug)]
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % sides
    }
}

/// Lets DynamoDB throttle five requests of a hundred, the same ones in every run.
fn throttle(proxy: &Proxy) {
    let mut dice = Dice(SEED);
    for _ in 0..8000 {
        let mut passing = 0;
        while dice.roll(100) >= 5 {
            passing += 1;
        }
        let dynamodb = Matching::To(Service::DynamoDb);
        proxy.fail(dynamodb, Fault::Slow(Duration::ZERO), passing);
        proxy.fail(dynamodb, Fault::Throttle, 1);
    }
}

// ---- what is noted

#[derive(Debug, Default)]
struct Notes {
    /// Per kind of request: how long each took, and how it was answered.
    requests: BTreeMap<&'static str, Vec<(Duration, u16)>>,
    violations: Vec<String>,
    /// Refresh tokens of sessions that have ended.
    ended: Vec<String>,
    /// Events that kept failing while the load was on.
    late_events: Vec<Value>,
}

#[derive(Debug, Default)]
struct Ledger(Mutex<Notes>);

impl Ledger {
    fn with<T>(&self, change: impl FnOnce(&mut Notes) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn timed(&self, kind: &'static str, call: impl Future<Output = Answer>) -> Answer {
        let started = Instant::now();
        let answer = call.await;
        let (took, status) = (started.elapsed(), answer.status.as_u16());
        self.with(|notes| notes.requests.entry(kind).or_default().push((took, status)));
        if status == 500 {
            self.violation(format!("{kind} was answered {}", answer.json));
        }
        answer
    }

    fn violation(&self, what: String) {
        self.with(|notes| notes.violations.push(what));
    }

    fn report(&self, took: Duration) {
        self.with(|notes| {
            let all: Vec<_> = notes.requests.values().flatten().copied().collect();
            let mut statuses = BTreeMap::new();
            for (_, status) in &all {
                *statuses.entry(*status).or_insert(0_usize) += 1;
            }
            let rate = all.len() as f64 / took.as_secs_f64();
            say(&format!(
                "{} requests in {:.1} s: {rate:.0} a second",
                all.len(),
                took.as_secs_f64()
            ));
            say(&format!("answers by status: {statuses:?}"));
            let line = |kind: &str, mut times: Vec<Duration>| {
                times.sort_unstable();
                let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_millis();
                say(&format!(
                    "  {kind:<16} {:>6}   p50 {:>5} ms   p99 {:>5} ms",
                    times.len(),
                    at(50),
                    at(99)
                ));
            };
            for (kind, seen) in &notes.requests {
                line(kind, seen.iter().map(|(took, _)| *took).collect());
            }
            line("all", all.iter().map(|(took, _)| *took).collect());
        });
    }
}

// ---- one client

struct Client {
    stage: Arc<Stage>,
    dice: Dice,
    number: u64,
    /// How many people this phone has belonged to.
    people: u64,
    session: Option<Session>,
    uploads: Vec<String>,
    sequence: u64,
}

struct Stage {
    world: World,
    ledger: Ledger,
    purging: AtomicUsize,
}

impl Client {
    fn openid(&self) -> String {
        format!("c{}p{}", self.number, self.people % 3)
    }

    async fn run(mut self, until: Instant) -> Option<Session> {
        while Instant::now() < until {
            let Some(session) = self.session.clone() else {
                self.log_in().await;
                continue;
            };
            match self.dice.roll(100) {
                0..3 => self.log_out(&session).await,
                3..13 => self.refresh(&session).await,
                13..35 => self.read(&session).await,
                35..45 => {
                    let nickname = format!("n{}", self.dice.roll(1000));
                    self.edit(&session, json!({"nickname": nickname})).await;
                }
                45..57 => {
                    let name = format!("name-{}", self.dice.roll(NAMES));
                    self.edit(&session, json!({"username": name})).await;
                }
                57..77 => self.upload(&session).await,
                77..87 => self.list(&session).await,
                87..95 => self.remove_upload(&session).await,
                95..97 => self.delete_account(&session).await,
                _ => self.session = None,
            }
        }
        self.session
    }

    async fn log_in(&mut self) {
        let openid = self.openid();
        let stage = self.stage.clone();
        let answer = stage
            .ledger
            .timed("login", stage.world.try_log_in(&openid))
            .await;
        match answer.status.as_u16() {
            200 => {
                self.session = Some(Session::of(answer.json));
                self.uploads.clear();
            }
            503 => {}
            status => stage
                .ledger
                .violation(format!("login: {status} {}", answer.json)),
        }
    }

    /// Two tabs refresh at once: whoever is answered gets the same successor. Then the former token must not open
    /// another line.
    async fn refresh(&mut self, session: &Session) {
        let stage = self.stage.clone();
        let started = Instant::now();
        let token = &session.refresh_token;
        let mut next: Option<Session> = None;
        for _ in 0..PATIENCE {
            let call = || stage.ledger.timed("refresh", stage.world.refresh(token));
            let answers = join_all([call(), call()]).await;
            for answer in answers {
                match answer.status.as_u16() {
                    200 => {
                        let granted = Session::of(answer.json);
                        let other = next.replace(granted.clone());
                        if other.is_some_and(|other| other.refresh_token != granted.refresh_token) {
                            stage
                                .ledger
                                .violation("one token has two successors".to_owned());
                        }
                    }
                    503 => {}
                    // Later than that, a repetition is taken for a replay.
                    401 if started.elapsed() > Duration::from_secs(9) => {
                        self.session = None;
                        return;
                    }
                    status => {
                        stage
                            .ledger
                            .violation(format!("refresh: {status} {}", answer.json));
                        self.session = None;
                        return;
                    }
                }
            }
            if next.is_some() {
                self.session = next;
                return;
            }
        }
        // Whether the token was replaced is not known any more.
        self.session = None;
    }

    async fn log_out(&mut self, session: &Session) {
        let stage = self.stage.clone();
        let all = self.dice.roll(2) == 0;
        let call = stage.world.login.post("/v1/logout", &json!({"all": all}));
        let answer = stage
            .ledger
            .timed("logout", call.bearer(&session.token).send())
            .await;
        match answer.status.as_u16() {
            204 => {
                let token = session.refresh_token.clone();
                let again = stage
                    .ledger
                    .timed("refresh (ended)", stage.world.refresh(&token))
                    .await;
                if again.status == 200 {
                    stage
                        .ledger
                        .violation("a session lived on after its logout".to_owned());
                }
                stage.ledger.with(|notes| notes.ended.push(token));
                self.session = None;
            }
            503 => {}
            status => stage
                .ledger
                .violation(format!("logout: {status} {}", answer.json)),
        }
    }

    async fn read(&mut self, session: &Session) {
        let stage = self.stage.clone();
        let path = match self.dice.roll(3) {
            0 => "/v1/users/me".to_owned(),
            1 => format!("/v1/users/{}", session.id),
            _ => format!("/v1/profiles?ids={}", session.id),
        };
        let call = stage.world.users.get(&path).bearer(&session.token);
        let answer = stage.ledger.timed("read", call.send()).await;
        match answer.status.as_u16() {
            200 if path.ends_with("me") && answer.json["id"] != *session.id => {
                stage.ledger.violation("somebody else was read".to_owned());
            }
            200 | 503 => {}
            status => stage
                .ledger
                .violation(format!("read: {status} {}", answer.json)),
        }
    }

    async fn edit(&mut self, session: &Session, body: Value) {
        let stage = self.stage.clone();
        let kind = if body["username"].is_string() {
            "new username"
        } else {
            "new nickname"
        };
        let call = stage
            .world
            .users
            .put("/v1/users/me", &body)
            .bearer(&session.token);
        let answer = stage.ledger.timed(kind, call.send()).await;
        match answer.status.as_u16() {
            200 => {
                let (field, value) = body.as_object().unwrap().iter().next().unwrap();
                if answer.json[field] != *value {
                    stage.ledger.violation(format!("{kind}: {}", answer.json));
                }
            }
            409 | 503 => {}
            status => stage
                .ledger
                .violation(format!("{kind}: {status} {}", answer.json)),
        }
    }

    async fn upload(&mut self, session: &Session) {
        let stage = self.stage.clone();
        let world = &stage.world;
        let bytes = samples::jpeg();
        let purpose = if self.dice.roll(3) == 0 {
            "avatar"
        } else {
            "file"
        };
        let body = json!({"content_type": "image/jpeg", "size": bytes.len(), "purpose": purpose});
        let call = world
            .presign
            .post("/v1/uploads", &body)
            .bearer(&session.token);
        let answer = stage.ledger.timed("ticket", call.send()).await;
        match answer.status.as_u16() {
            201 => {}
            429 | 503 => return,
            status => {
                return stage
                    .ledger
                    .violation(format!("ticket: {status} {}", answer.json));
            }
        }
        let id = answer.json["upload"]["id"].as_str().unwrap().to_owned();
        let key = format!("u/{}/{id}.jpg", session.id);
        let wrong = self.dice.roll(10) == 0;
        let bytes = if wrong {
            vec![b'x'; bytes.len()]
        } else {
            bytes
        };
        let s3 = world.emulator.s3();
        let put = s3.put_object().bucket(&world.bucket).key(&key);
        let put = put.content_type("image/jpeg").body(bytes.into());
        let Ok(stored) = put.send().await else {
            return;
        };
        self.sequence += 1;
        let event = created(
            &world.bucket,
            &key,
            &stored.version_id.unwrap(),
            &format!("{:016X}", self.sequence),
        );
        self.uploads.push(id);
        if !deliver(world, &event, PATIENCE).await {
            stage.ledger.with(|notes| notes.late_events.push(event));
        }
    }

    async fn list(&mut self, session: &Session) {
        let stage = self.stage.clone();
        let call = stage
            .world
            .presign
            .get("/v1/uploads?limit=20")
            .bearer(&session.token);
        let answer = stage.ledger.timed("list uploads", call.send()).await;
        if ![200, 503].contains(&answer.status.as_u16()) {
            stage
                .ledger
                .violation(format!("list: {} {}", answer.status, answer.json));
        }
    }

    async fn remove_upload(&mut self, session: &Session) {
        let Some(id) = self.uploads.pop() else { return };
        let stage = self.stage.clone();
        let path = format!("/v1/uploads/{id}");
        for _ in 0..PATIENCE {
            let call = stage.world.presign.delete(&path).bearer(&session.token);
            let answer = stage.ledger.timed("delete upload", call.send()).await;
            match answer.status.as_u16() {
                // 404: a newer avatar has taken its place.
                204 | 404 => return,
                503 => {}
                status => {
                    return stage
                        .ledger
                        .violation(format!("delete upload: {status} {}", answer.json));
                }
            }
        }
    }

    async fn delete_account(&mut self, session: &Session) {
        let stage = self.stage.clone();
        let mut unclear = false;
        for _ in 0..PATIENCE {
            let call = stage
                .world
                .users
                .delete("/v1/users/me")
                .bearer(&session.token);
            let answer = stage.ledger.timed("delete account", call.send()).await;
            match answer.status.as_u16() {
                204 => break,
                401 if unclear => break,
                503 => unclear = true,
                status => stage
                    .ledger
                    .violation(format!("delete account: {status} {}", answer.json)),
            }
        }
        let call = stage.world.users.get("/v1/users/me").bearer(&session.token);
        let answer = stage.ledger.timed("read (deleted)", call.send()).await;
        if !unclear && ![401, 503].contains(&answer.status.as_u16()) {
            stage
                .ledger
                .violation(format!("a deleted account was read: {}", answer.status));
        }
        if !unclear {
            stage
                .ledger
                .with(|notes| notes.ended.push(session.refresh_token.clone()));
        }
        self.session = None;
        // The same person comes back at once, or somebody else takes the phone.
        self.people += self.dice.roll(2);
    }
}

fn created(bucket: &str, key: &str, version: &str, sequencer: &str) -> Value {
    let object = json!({"key": key, "versionId": version, "sequencer": sequencer});
    json!({"Records": [{"eventVersion": "2.1", "eventName": "ObjectCreated:Post",
        "s3": {"bucket": {"name": bucket}, "object": object}}]})
}

/// Delivers an event until it does not fail, so often at most.
async fn deliver(world: &World, event: &Value, times: u32) -> bool {
    for receives in 1..=times {
        let message = json!({"messageId": "m", "body": event.to_string(),
            "attributes": {"ApproximateReceiveCount": receives.to_string()}});
        if world
            .deliver(json!({"Records": [message]}))
            .await
            .is_empty()
        {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    false
}

/// Works on what the purge queue holds; returns how many messages there were.
async fn purge(stage: &Stage) -> usize {
    let bodies = stage.world.purge_messages().await;
    let count = bodies.len();
    join_all(bodies.into_iter().map(async |body| {
        // Received as often as the queue would, with less time in between.
        for receives in 1..=5 {
            let record = json!({"messageId": "m", "body": body,
                "attributes": {"ApproximateReceiveCount": receives.to_string()}});
            let answer = stage
                .world
                .purge
                .handle(json!({"Records": [record]}), stage.world.soon())
                .await;
            if answer.unwrap().batch_item_failures.is_empty() {
                stage.purging.fetch_add(1, Ordering::Relaxed);
                return;
            }
            tokio::time::sleep(Duration::from_secs(3)).await;
        }
        stage
            .ledger
            .violation(format!("purge keeps failing: {body}"));
    }))
    .await;
    count
}

// ---- what must be true afterwards

type Item = HashMap<String, AttributeValue>;

async fn table(world: &World) -> Vec<Item> {
    let (mut items, mut start) = (Vec::new(), None);
    loop {
        let scan = world.emulator.dynamodb().scan().table_name(&world.table);
        let page = scan
            .consistent_read(true)
            .set_exclusive_start_key(start)
            .send()
            .await
            .unwrap();
        items.extend(page.items.unwrap_or_default());
        start = page.last_evaluated_key;
        if start.is_none() {
            return items;
        }
    }
}

fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

fn number(item: &Item, name: &str) -> Option<u16> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

/// Keys and versions in the bucket.
async fn bucket(world: &World, prefix: &str) -> HashSet<(String, String)> {
    let s3 = world.emulator.s3();
    let (mut found, mut at) = (HashSet::new(), (None, None));
    loop {
        let list = s3
            .list_object_versions()
            .bucket(&world.bucket)
            .prefix(prefix);
        let list = list
            .set_key_marker(at.0.take())
            .set_version_id_marker(at.1.take());
        let page = list.send().await.unwrap();
        let versions = page
            .versions()
            .iter()
            .map(|version| (version.key(), version.version_id()));
        let markers = page
            .delete_markers()
            .iter()
            .map(|marker| (marker.key(), marker.version_id()));
        for (key, version) in versions.chain(markers) {
            found.insert((
                key.unwrap().to_owned(),
                version.unwrap_or_default().to_owned(),
            ));
        }
        if !page.is_truncated.unwrap_or(false) {
            return found;
        }
        at = (page.next_key_marker, page.next_version_id_marker);
    }
}

async fn check_all(stage: &Stage) {
    let (items, objects) = (table(&stage.world).await, bucket(&stage.world, "u/").await);
    let ledger = &stage.ledger;
    let (mut claimed, mut owned, mut epochs) = (BTreeMap::new(), BTreeMap::new(), HashMap::new());
    for item in &items {
        let pk = text(item, "pk").unwrap();
        if pk.starts_with("UN#") {
            claimed.insert(pk.to_owned(), text(item, "uid").unwrap().to_owned());
        }
        let Some(uid) = pk.strip_prefix("U#") else {
            continue;
        };
        let lives = ["active", "disabled"].contains(&text(item, "status").unwrap());
        epochs.insert(uid.to_owned(), (number(item, "epoch").unwrap(), lives));
        if let Some(name) = text(item, "username") {
            let name = format!("UN#{}", name.parse::<Username>().unwrap().compared());
            if let Some(other) = owned.insert(name.clone(), uid.to_owned()) {
                ledger.violation(format!("{name} belongs to {other} and {uid}"));
            }
        }
    }
    if claimed != owned {
        ledger.violation(format!("claims {claimed:?}, names {owned:?}"));
    }
    let is_old = |uid: &str, upload: &str| {
        let upload: UploadId = upload.parse().unwrap();
        epochs
            .get(uid)
            .is_none_or(|(epoch, _)| upload.epoch().get() < *epoch)
    };
    let mut ready = 0;
    for item in &items {
        let Some(uid) = text(item, "pk").unwrap().strip_prefix("UP#") else {
            continue;
        };
        let upload = text(item, "sk").unwrap();
        if upload == "~" {
            continue;
        }
        if is_old(uid, upload) {
            ledger.violation(format!("record {upload} of {uid} outlived its account"));
        }
        if text(item, "status") == Some("ready") {
            ready += 1;
            let object = (
                format!("u/{uid}/{upload}.jpg"),
                text(item, "version_id").unwrap().to_owned(),
            );
            if !objects.contains(&object) {
                ledger.violation(format!("ready {upload} of {uid} has no object"));
            }
        }
    }
    let mut shown = 0;
    for item in items.iter().filter(|item| item.contains_key("avatar_key")) {
        shown += 1;
        let object = (
            text(item, "avatar_key").unwrap(),
            text(item, "avatar_version").unwrap(),
        );
        if !objects.contains(&(object.0.to_owned(), object.1.to_owned())) {
            ledger.violation(format!("the picture {object:?} is not there"));
        }
    }
    for (key, _) in &objects {
        let mut parts = key.split(['/', '.']).skip(1);
        let (uid, upload) = (parts.next().unwrap(), parts.next().unwrap());
        if is_old(uid, upload) {
            ledger.violation(format!("object {key} outlived its account"));
        }
    }
    let dead = epochs.values().filter(|(_, lives)| !lives).count();
    say(&format!(
        "afterwards: {} accounts, {dead} of them deleted; {} names; {ready} ready uploads, {shown} pictures, {} objects",
        epochs.len(),
        owned.len(),
        objects.len()
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes a minute and the machine to itself; run by make load"]
async fn fifty_clients_and_a_throttled_table_break_nothing() {
    let secs = std::env::var("LOAD_SECONDS")
        .ok()
        .and_then(|text| text.parse().ok());
    let lasting = Duration::from_secs(secs.unwrap_or(60));
    let proxy = Proxy::start().await;
    let world = World::with(Settings {
        endpoint: Some(proxy.url()),
        limits: vec![("UPLOAD_DAILY_LIMIT", "100000")],
        ..Settings::default()
    })
    .await;
    let stage = Arc::new(Stage {
        world,
        ledger: Ledger::default(),
        purging: AtomicUsize::new(0),
    });
    throttle(&proxy);
    let started = Instant::now();
    let until = started + lasting;
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let client = Client {
                stage: stage.clone(),
                dice: Dice(SEED + number),
                number,
                people: 0,
                session: None,
                uploads: Vec::new(),
                sequence: 0,
            };
            tokio::spawn(client.run(until))
        })
        .collect();
    let housekeeping = async {
        let (mut throttled, mut dynamodb) = (0, 0);
        while Instant::now() < until {
            purge(&stage).await;
            tokio::time::sleep(Duration::from_millis(500)).await;
            for seen in proxy.take() {
                dynamodb += usize::from(seen.service == Service::DynamoDb);
                throttled += usize::from(seen.fault == Some(Fault::Throttle));
            }
        }
        (dynamodb, throttled)
    };
    let (sessions, (dynamodb, throttled)) = tokio::join!(join_all(clients), housekeeping);
    let took = started.elapsed();
    stage.ledger.report(took);
    say(&format!(
        "{throttled} of {dynamodb} calls of DynamoDB were throttled"
    ));
    assert!(
        proxy.faults_left() > 0,
        "the faults ran out before the time did"
    );
    proxy.heal();
    proxy.quiet().await;

    for event in stage
        .ledger
        .with(|notes| std::mem::take(&mut notes.late_events))
    {
        if !deliver(&stage.world, &event, PATIENCE).await {
            stage
                .ledger
                .violation(format!("an event keeps failing: {event}"));
        }
    }
    while purge(&stage).await > 0 {}
    say(&format!("{} purges", stage.purging.load(Ordering::Relaxed)));
    check_all(&stage).await;
    let ended = stage.ledger.with(|notes| std::mem::take(&mut notes.ended));
    let checks = stream::iter(ended).map(|token| {
        let stage = &stage;
        async move { stage.world.refresh(&token).await.status.as_u16() }
    });
    let answers: Vec<_> = checks.buffer_unordered(20).collect().await;
    if answers.iter().any(|status| *status != 401) {
        stage
            .ledger
            .violation("an ended session was continued".to_owned());
    }
    say(&format!("{} ended sessions stay so", answers.len()));
    // The newest session of a person is never pushed out by others, and this phone's is the newest.
    let mut living = 0;
    for session in sessions.into_iter().filter_map(|outcome| outcome.unwrap()) {
        living += 1;
        let answer = stage.world.refresh(&session.refresh_token).await;
        if answer.status != 200 {
            stage
                .ledger
                .violation(format!("a living session ended: {}", answer.json));
        }
    }
    say(&format!("{living} living sessions go on"));
    let violations = stage
        .ledger
        .with(|notes| std::mem::take(&mut notes.violations));
    let first: Vec<_> = violations.iter().take(20).collect();
    assert!(
        violations.is_empty(),
        "{} in all, the first of them {first:#?}",
        violations.len()
    );
}

// ---- many objects of one account

const MANY: usize = 10_000;

async fn put_many(world: &World, keys: Vec<String>) -> Vec<(String, String)> {
    let s3 = world.emulator.s3();
    let puts = stream::iter(keys).map(|key| {
        let put = s3.put_object().bucket(&world.bucket).key(&key);
        let put = put.content_type("image/jpeg").body(samples::jpeg().into());
        async move { (key, put.send().await.unwrap().version_id.unwrap()) }
    });
    puts.buffer_unordered(16).collect().await
}

/// Pending records of as many uploads, written past the quota; returns their keys.
async fn write_records(world: &World, owner: &Session, count: usize) -> Vec<String> {
    let random = shared::random::Random::system();
    let epoch = shared::ids::Epoch::FIRST;
    let ids: Vec<_> = (0..count)
        .map(|_| {
            UploadId::new(
                world.clock.now(),
                shared::ids::Purpose::File,
                epoch,
                &random,
            )
            .to_string()
        })
        .collect();
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let put = |id: &String| {
        let request = PutRequest::builder()
            .item("pk", text(&format!("UP#{}", owner.id)))
            .item("sk", text(id))
            .item("status", text("pending"))
            .item("content_type", text("image/jpeg"))
            .item(
                "declared_size",
                AttributeValue::N(samples::jpeg().len().to_string()),
            );
        WriteRequest::builder()
            .put_request(request.build().unwrap())
            .build()
    };
    for chunk in ids.chunks(25) {
        let writes = chunk.iter().map(put).collect();
        let write = world
            .emulator
            .dynamodb()
            .batch_write_item()
            .request_items(&world.table, writes);
        let left = write
            .send()
            .await
            .unwrap()
            .unprocessed_items
            .unwrap_or_default();
        assert!(left.is_empty());
    }
    ids.iter()
        .map(|id| format!("u/{}/{id}.jpg", owner.id))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "stores ten thousand objects; run by make load"]
async fn ten_thousand_objects_of_one_account_are_purged_over_several_invocations() {
    let count = std::env::var("LOAD_OBJECTS")
        .ok()
        .and_then(|text| text.parse().ok());
    let count = count.unwrap_or(MANY);
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let keys = write_records(&world, &alice, count).await;
    put_many(&world, keys).await;
    let call = world.users.delete("/v1/users/me").bearer(&alice.token);
    call.send().await.expect(204);
    let (started, mut invocations) = (Instant::now(), 0);
    loop {
        let bodies = world.purge_messages().await;
        let Some(body) = bodies.first() else { break };
        assert_eq!(bodies.len(), 1, "one purge is one chain of messages");
        assert!(serde_json::from_str::<Deleted>(body).is_ok());
        invocations += 1;
        // Two seconds of work each, where production has a minute or more.
        let deadline = world.clock.now().after(Duration::from_secs(8 + 2));
        let event = json!({"Records": [{"messageId": "m", "body": body}]});
        let answer = world.purge.handle(event, deadline).await.unwrap();
        assert!(answer.batch_item_failures.is_empty());
        assert!(
            started.elapsed() < Duration::from_secs(300),
            "it takes too long"
        );
    }
    let took = started.elapsed();
    say(&format!(
        "{count} records and objects purged in {:.1} s over {invocations} invocations",
        took.as_secs_f64()
    ));
    assert!(invocations > 1);
    assert!(bucket(&world, &format!("u/{}/", alice.id)).await.is_empty());
    let left = table(&world).await;
    let own = left
        .iter()
        .filter(|item| text(item, "pk").unwrap().starts_with("UP#"));
    assert!(own.into_iter().all(|item| text(item, "sk") == Some("~")));
}

// ---- many events

/// The process's resident memory in MB.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| {
        line.trim()
            .trim_end_matches("kB")
            .trim()
            .parse::<f64>()
            .ok()
    });
    kilobytes.expect("Linux tells a process's size") / 1024.0
}

// ---- junk on one ticket

/// Objects that one account stores in a second, and for how long.
const JUNK_A_SECOND: u64 = 50;
const JUNK_SECONDS: u64 = 60;
/// As `template.yaml` gives them to the function.
const ENVIRONMENTS: usize = 10;
const BATCH: usize = 10;

/// The queue of upload events, and the functions that read it.
struct EventQueue {
    messages: Mutex<VecDeque<(String, u32)>>,
    handled: AtomicUsize,
    is_over: AtomicBool,
}

impl EventQueue {
    fn send(&self, world: &World, key: &str, version: &str) {
        let body = created(&world.bucket, key, version, "01").to_string();
        self.messages.lock().unwrap().push_back((body, 1));
    }

    fn receive(&self) -> Vec<(String, u32)> {
        let mut messages = self.messages.lock().unwrap();
        let count = messages.len().min(BATCH);
        messages.drain(..count).collect()
    }

    /// One environment, from batch to batch.
    async fn work(&self, environment: &s3_event::App, world: &World) {
        loop {
            let batch = self.receive();
            if batch.is_empty() {
                if self.is_over.load(Ordering::Relaxed) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
            let records = batch.iter().enumerate().map(|(i, (body, receives))| {
                json!({"messageId": i.to_string(), "body": body,
                    "attributes": {"ApproximateReceiveCount": receives.to_string()}})
            });
            let event = json!({"Records": records.collect::<Vec<_>>()});
            let answer = environment.handle(event, world.soon()).await.unwrap();
            self.handled.fetch_add(batch.len(), Ordering::Relaxed);
            let mut messages = self.messages.lock().unwrap();
            for failed in answer.batch_item_failures {
                let (body, receives) = &batch[failed.item_identifier.parse::<usize>().unwrap()];
                messages.push_back((body.clone(), receives + 1));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes a minute and the machine to itself; run by make load"]
async fn a_flood_of_junk_on_one_ticket_does_not_hold_up_others() {
    let world = Arc::new(World::new().await);
    let (mallory, alice) = (world.log_in("mallory").await, world.log_in("alice").await);
    let bytes = samples::jpeg();
    let issue = async |session: &Session| {
        let body = json!({"content_type": "image/jpeg", "size": bytes.len(), "purpose": "file"});
        let call = world
            .presign
            .post("/v1/uploads", &body)
            .bearer(&session.token);
        let issued = call.send().await.expect(201).json;
        let id = issued["upload"]["id"].as_str().unwrap().to_owned();
        (format!("u/{}/{id}.jpg", session.id), id)
    };
    let queue = Arc::new(EventQueue {
        messages: Mutex::default(),
        handled: AtomicUsize::new(0),
        is_over: AtomicBool::new(false),
    });
    let mut environments = Vec::new();
    for _ in 0..ENVIRONMENTS {
        let (world, queue) = (world.clone(), queue.clone());
        let environment = world.new_s3_event().await;
        environments.push(tokio::spawn(async move {
            queue.work(&environment, &world).await;
        }));
    }
    let (junk, _) = issue(&mallory).await;
    let store = async |key: &str, body: Vec<u8>| {
        let put = world
            .emulator
            .s3()
            .put_object()
            .bucket(&world.bucket)
            .key(key);
        let put = put
            .content_type("image/jpeg")
            .body(body.into())
            .send()
            .await;
        queue.send(&world, key, &put.unwrap().version_id.unwrap());
    };
    let (mut waits, mut longest_queue) = (Vec::new(), 0);
    let started = Instant::now();
    for second in 0..JUNK_SECONDS {
        let due = started + Duration::from_secs(second);
        tokio::time::sleep_until(due.into()).await;
        join_all((0..JUNK_A_SECOND).map(|_| store(&junk, vec![b'x'; bytes.len()]))).await;
        longest_queue = longest_queue.max(queue.messages.lock().unwrap().len());
        if second % 15 == 10 {
            let (key, id) = issue(&alice).await;
            store(&key, bytes.clone()).await;
            let stored = Instant::now();
            let path = format!("/v1/uploads/{id}");
            let status = async || {
                let read = world.presign.get(&path).bearer(&alice.token).send().await;
                read.expect(200).json["status"].clone()
            };
            while status().await != "ready" {
                assert!(
                    stored.elapsed() < Duration::from_secs(10),
                    "held up by junk"
                );
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            waits.push(stored.elapsed());
        }
    }
    let lasted = started.elapsed().as_secs_f64();
    queue.is_over.store(true, Ordering::Relaxed);
    for environment in join_all(environments).await {
        environment.unwrap();
    }
    let junk_stored = JUNK_A_SECOND * JUNK_SECONDS;
    say(&format!(
        "{junk_stored} junk objects in {lasted:.0} s, {} events worked on, at most {longest_queue} waiting; \
         others' uploads were ready after {:.0?} at most",
        queue.handled.load(Ordering::Relaxed),
        waits.iter().max().unwrap()
    ));
    let left = world
        .emulator
        .s3()
        .list_object_versions()
        .bucket(&world.bucket);
    let left = left.prefix(&junk).send().await.unwrap();
    assert!(left.versions().is_empty(), "junk is left");
}

#[tokio::test]
#[ignore = "stores ten thousand objects; run by make load"]
async fn ten_thousand_events_drain_steadily_in_a_flat_line_of_memory() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let keys = write_records(&world, &alice, MANY).await;
    let stored = put_many(&world, keys).await;
    // The world keeps every line that its functions write; this one writes to nowhere.
    let app = world.new_s3_event().await;
    let (mut memory, mut rates) = (Vec::new(), Vec::new());
    for thousand in stored.chunks(1000) {
        let started = Instant::now();
        for ten in thousand.chunks(10) {
            let messages = ten.iter().enumerate().map(|(i, (key, version))| {
                let body = created(&world.bucket, key, version, "01").to_string();
                json!({"messageId": i.to_string(), "body": body})
            });
            let event = json!({"Records": messages.collect::<Vec<_>>()});
            let answer = app.handle(event, world.soon()).await.unwrap();
            assert!(answer.batch_item_failures.is_empty());
        }
        rates.push(1000.0 / started.elapsed().as_secs_f64());
        memory.push(resident());
        say(&format!(
            "events {:>5}: {:>4.0} a second, {:.1} MB",
            rates.len() * 1000,
            rates[rates.len() - 1],
            memory[memory.len() - 1]
        ));
    }
    let grown = memory[memory.len() - 1] - memory[2];
    assert!(
        grown < 6.0,
        "{grown:.1} MB more than after the third thousand"
    );
    let slowest = rates.iter().copied().fold(f64::INFINITY, f64::min);
    let fastest = rates.iter().copied().fold(0.0, f64::max);
    assert!(
        slowest > fastest / 4.0,
        "{slowest:.0} to {fastest:.0} a second is no steady rate"
    );
    let items = table(&world).await;
    let ready = items
        .iter()
        .filter(|item| text(item, "status") == Some("ready"));
    assert_eq!(ready.count(), MANY);
}

/// From an address that is over its limit, while as many others are remembered as there is room for.
#[tokio::test]
#[ignore = "measures; run by make load"]
async fn a_flood_of_logins_is_refused_before_anybody_is_asked() {
    const DIRECT: u32 = 1_000_000;
    const ROUTED: u32 = 20_000;
    let clock = Clock::system();
    let limit = login::RateLimit::per_minute(60, clock);
    let client = |i: u32| login::Client::at(Ipv4Addr::from(i).into());
    for i in 0..100_000 {
        let _ = limit.login(client(i));
    }
    while limit.login(client(0)).is_ok() {}
    let started = Instant::now();
    let refused = (0..DIRECT).filter(|_| limit.login(client(0)).is_err());
    let refused = refused.count();
    let each = started.elapsed().as_nanos() / u128::from(DIRECT);
    say(&format!("the limiter: {refused} refusals, {each} ns each"));

    let world = World::with(Settings {
        login_rate_limit: 60,
        ..Settings::default()
    })
    .await;
    let asked = world.wechat.count(Endpoint::Code2Session);
    let body = json!({"code": "errcode-40029"});
    let (mut refused, started) = (0, Instant::now());
    for _ in 0..ROUTED {
        let answer = world.login.post("/v1/login", &body).send().await;
        refused += u32::from(answer.status == 429);
    }
    let each = started.elapsed() / ROUTED;
    say(&format!(
        "the whole function: {refused} of {ROUTED} logins refused, {each:?} each"
    ));
    let admitted = u32::try_from(world.wechat.count(Endpoint::Code2Session) - asked);
    assert_eq!(admitted.unwrap() + refused, ROUTED);
}

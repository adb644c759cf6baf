//! Many clients at a time, many objects of one account, many events in a row. Each takes minutes or a machine to itself,
//! so they run by `make load` alone, and say what they measured.

mod clients;
mod events;
mod logins;
mod purge;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use shared::ids::UploadId;
use support::{Answer, Session, World, samples};

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
                self.session = Some(stage.world.session(answer));
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
                        let granted = stage.world.session(answer);
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

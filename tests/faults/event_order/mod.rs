//! What becomes of uploads, of their owner's picture and of the bucket, whatever people do with their tickets, in whatever
//! order, number and company S3's events and WeChat's verdicts arrive, and whichever call fails or function ends meanwhile.

mod checks;
mod deliveries;
mod examples;
mod notifications;
mod stories;

use std::collections::{BTreeMap, BTreeSet};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use support::proxy::{Fault, Matching, Proxy};
use support::world::Settings;
use support::{Session, World, samples};

const SIZE: usize = 400;

/// A message that fails as often as this becomes a dead letter; `template.yaml` says so, and its test holds it to 5 at
/// least.
const MAX_RECEIVES: usize = 5;

/// What somebody does about one upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    /// The owner, or whoever has the ticket, stores what the ticket allows.
    Good,
    /// The same with other bytes of the right size.
    WrongBytes,
    /// The same with a right picture of the wrong size.
    WrongSize,
    /// An operator hides the key behind a delete marker.
    Mark,
    /// An operator removes the oldest version for good.
    RemoveOldest,
    /// The same with the newest.
    RemoveNewest,
    /// The owner deletes the upload.
    Delete,
    /// An administrator shuts the owner's account.
    Disable,
}

impl Deed {
    fn stores(self) -> bool {
        matches!(self, Self::Good | Self::WrongBytes | Self::WrongSize)
    }
}

/// The purposes of a person's uploads, and what is done about which of them.
#[derive(Clone, Debug)]
struct Story {
    purposes: Vec<&'static str>,
    deeds: Vec<(usize, Deed)>,
}

fn story(purposes: &'static [&'static str], most: usize) -> impl Strategy<Value = Story> {
    const DEEDS: &[Deed] = &[
        Deed::Good,
        Deed::Good,
        Deed::Good,
        Deed::WrongBytes,
        Deed::WrongSize,
        Deed::Mark,
        Deed::RemoveOldest,
        Deed::RemoveNewest,
        Deed::Delete,
        Deed::Disable,
    ];
    proptest::collection::vec(select(purposes), 1..=most).prop_flat_map(|purposes| {
        let deed = (0..purposes.len(), select(DEEDS));
        proptest::collection::vec(deed, 1..=7).prop_map(move |deeds| Story {
            purposes: purposes.clone(),
            deeds,
        })
    })
}

/// How the events arrive.
#[derive(Clone, Debug)]
struct Delivery {
    /// What happens next: a deed, or the arrival of some event.
    choices: Vec<u8>,
    /// Which events arrive twice, and thrice.
    again: Vec<u8>,
    /// How many messages are worked on at a time.
    workers: usize,
    /// Whether each batch meets an environment that remembers nothing.
    is_cold: bool,
    /// At which of its steps the function ends for good while it works on one of the batches.
    crash: Option<(usize, usize)>,
    fault: Option<Mishap>,
}

/// Which calls fail, and how.
#[derive(Clone, Debug)]
struct Mishap {
    operation: &'static str,
    fault: Fault,
    after: usize,
    times: usize,
}

fn delivery() -> impl Strategy<Value = Delivery> {
    const OPERATIONS: &[&str] = &[
        "GetObject",
        "UpdateItem",
        "DeleteObject",
        "TransactWriteItems",
        "GetItem",
        "ListObjectVersions",
        "BatchGetItem",
        "SendMessage",
    ];
    const FAULTS: &[Fault] = &[
        Fault::Throttle,
        Fault::InternalError,
        Fault::DropBefore,
        Fault::DropAfterCommit,
        Fault::CutOff,
    ];
    // Three are what a client tries before it gives up.
    let times = select(&[1_usize, 3][..]);
    let mishap = (select(OPERATIONS), select(FAULTS), 0..3_usize, times);
    let mishap = mishap.prop_map(|(operation, fault, after, times)| Mishap {
        operation,
        fault,
        after,
        times,
    });
    let mischief = prop_oneof![
        4 => Just((None, None)),
        3 => mishap.prop_map(|mishap| (None, Some(mishap))),
        3 => (0..6_usize, 1..30_usize).prop_map(|crash| (Some(crash), None)),
    ];
    (
        proptest::collection::vec(any::<u8>(), 40),
        proptest::collection::vec(0..3_u8, 12),
        1..4_usize,
        any::<bool>(),
        mischief,
    )
        .prop_map(
            |(choices, again, workers, is_cold, (crash, fault))| Delivery {
                choices,
                again,
                workers,
                is_cold,
                crash,
                fault,
            },
        )
}

struct Stage {
    proxy: Proxy,
    world: World,
    admin: Session,
    people: AtomicU32,
    /// Whether WeChat checks what is stored.
    is_checked: bool,
}

/// An upload, and the versions that were ever stored for it.
#[derive(Debug)]
struct Upload {
    id: String,
    key: String,
    stored: Vec<(String, Deed)>,
    /// Versions that have been seen to be gone.
    removed: BTreeSet<String>,
}

/// An event on its way.
#[derive(Clone, Debug)]
struct Message {
    name: &'static str,
    upload: usize,
    version: String,
    receives: usize,
}

/// One story while it happens.
struct Performance<'a> {
    stage: &'a Stage,
    delivery: &'a Delivery,
    owner: Session,
    uploads: Vec<Upload>,
    queue: Vec<Message>,
    /// What waits for `moderation`.
    tasks: Vec<checks::Task>,
    steps: usize,
    announced: usize,
    batches: usize,
}

impl Stage {
    async fn new() -> Self {
        Self::with(Settings::default(), false).await
    }

    async fn with(settings: Settings, is_checked: bool) -> Self {
        let proxy = Proxy::start().await;
        let world = World::with(Settings {
            endpoint: Some(proxy.url()),
            ..settings
        })
        .await;
        Self {
            is_checked,
            proxy,
            admin: world.log_in("admin").await,
            world,
            people: AtomicU32::new(0),
        }
    }

    async fn perform(&self, story: &Story, delivery: &Delivery) -> Result<(), String> {
        let number = self.people.fetch_add(1, Ordering::Relaxed);
        let owner = self.world.log_in(&format!("p{number}")).await;
        let mut uploads = Vec::new();
        for purpose in &story.purposes {
            self.world.advance(Duration::from_millis(2));
            uploads.push(self.issue(&owner, purpose).await);
        }
        let mut performance = Performance {
            stage: self,
            delivery,
            owner,
            uploads,
            queue: Vec::new(),
            tasks: Vec::new(),
            steps: 0,
            announced: 0,
            batches: 0,
        };
        if let Some(mishap) = &delivery.fault {
            let matching = Matching::Of(mishap.operation);
            self.proxy
                .fail(matching, Fault::Slow(Duration::ZERO), mishap.after);
            self.proxy.fail(matching, mishap.fault, mishap.times);
        }
        let outcome = performance.run(story).await;
        self.proxy.heal();
        outcome?;
        performance.check(story).await
    }

    async fn issue(&self, owner: &Session, purpose: &str) -> Upload {
        let body = json!({"content_type": "image/jpeg", "size": SIZE, "purpose": purpose});
        let issued = owner.post("/v1/uploads", &body).await.expect(201).json;
        let id = issued["upload"]["id"].as_str().unwrap().to_owned();
        Upload {
            key: format!("u/{}/{id}.jpg", owner.id),
            id,
            stored: Vec::new(),
            removed: BTreeSet::new(),
        }
    }

    /// The versions of a key that the bucket holds, oldest first.
    async fn versions(&self, key: &str) -> Vec<String> {
        let list = self.world.emulator.s3().list_object_versions();
        let page = list
            .bucket(&self.world.bucket)
            .prefix(key)
            .send()
            .await
            .unwrap();
        let ids = page.versions().iter();
        let mut ids: Vec<_> = ids
            .filter_map(|v| v.version_id().map(str::to_owned))
            .collect();
        ids.reverse();
        ids
    }

    async fn item(&self, pk: String, sk: &str) -> BTreeMap<String, AttributeValue> {
        let get = self.world.emulator.dynamodb().get_item();
        let get = get.table_name(&self.world.table).consistent_read(true);
        let get = get
            .key("pk", AttributeValue::S(pk))
            .key("sk", AttributeValue::S(sk.to_owned()));
        let item = get.send().await.unwrap().item.unwrap_or_default();
        item.into_iter().collect()
    }
}

impl Performance<'_> {
    fn choice(&mut self) -> usize {
        let choices = &self.delivery.choices;
        self.steps += 1;
        usize::from(choices[self.steps % choices.len()])
    }

    /// Deeds in their order, and between them whatever arrives.
    async fn run(&mut self, story: &Story) -> Result<(), String> {
        let mut deeds = story.deeds.iter();
        let mut next = deeds.next();
        while next.is_some() || !self.queue.is_empty() || !self.tasks.is_empty() {
            let is_quiet = self.queue.is_empty() && self.tasks.is_empty();
            let acts = is_quiet || self.choice().is_multiple_of(3);
            match next {
                Some((upload, deed)) if acts => {
                    self.act(*upload, *deed).await;
                    next = deeds.next();
                }
                _ if self.queue.is_empty() => self.moderate().await?,
                _ if !self.tasks.is_empty() && self.choice().is_multiple_of(2) => {
                    self.moderate().await?;
                }
                _ => self.deliver().await?,
            }
            self.announce_removals().await;
            self.collect_tasks().await;
        }
        Ok(())
    }

    /// S3 tells of an event, once or more often.
    fn announce(&mut self, name: &'static str, upload: usize, version: &str) {
        let again = &self.delivery.again;
        let copies = 1 + usize::from(again[self.announced % again.len()]);
        self.announced += 1;
        let message = Message {
            name,
            upload,
            version: version.to_owned(),
            receives: 1,
        };
        self.queue.extend(std::iter::repeat_n(message, copies));
    }

    /// Whoever removed a version: S3 tells of it.
    async fn announce_removals(&mut self) {
        for at in 0..self.uploads.len() {
            let held = self.stage.versions(&self.uploads[at].key).await;
            let upload = &mut self.uploads[at];
            let stored = upload.stored.iter().map(|(version, _)| version.clone());
            let gone: Vec<_> = stored.filter(|version| !held.contains(version)).collect();
            let fresh: Vec<_> = gone
                .into_iter()
                .filter(|version| upload.removed.insert(version.clone()))
                .collect();
            for version in fresh {
                self.announce("ObjectRemoved:Delete", at, &version);
            }
        }
    }

    async fn act(&mut self, at: usize, deed: Deed) {
        let world = &self.stage.world;
        let s3 = world.emulator.s3();
        let key = self.uploads[at].key.clone();
        match deed {
            Deed::Good | Deed::WrongBytes | Deed::WrongSize => {
                let bytes = bytes_of(deed, self.uploads[at].stored.len());
                let put = s3.put_object().bucket(&world.bucket).key(&key);
                let put = put.content_type("image/jpeg").body(bytes.into());
                let version = put.send().await.unwrap().version_id.unwrap();
                self.uploads[at].stored.push((version.clone(), deed));
                self.announce("ObjectCreated:Post", at, &version);
            }
            Deed::Mark => {
                let hide = s3.delete_object().bucket(&world.bucket).key(&key);
                let marker = hide.send().await.unwrap().version_id.unwrap();
                self.announce("ObjectRemoved:DeleteMarkerCreated", at, &marker);
            }
            Deed::RemoveOldest | Deed::RemoveNewest => {
                let mut held = self.stage.versions(&key).await.into_iter();
                let which = if deed == Deed::RemoveOldest {
                    held.next()
                } else {
                    held.next_back()
                };
                if let Some(version) = which {
                    let remove = s3.delete_object().bucket(&world.bucket).key(&key);
                    remove.version_id(version).send().await.unwrap();
                }
            }
            Deed::Delete => self.delete(at).await,
            Deed::Disable => {
                let path = format!("/v1/users/{}", self.owner.id);
                let admin = &self.stage.admin.token;
                let disable = || {
                    world
                        .users
                        .put(&path, &json!({"status": "disabled"}))
                        .bearer(admin)
                        .send()
                };
                for _ in 0..4 {
                    if disable().await.status == 200 {
                        break;
                    }
                }
            }
        }
    }

    /// A phone repeats a request that failed.
    async fn delete(&self, at: usize) {
        let path = format!("/v1/uploads/{}", self.uploads[at].id);
        for _ in 0..4 {
            let delete = self
                .stage
                .world
                .presign
                .delete(&path)
                .bearer(&self.owner.token);
            match delete.send().await.status.as_u16() {
                503 => {}
                204 | 403 | 404 => return,
                status => panic!("a deletion was answered with {status}"),
            }
        }
    }

    /// Some of the events on their way arrive, in one batch.
    async fn deliver(&mut self) -> Result<(), String> {
        let mut batch = Vec::new();
        while batch.len() < self.delivery.workers && !self.queue.is_empty() {
            let which = self.choice() % self.queue.len();
            batch.push(self.queue.swap_remove(which));
        }
        let records: Vec<_> = batch
            .iter()
            .enumerate()
            .map(|(i, message)| self.record(i, message))
            .collect();
        let event = json!({"Records": records});
        let world = &self.stage.world;
        let environment = if self.delivery.is_cold {
            world.new_s3_event().await
        } else {
            world.s3_event.clone()
        };
        let work = environment.handle(event, world.soon());
        let crash = self.delivery.crash.filter(|(at, _)| *at == self.batches);
        self.batches += 1;
        let answer = match crash {
            Some((_, polls)) => until_crash(work, polls).await,
            None => Some(work.await),
        };
        let failed: Vec<_> = match answer {
            Some(answer) => {
                let failures = answer.unwrap().batch_item_failures;
                failures
                    .into_iter()
                    .map(|failure| failure.item_identifier)
                    .collect()
            }
            // No answer: all of them come again.
            None => (0..batch.len()).map(|i| format!("m{i}")).collect(),
        };
        for (i, mut message) in batch.into_iter().enumerate() {
            if failed.contains(&format!("m{i}")) {
                message.receives += 1;
                if message.receives > MAX_RECEIVES {
                    return Err(format!("a dead letter: {message:?}"));
                }
                self.queue.push(message);
            }
        }
        Ok(())
    }

    fn record(&self, number: usize, message: &Message) -> Value {
        let object = json!({"key": self.uploads[message.upload].key, "size": SIZE, "eTag": "e",
            "versionId": message.version, "sequencer": "00A"});
        let record = json!({"eventVersion": "2.1", "eventSource": "aws:s3", "eventTime": "2026-01-31T09:30:00.000Z",
            "eventName": message.name, "s3": {"bucket": {"name": self.stage.world.bucket}, "object": object}});
        json!({"messageId": format!("m{number}"), "body": json!({"Records": [record]}).to_string(),
            "attributes": {"ApproximateReceiveCount": message.receives.to_string()}})
    }

    // ---- what has to hold when all events have arrived

    async fn check(&self, story: &Story) -> Result<(), String> {
        let profile = self.stage.item(format!("U#{}", self.owner.id), "A").await;
        let shown = text(&profile, "avatar_upload_id");
        for (at, upload) in self.uploads.iter().enumerate() {
            let pk = format!("UP#{}", self.owner.id);
            let record = self.stage.item(pk, &upload.id).await;
            let context = |what: &str| format!("upload {at}: {what}; {record:?}");
            let status = text(&record, "status").ok_or_else(|| context("no record"))?;
            let named = text(&record, "version_id")
                .filter(|_| ["checking", "review", "ready"].contains(&status));
            let held = self.stage.versions(&upload.key).await;
            if held.iter().map(String::as_str).collect::<Vec<_>>() != Vec::from_iter(named) {
                return Err(context(&format!("the bucket holds {held:?}")));
            }
            let is_good = |version: &str| {
                upload
                    .stored
                    .iter()
                    .any(|(id, deed)| id == version && *deed == Deed::Good)
            };
            if named.is_some_and(|version| !is_good(version)) {
                return Err(context("what is named is not what the ticket allowed"));
            }
            if size_of(&record) > 1000 {
                return Err(context("the record has grown"));
            }
            if shown == Some(&upload.id)
                && (status != "ready" || text(&profile, "avatar_version") != named)
            {
                return Err(context("the profile shows it"));
            }
            if self.stage.is_checked {
                checks::expected(&record).map_err(context)?;
            } else {
                expected(story, at, status).map_err(|what| context(&what))?;
            }
        }
        Ok(())
    }
}

/// What an upload has to be in the end if nothing but storing was done.
fn expected(story: &Story, at: usize, status: &str) -> Result<(), String> {
    let deeds: Vec<_> = story
        .deeds
        .iter()
        .filter(|(of, _)| *of == at)
        .map(|(_, deed)| *deed)
        .collect();
    if !deeds.iter().all(|deed| deed.stores()) {
        return Ok(());
    }
    let is_good = |deed: &Deed| *deed == Deed::Good;
    let allowed: &[&str] = if deeds.is_empty() {
        &["pending"]
    } else if story.purposes[at] == "avatar" && deeds.iter().any(is_good) {
        // A newer picture may have taken its place.
        &["ready", "rejected", "gone"]
    } else if deeds.iter().all(is_good) {
        &["ready"]
    } else if deeds.iter().any(is_good) {
        &["ready", "rejected"]
    } else {
        &["rejected"]
    };
    if allowed.contains(&status) {
        Ok(())
    } else {
        Err(format!("expected {allowed:?}"))
    }
}

fn text<'a>(item: &'a BTreeMap<String, AttributeValue>, name: &str) -> Option<&'a str> {
    item.get(name)
        .and_then(|value| value.as_s().ok())
        .map(String::as_str)
}

/// About what DynamoDB counts for an item: the lengths of names and values.
fn size_of(item: &BTreeMap<String, AttributeValue>) -> usize {
    item.iter()
        .map(|(name, value)| name.len() + format!("{value:?}").len())
        .sum()
}

/// Works until the future has been polled so many times, and then never again: the function was ended.
async fn until_crash<T>(work: impl Future<Output = T>, polls: usize) -> Option<T> {
    let mut work = pin!(work);
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match work.as_mut().poll(context) {
            Poll::Ready(answer) => Poll::Ready(Some(answer)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

fn bytes_of(deed: Deed, number: usize) -> Vec<u8> {
    let mut bytes = match deed {
        Deed::WrongBytes => vec![b'x'; SIZE],
        Deed::WrongSize => samples::jpeg_of_size(SIZE + 7),
        _ => samples::jpeg_of_size(SIZE),
    };
    // A step of the quantisation table: another picture, and another ETag.
    bytes[30] = u8::try_from(number + 2).unwrap();
    bytes
}

/// Everything in the given order, each event when its turn comes, once.
async fn told(purposes: &[&'static str], deeds: &[(usize, Deed)], is_cold: bool) {
    let stage = Stage::new().await;
    let story = Story {
        purposes: purposes.to_vec(),
        deeds: deeds.to_vec(),
    };
    for choices in [vec![0], vec![1], vec![0, 1], vec![1, 0, 0]] {
        let delivery = Delivery {
            choices,
            again: vec![1],
            workers: 2,
            is_cold,
            crash: None,
            fault: None,
        };
        if let Err(reason) = stage.perform(&story, &delivery).await {
            panic!("{reason} under {delivery:?}");
        }
    }
}

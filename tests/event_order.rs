//! What becomes of an upload's record, and of its owner's picture, whatever the order, number and company in which S3's
//! events arrive, and whichever call fails meanwhile. Every property is checked against a model that only ever sees the
//! events in S3's own order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use aws_sdk_s3::types::{Event as Subscription, NotificationConfiguration, QueueConfiguration};
use aws_sdk_sqs::types::QueueAttributeName;
use futures_util::future::{join, join_all};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use s3_event::{Kind, NotOurs};
use serde_json::{Value, json};
use support::proxy::{Fault, Matching, Proxy};
use support::world::Settings;
use support::{Session, World, samples};

const SIZE: usize = 400;
/// How long each property looks for a counterexample.
const SEARCH: Duration = Duration::from_secs(20);
/// How long it looks for a smaller one after that.
const SHRINK: Duration = Duration::from_secs(20);

// ---- the model

/// What somebody does to an object's key.
#[derive(Clone, Debug)]
enum Deed {
    /// Stores what the ticket allows.
    Good,
    /// Stores something else of the right size.
    WrongBytes,
    /// Stores a right picture of the wrong size.
    WrongSize,
    /// Hides the key behind a delete marker.
    Mark,
    /// Removes for good the newest version stored so far, or one that is not what the ticket allows. That is removed by
    /// the function itself, so that the event follows its rejection.
    Remove(usize),
}

/// A deed, and what S3 says of it.
#[derive(Clone, Debug)]
struct Event {
    deed: Deed,
    /// For a removal, which event made the version.
    of: Option<usize>,
    sequencer: String,
    version: String,
    etag: String,
}

impl Event {
    fn creates(&self) -> bool {
        matches!(self.deed, Deed::Good | Deed::WrongBytes | Deed::WrongSize)
    }

    fn is_wrong(&self) -> bool {
        matches!(self.deed, Deed::WrongBytes | Deed::WrongSize)
    }

    fn name(&self) -> &'static str {
        match self.deed {
            Deed::Mark => "ObjectRemoved:DeleteMarkerCreated",
            Deed::Remove(_) => "ObjectRemoved:Delete",
            _ => "ObjectCreated:Post",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Pending,
    /// The object of that event is served.
    Ready(usize),
    Rejected,
    Deleted,
}

/// How an upload ends: as the last event that counts says. The removal of a version does not count if that version was
/// rejected; nor does the creation of an object that was gone before anybody saw it.
fn model(events: &[Event]) -> End {
    let mut end = End::Pending;
    for (i, event) in events.iter().enumerate() {
        match event.deed {
            Deed::Good => {
                if !removed_for_good(events, i) {
                    end = End::Ready(i);
                }
            }
            Deed::WrongBytes | Deed::WrongSize => {
                end = End::Rejected;
            }
            Deed::Mark => end = End::Deleted,
            Deed::Remove(_) => {
                if !event.of.is_some_and(|of| events[of].is_wrong()) {
                    end = End::Deleted;
                }
            }
        }
    }
    end
}

fn removed_for_good(events: &[Event], i: usize) -> bool {
    events.iter().any(|event| event.of == Some(i))
}

// ---- what is tried

/// The deeds done to one key, and S3's numbers for them.
type Story = Vec<(Deed, String)>;

fn story(deeds: impl Strategy<Value = Deed>, most: usize) -> impl Strategy<Value = Story> {
    proptest::collection::vec(deeds, 1..=most).prop_flat_map(|deeds| {
        sequencers(deeds.len())
            .prop_map(move |sequencers| deeds.iter().cloned().zip(sequencers).collect::<Vec<_>>())
    })
}

/// So many different sequencers in S3's order, of any length.
fn sequencers(count: usize) -> impl Strategy<Value = Vec<String>> {
    // A number ends in something else than zero: without padding, text order is S3's order.
    proptest::collection::btree_set("[0-9A-F]{0,18}[1-9A-F]", count)
        .prop_map(|set| set.into_iter().collect())
}

/// How the events arrive.
#[derive(Clone, Debug)]
struct Delivery {
    /// Sorts the events and their repetitions.
    order: Vec<u16>,
    /// Which events arrive twice, and thrice.
    again: Vec<u8>,
    workers: usize,
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
    ];
    const FAULTS: &[Fault] = &[
        Fault::Throttle,
        Fault::InternalError,
        Fault::DropBefore,
        Fault::DropAfterCommit,
        Fault::CutOff,
    ];
    // Three are what a client tries before it gives up.
    let mishap = (
        select(OPERATIONS),
        select(FAULTS),
        0..3_usize,
        select(&[1_usize, 3][..]),
    );
    let mishap = mishap.prop_map(|(operation, fault, after, times)| Mishap {
        operation,
        fault,
        after,
        times,
    });
    (
        proptest::collection::vec(any::<u16>(), 36),
        proptest::collection::vec(0..3_u8, 12),
        1..4_usize,
        proptest::option::weighted(0.4, mishap),
    )
        .prop_map(|(order, again, workers, fault)| Delivery {
            order,
            again,
            workers,
            fault,
        })
}

impl Delivery {
    /// The events by index, repetitions included, in the order of their first attempts.
    fn queue(&self, count: usize) -> Vec<usize> {
        let copies = (0..count).flat_map(|i| {
            let again = self.again[i % self.again.len()];
            std::iter::repeat_n(i, 1 + usize::from(again))
        });
        let mut queue: Vec<_> = copies
            .enumerate()
            .map(|(at, i)| (self.order[at % self.order.len()], i))
            .collect();
        queue.sort_by_key(|(key, _)| *key);
        queue.into_iter().map(|(_, i)| i).collect()
    }

    fn arrange(&self, proxy: &Proxy) {
        let Some(mishap) = &self.fault else { return };
        let matching = Matching::Of(mishap.operation);
        proxy.fail(matching, Fault::Slow(Duration::ZERO), mishap.after);
        proxy.fail(matching, mishap.fault, mishap.times);
    }
}

// ---- the stage

struct Stage {
    proxy: Proxy,
    world: World,
    people: AtomicU32,
}

/// An upload and what happened to its object.
#[derive(Debug)]
struct Upload {
    id: String,
    key: String,
    events: Vec<Event>,
}

impl Stage {
    async fn new() -> Self {
        let proxy = Proxy::start().await;
        let world = World::with(Settings {
            endpoint: Some(proxy.url()),
            ..Settings::default()
        })
        .await;
        Self {
            proxy,
            world,
            people: AtomicU32::new(0),
        }
    }

    async fn somebody(&self) -> Session {
        let number = self.people.fetch_add(1, Ordering::Relaxed);
        self.world.log_in(&format!("p{number}")).await
    }

    /// Gets a ticket, and does all the deeds: nothing of it has been announced yet.
    async fn upload(&self, owner: &Session, purpose: &str, story: &[(Deed, String)]) -> Upload {
        let body = json!({"content_type": "image/jpeg", "size": SIZE, "purpose": purpose});
        let call = self.world.presign.post("/v1/uploads", &body);
        let issued = call.bearer(&owner.token).send().await.expect(201).json;
        let id = issued["upload"]["id"].as_str().unwrap().to_owned();
        let key = format!("u/{}/{id}.jpg", owner.id);
        let mut upload = Upload {
            id,
            key,
            events: Vec::new(),
        };
        for (deed, sequencer) in story {
            self.perform(&mut upload, deed, sequencer).await;
        }
        upload
    }

    async fn perform(&self, upload: &mut Upload, deed: &Deed, sequencer: &str) {
        let s3 = self.world.emulator.s3();
        let (bucket, key) = (&self.world.bucket, &upload.key);
        let mut event = Event {
            deed: deed.clone(),
            of: None,
            sequencer: sequencer.to_owned(),
            version: String::new(),
            etag: String::new(),
        };
        match deed {
            Deed::Good | Deed::WrongBytes | Deed::WrongSize => {
                let bytes = bytes_of(deed, upload.events.len());
                let put = s3.put_object().bucket(bucket).key(key);
                let put = put.content_type("image/jpeg").body(bytes.into());
                let stored = put.send().await.unwrap();
                event.version = stored.version_id.unwrap();
                event.etag = stored.e_tag.unwrap().trim_matches('"').to_owned();
            }
            Deed::Mark => {
                let hidden = s3.delete_object().bucket(bucket).key(key).send().await;
                event.version = hidden.unwrap().version_id.unwrap();
            }
            Deed::Remove(which) => {
                let events = &upload.events;
                let newest = events.iter().rposition(Event::creates);
                let versions: Vec<_> = (0..events.len())
                    .filter(|i| events[*i].is_wrong() || newest == Some(*i))
                    .filter(|i| !removed_for_good(events, *i))
                    .collect();
                // Nothing there to be removed: nothing happens.
                if versions.is_empty() {
                    return;
                }
                let of = versions[which % versions.len()];
                let old = &upload.events[of];
                if !old.is_wrong() {
                    let remove = s3.delete_object().bucket(bucket).key(key);
                    remove.version_id(&old.version).send().await.unwrap();
                }
                event.of = Some(of);
                event.version.clone_from(&old.version);
            }
        }
        upload.events.push(event);
    }

    fn message(&self, upload: &Upload, event: &Event, receives: usize) -> Value {
        let object = json!({"key": upload.key, "size": SIZE, "eTag": event.etag, "versionId": event.version,
            "sequencer": event.sequencer});
        let record = json!({"eventVersion": "2.1", "eventSource": "aws:s3", "eventTime": "2026-01-31T09:30:00.000Z",
            "eventName": event.name(), "s3": {"bucket": {"name": self.world.bucket}, "object": object}});
        json!({"Records": [{"messageId": "m", "body": json!({"Records": [record]}).to_string(),
            "attributes": {"ApproximateReceiveCount": receives.to_string()}}]})
    }

    /// Delivers all events of the uploads, several at a time, each until it does not fail.
    async fn deliver(&self, uploads: &[Upload], delivery: &Delivery) {
        let all: Vec<_> = uploads
            .iter()
            .enumerate()
            .flat_map(|(u, upload)| (0..upload.events.len()).map(move |e| (u, e)))
            .collect();
        let mut queue: Vec<_> = delivery
            .queue(all.len())
            .into_iter()
            .map(|i| (all[i], 1))
            .collect();
        let mut done = BTreeSet::new();
        delivery.arrange(&self.proxy);
        for _ in 0..200 {
            if queue.is_empty() {
                self.proxy.heal();
                return;
            }
            // The function removes a wrong version after it has rejected it.
            let may_come = |(u, e): (usize, usize)| match uploads[u].events[e].of {
                Some(of) => !uploads[u].events[of].is_wrong() || done.contains(&(u, of)),
                None => true,
            };
            let mut now = Vec::new();
            queue.retain(|entry| {
                let take = now.len() < delivery.workers && may_come(entry.0);
                if take {
                    now.push(*entry);
                }
                !take
            });
            let deliveries = now.into_iter().map(async |((u, e), receives)| {
                let event = &uploads[u].events[e];
                let is_wrong = event.of.is_some_and(|of| uploads[u].events[of].is_wrong());
                // S3 tells of the removal only if the function has removed it.
                if is_wrong && self.versions(&uploads[u]).await.contains(&event.version) {
                    return ((u, e), receives, true);
                }
                let message = self.message(&uploads[u], event, receives);
                let failed = self.world.deliver(message).await;
                ((u, e), receives, failed.is_empty())
            });
            for (event, receives, succeeded) in join_all(deliveries).await {
                if succeeded {
                    done.insert(event);
                } else {
                    queue.push((event, receives + 1));
                }
            }
        }
        panic!("the same messages keep failing");
    }

    /// An upload as its owner sees it; `None` if they do not.
    async fn seen(&self, owner: &Session, upload: &Upload) -> Option<Value> {
        let path = format!("/v1/uploads/{}", upload.id);
        let call = self.world.presign.get(&path).bearer(&owner.token);
        let answer = call.send().await;
        match answer.status.as_u16() {
            404 => None,
            _ => Some(answer.expect(200).json),
        }
    }

    async fn avatar(&self, owner: &Session) -> Option<String> {
        let call = self.world.users.get("/v1/users/me").bearer(&owner.token);
        let me = call.send().await.expect(200).json;
        me["avatar_url"].as_str().map(str::to_owned)
    }

    async fn versions(&self, upload: &Upload) -> Vec<String> {
        let s3 = self.world.emulator.s3();
        let list = s3.list_object_versions().bucket(&self.world.bucket);
        let page = list.prefix(&upload.key).send().await.unwrap();
        let ids = page.versions().iter();
        ids.filter_map(|version| version.version_id().map(str::to_owned))
            .collect()
    }
}

fn bytes_of(deed: &Deed, number: usize) -> Vec<u8> {
    let mut bytes = match deed {
        Deed::WrongBytes => vec![b'x'; SIZE],
        Deed::WrongSize => samples::jpeg_of_size(SIZE + 7),
        _ => samples::jpeg_of_size(SIZE),
    };
    // A step of the quantisation table: another picture, and another ETag.
    bytes[30] = u8::try_from(number + 2).unwrap();
    bytes
}

/// Whether the upload is shown as it has to end.
fn check(upload: &Upload, seen: &Value) -> Result<(), String> {
    let end = model(&upload.events);
    let status = match end {
        End::Pending => "pending",
        End::Ready(_) => "ready",
        End::Rejected => "rejected",
        End::Deleted => "deleted",
    };
    let differs = |what: &str| Err(format!("{what}: expected {end:?}, and it is {seen}"));
    if seen["status"] != status {
        return differs("status");
    }
    match end {
        End::Ready(i) => {
            let event = &upload.events[i];
            let url = seen["download_url"].as_str().unwrap_or_default();
            if seen["etag"] != *event.etag || seen["size"] != SIZE {
                return differs("object");
            }
            if !url.contains(&format!("versionId={}", event.version)) {
                return differs("version");
            }
        }
        End::Rejected if !seen["reason"].is_string() => return differs("reason"),
        _ if !seen["download_url"].is_null() => return differs("link"),
        _ => {}
    }
    Ok(())
}

// ---- the search

/// Looks for a counterexample for a while, and then for a smaller one.
fn search<S: Strategy>(
    strategy: S,
    mut holds: impl AsyncFnMut(&Stage, &S::Value) -> Result<(), String>,
) where
    S::Value: Clone,
{
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let stage = runtime.block_on(Stage::new());
    let config = Config {
        cases: 2000,
        failure_persistence: None,
        max_shrink_iters: 150,
        ..Config::default()
    };
    let mut runner =
        TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let (started, found) = (Instant::now(), AtomicBool::new(false));
    let is_late = || {
        let limit = if found.load(Ordering::Relaxed) {
            SEARCH + SHRINK
        } else {
            SEARCH
        };
        started.elapsed() > limit
    };
    let (tried, holds) = (AtomicU32::new(0), std::cell::RefCell::new(&mut holds));
    let outcome = runner.run(&strategy, |case| {
        if is_late() {
            return Ok(());
        }
        tried.fetch_add(1, Ordering::Relaxed);
        let outcome = runtime.block_on((holds.borrow_mut())(&stage, &case));
        outcome.map_err(|reason| {
            found.store(true, Ordering::Relaxed);
            TestCaseError::fail(reason)
        })
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    assert!(
        tried.into_inner() >= 10,
        "the machine is too slow to say anything"
    );
}

/// Whether a file's story, delivered like this, ends as the model says.
async fn told(stage: &Stage, story: &[(Deed, String)], delivery: &Delivery) -> Result<(), String> {
    let owner = stage.somebody().await;
    let uploads = [stage.upload(&owner, "file", story).await];
    stage.deliver(&uploads, delivery).await;
    let seen = stage.seen(&owner, &uploads[0]).await;
    check(&uploads[0], &seen.unwrap_or_default())
}

#[test]
fn everything_that_can_happen_to_a_key_ends_alike_in_every_order() {
    let deeds = prop_oneof![
        3 => Just(Deed::Good),
        2 => Just(Deed::WrongBytes),
        1 => Just(Deed::WrongSize),
        2 => Just(Deed::Mark),
        2 => (0..8_usize).prop_map(Deed::Remove),
    ];
    search(
        (story(deeds, 5), delivery()),
        async |stage, (story, delivery)| told(stage, story, delivery).await,
    );
}

// ---- every permutation of short stories

/// Every order of first arrivals, without and with repetitions, on one worker and on several.
async fn in_every_order<T>(count: usize, mut holds: T)
where
    T: AsyncFnMut(&Stage, &Delivery) -> Result<(), String>,
{
    let stage = Stage::new().await;
    let mut contrary = Vec::new();
    for order in permutations(count) {
        for (workers, again) in [(1, 0), (1, 1), (count, 1)] {
            let places = order.iter().map(|place| u16::try_from(*place).unwrap());
            let delivery = Delivery {
                // The first arrivals in this order, then the repetitions.
                order: places
                    .flat_map(|place| {
                        [place, place + 100]
                            .into_iter()
                            .take(1 + usize::from(again))
                    })
                    .collect(),
                again: vec![again],
                workers,
                fault: None,
            };
            if let Err(reason) = holds(&stage, &delivery).await {
                let first: Vec<_> = delivery.queue(count).into_iter().take(count).collect();
                contrary.push(format!(
                    "events {first:?}, {workers} at a time, {again} repetitions: {reason}"
                ));
            }
        }
    }
    assert!(contrary.is_empty(), "{}", contrary.join("\n"));
}

async fn a_file_in_every_order(deeds: &[(Deed, &str)]) {
    let story: Vec<_> = deeds
        .iter()
        .map(|(deed, sequencer)| (deed.clone(), (*sequencer).to_owned()))
        .collect();
    in_every_order(story.len(), async |stage, delivery| {
        told(stage, &story, delivery).await
    })
    .await;
}

#[tokio::test]
async fn two_objects_and_a_removal() {
    a_file_in_every_order(&[(Deed::Good, "9"), (Deed::Good, "A0"), (Deed::Mark, "A00B")]).await;
    a_file_in_every_order(&[
        (Deed::Good, "0"),
        (Deed::Mark, "00AF"),
        (Deed::Good, "00AF01"),
    ])
    .await;
    a_file_in_every_order(&[
        (Deed::Good, "1"),
        (Deed::Good, "10A"),
        (Deed::Remove(0), "2"),
    ])
    .await;
}

#[tokio::test]
async fn wrong_bytes_among_right_ones() {
    a_file_in_every_order(&[
        (Deed::WrongBytes, "00AF"),
        (Deed::Good, "00AF01"),
        (Deed::Good, "1"),
    ])
    .await;
    a_file_in_every_order(&[(Deed::Good, "00AF"), (Deed::WrongBytes, "00AF01")]).await;
}

#[tokio::test]
async fn what_the_ticket_does_not_allow_leaves_the_bucket_even_if_it_comes_late() {
    for wrong in [Deed::WrongBytes, Deed::WrongSize] {
        let story = [(wrong, "1".to_owned()), (Deed::Good, "2".to_owned())];
        in_every_order(2, async |stage, delivery| {
            let owner = stage.somebody().await;
            let uploads = [stage.upload(&owner, "file", &story).await];
            stage.deliver(&uploads, delivery).await;
            let left = stage.versions(&uploads[0]).await;
            let events = &uploads[0].events;
            if left == [events[1].version.clone()] {
                Ok(())
            } else {
                Err(format!("{:?} is still in the bucket", events[0].deed))
            }
        })
        .await;
    }
}

#[tokio::test]
async fn wrong_bytes_then_right_ones_then_the_removal_of_the_wrong_ones() {
    a_file_in_every_order(&[
        (Deed::WrongBytes, "1"),
        (Deed::Good, "2"),
        (Deed::Remove(0), "3"),
    ])
    .await;
}

#[tokio::test]
async fn a_delete_marker_over_wrong_bytes() {
    a_file_in_every_order(&[(Deed::WrongBytes, "1"), (Deed::Mark, "2")]).await;
}

#[tokio::test]
async fn a_delete_marker_over_right_bytes_that_came_after_wrong_ones() {
    a_file_in_every_order(&[
        (Deed::WrongBytes, "1"),
        (Deed::Good, "2"),
        (Deed::Mark, "3"),
    ])
    .await;
}

/// The other removals here are done before anything is announced; this one comes when both objects have been looked at.
#[tokio::test]
async fn the_removal_of_a_version_that_was_superseded() {
    in_every_order(2, async |stage, delivery| {
        let owner = stage.somebody().await;
        let story = ["1", "2"].map(|sequencer| (Deed::Good, sequencer.to_owned()));
        let uploads = [stage.upload(&owner, "file", &story).await];
        stage.deliver(&uploads, delivery).await;
        let mut removal = uploads[0].events[0].clone();
        removal.deed = Deed::Remove(0);
        removal.sequencer = "3".to_owned();
        let s3 = stage.world.emulator.s3();
        let remove = s3
            .delete_object()
            .bucket(&stage.world.bucket)
            .key(&uploads[0].key);
        remove.version_id(&removal.version).send().await.unwrap();
        let message = stage.message(&uploads[0], &removal, 1);
        assert!(stage.world.deliver(message).await.is_empty());
        let seen = stage.seen(&owner, &uploads[0]).await;
        check(&uploads[0], &seen.unwrap_or_default())
    })
    .await;
}

fn permutations(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let shorter = permutations(count - 1);
    let with_last = |order: &Vec<usize>, at: usize| {
        let mut order = order.clone();
        order.insert(at, count - 1);
        order
    };
    shorter
        .iter()
        .flat_map(|order| (0..count).map(move |at| with_last(order, at)))
        .collect()
}

// ---- pictures

/// The stories of several avatars of one person, from the oldest upload to the newest.
async fn shown(stage: &Stage, stories: &[Story], delivery: &Delivery) -> Result<(), String> {
    let owner = stage.somebody().await;
    let mut uploads = Vec::new();
    for story in stories {
        stage.world.advance(Duration::from_millis(2));
        uploads.push(stage.upload(&owner, "avatar", story).await);
    }
    stage.deliver(&uploads, delivery).await;
    check_avatars(stage, &owner, &uploads).await
}

/// The profile shows the newest avatar that is ready. One that was shown when a newer one came is gone for good, so
/// when the newest is ready no more, there may be none.
async fn check_avatars(stage: &Stage, owner: &Session, uploads: &[Upload]) -> Result<(), String> {
    let shown = stage.avatar(owner).await;
    let was_ready = |upload: &Upload| {
        upload
            .events
            .iter()
            .any(|event| matches!(event.deed, Deed::Good))
    };
    let newest = uploads.iter().rposition(was_ready);
    let mut ready = BTreeMap::new();
    for (i, upload) in uploads.iter().enumerate() {
        let replaced = newest.is_some_and(|newest| i < newest);
        match stage.seen(owner, upload).await {
            None if replaced => continue,
            seen => check(upload, &seen.unwrap_or_default())
                .map_err(|reason| format!("upload {i}, {reason}"))?,
        }
        if let End::Ready(event) = model(&upload.events) {
            ready.insert(i, &upload.events[event].version);
        }
    }
    let picture = |i: &usize| {
        let (key, version) = (&uploads[*i].key, ready[i]);
        shown
            .as_ref()
            .is_some_and(|url| url.contains(key) && url.contains(&format!("versionId={version}")))
    };
    match (&shown, newest) {
        (_, Some(newest)) if ready.contains_key(&newest) => {
            if picture(&newest) {
                Ok(())
            } else {
                Err(format!("upload {newest} is ready, and shown is {shown:?}"))
            }
        }
        (None, _) => Ok(()),
        (Some(_), _) if ready.keys().any(picture) => Ok(()),
        (Some(url), _) => Err(format!("no ready upload, and shown is {url}")),
    }
}

#[test]
fn the_profile_shows_the_newest_ready_avatar_whatever_the_order() {
    let deeds = select(&[Deed::Good, Deed::Good, Deed::WrongBytes, Deed::Mark][..]);
    let stories = proptest::collection::vec(story(deeds, 3), 1..=3);
    search((stories, delivery()), async |stage, (stories, delivery)| {
        shown(stage, stories, delivery).await
    });
}

async fn avatars_in_every_order(stories: &[&[Deed]]) {
    let numbered = |deeds: &&[Deed]| -> Story {
        let numbers = (1..).map(|number: usize| number.to_string());
        deeds.iter().cloned().zip(numbers).collect()
    };
    let stories: Vec<_> = stories.iter().map(numbered).collect();
    let count = stories.iter().map(Vec::len).sum();
    in_every_order(count, async |stage, delivery| {
        shown(stage, &stories, delivery).await
    })
    .await;
}

#[tokio::test]
async fn an_older_and_a_newer_avatar() {
    avatars_in_every_order(&[&[Deed::Good], &[Deed::Good], &[Deed::WrongBytes]]).await;
    avatars_in_every_order(&[&[Deed::Good], &[Deed::Good, Deed::Mark]]).await;
}

#[tokio::test]
async fn a_picture_whose_upload_is_rejected_afterwards() {
    avatars_in_every_order(&[&[Deed::Good, Deed::WrongBytes]]).await;
}

#[tokio::test]
async fn a_removal_that_dawdles_does_not_take_a_later_picture_off_the_profile() {
    let stage = Stage::new().await;
    let owner = stage.somebody().await;
    let story = [(Deed::Good, "01"), (Deed::Mark, "02"), (Deed::Good, "03")]
        .map(|(deed, sequencer)| (deed, sequencer.to_owned()));
    let uploads = [stage.upload(&owner, "avatar", &story).await];
    let deliver = async |i: usize| {
        let message = stage.message(&uploads[0], &uploads[0].events[i], 1);
        assert!(stage.world.deliver(message).await.is_empty());
    };
    deliver(0).await;
    // The record's change passes, the profile's is held up until the next object has been verified.
    let update = Matching::Of("UpdateItem");
    stage.proxy.fail(update, Fault::Slow(Duration::ZERO), 1);
    stage
        .proxy
        .fail(update, Fault::Slow(Duration::from_millis(500)), 1);
    let later = async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        deliver(2).await;
    };
    join(deliver(1), later).await;
    stage.proxy.heal();
    if let Err(reason) = check_avatars(&stage, &owner, &uploads).await {
        panic!("{reason}");
    }
}

// ---- notifications of other makes

const KEY: &str = "u/u5esjy36duo2g3uwfwiew2hluhz/06dqxtn6t20037sw59rx81dyd0.jpg";

fn parsed(notification: &Value, bucket: &str) -> Result<Vec<s3_event::Event>, NotOurs> {
    s3_event::parse(&notification.to_string(), bucket)
}

/// The sample as it is belongs to somebody else; about one of our keys it is an event of ours.
fn assert_ours_once_the_key_is(sample: &Value, kind: Kind, version: Option<&str>) {
    let bucket = sample["Records"][0]["s3"]["bucket"]["name"]
        .as_str()
        .unwrap();
    assert_eq!(parsed(sample, bucket), Err(NotOurs::Foreign), "{sample}");
    for key in [KEY.to_owned(), KEY.replace('/', "%2F")] {
        let mut ours = sample.clone();
        ours["Records"][0]["s3"]["object"]["key"] = json!(key);
        let events = parsed(&ours, bucket).unwrap();
        assert_eq!(events.len(), 1);
        let event = &events[0];
        assert_eq!((event.kind, event.key.to_string()), (kind, KEY.to_owned()));
        assert_eq!(event.version.as_deref(), version);
        assert_eq!(event.sequence.len(), 64);
        assert_eq!(parsed(&ours, "another"), Err(NotOurs::Foreign));
    }
}

#[test]
fn the_sample_of_sam_s_generator_is_understood() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../events/s3-event-bare.json");
    let sample: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    // That of `make dev`, so that `make invoke-s3-event` looks for the object.
    let bucket = std::env::var("STACK_BUCKET_NAME").expect("run `make test`");
    let events = parsed(&sample, &bucket).unwrap();
    assert_eq!(
        (events[0].kind, events[0].key.to_string()),
        (Kind::Created, KEY.to_owned())
    );
    assert!(events[0].sequence.starts_with("0A1B2C3D4E5F6789010"));
    let mut foreign = sample;
    foreign["Records"][0]["s3"]["object"]["key"] = json!("test%2Fkey");
    assert_ours_once_the_key_is(&foreign, Kind::Created, None);
}

#[test]
fn samples_of_every_version_and_make_are_understood() {
    let record = |version: &str, source: &str, name: &str, object: Value| {
        json!({"eventVersion": version, "eventSource": source, "eventName": name,
            "s3": {"s3SchemaVersion": "1.0", "bucket": {"name": "b"}, "object": object}})
    };
    // AWS's documentation.
    let mut documented = record(
        "2.1",
        "aws:s3",
        "ObjectCreated:Put",
        json!({"key": "HappyFace.jpg", "size": 1024,
        "eTag": "d41d8cd98f00b204e9800998ecf8427e", "versionId": "096fKKXTRTtl3on89fVO.nfljtsv6qko",
        "sequencer": "0055AED6DCD90281E5"}),
    );
    documented["awsRegion"] = json!("us-west-2");
    documented["eventTime"] = json!("1970-01-01T00:00:00.000Z");
    documented["userIdentity"] = json!({"principalId": "AIDAJDPLRKLG7UEXAMPLE"});
    documented["requestParameters"] = json!({"sourceIPAddress": "127.0.0.1"});
    documented["responseElements"] = json!({"x-amz-request-id": "C3D13FE58DE4C810",
        "x-amz-id-2": "FMyUVURIY8/IgAtTv8xRjskZQpcIZ9KG4V5Wp6S7S/JRWeUWerMUE5JgHvANOjpD"});
    documented["s3"]["configurationId"] = json!("testConfigRule");
    documented["s3"]["bucket"]["ownerIdentity"] = json!({"principalId": "A3NL1KOZZKExample"});
    documented["s3"]["bucket"]["arn"] = json!("arn:aws:s3:::b");
    let documented = json!({"Records": [documented]});
    assert_ours_once_the_key_is(
        &documented,
        Kind::Created,
        Some("096fKKXTRTtl3on89fVO.nfljtsv6qko"),
    );
    let mut ours = documented;
    ours["Records"][0]["s3"]["object"]["key"] = json!(KEY);
    let sequence = &parsed(&ours, "b").unwrap()[0].sequence;
    assert_eq!(sequence.trim_end_matches('0'), "0055AED6DCD90281E5");

    // Version 2.3, with what it adds for other kinds of events.
    let mut extended = record(
        "2.3",
        "aws:s3",
        "ObjectCreated:CompleteMultipartUpload",
        json!({"key": "a", "size": 9,
        "eTag": "0123456789abcdef0123456789abcdef-2", "sequencer": "006"}),
    );
    extended["glacierEventData"] = json!({"restoreEventData": {"lifecycleRestorationExpiryTime":
        "1970-01-01T00:01:00.000Z", "lifecycleRestoreStorageClass": "GLACIER"}});
    extended["replicationEventData"] = json!(null);
    assert_ours_once_the_key_is(&json!({"Records": [extended]}), Kind::Created, None);

    // Version 2.6, with members that nobody knows yet.
    let mut future = record(
        "2.6",
        "aws:s3",
        "ObjectCreated:Copy",
        json!({"key": "a", "size": 9, "eTag": "e",
        "versionId": "v", "sequencer": "006", "checksums": [{"algorithm": "CRC64NVME"}], "size2": {"bytes": 9}}),
    );
    future["intelligentTieringEventData"] = json!({"destinationAccessTier": "ARCHIVE_ACCESS"});
    future["s3"]["accessPoint"] = json!({"arn": "x"});
    let future = json!({"Records": [future], "Batch": {"of": 1}});
    assert_ours_once_the_key_is(&future, Kind::Created, Some("v"));

    // A removal as AWS sends it: neither size nor ETag. Another make leaves out the sequencer and the time, too.
    for object in [
        json!({"key": "a", "versionId": "m", "sequencer": "00A"}),
        json!({"key": "a", "versionId": "m", "size": 0, "eTag": "", "sequencer": "00A"}),
        json!({"key": "a", "versionId": "m"}),
    ] {
        for name in [
            "ObjectRemoved:DeleteMarkerCreated",
            "ObjectRemoved:Delete",
            "s3:ObjectRemoved:Delete",
        ] {
            let removal = json!({"Records": [record("2.3", "aws:s3", name, object.clone())]});
            assert_ours_once_the_key_is(&removal, Kind::Removed, Some("m"));
        }
    }

    // MinIO: its own envelope, names with a prefix, keys encoded to the last slash, a version of "null".
    let minio = record(
        "2.0",
        "minio:s3",
        "s3:ObjectCreated:Put",
        json!({"key": "a%2Fb", "size": 9, "eTag": "e",
        "contentType": "image/jpeg", "userMetadata": {"content-type": "image/jpeg"}, "versionId": "null",
        "sequencer": "16F2C8B2A6B7F4D3"}),
    );
    let minio = json!({"EventName": "s3:ObjectCreated:Put", "Key": "b/a/b", "Records": [minio]});
    assert_ours_once_the_key_is(&minio, Kind::Created, None);

    // NooBaa: hardly anything.
    let noobaa = json!({"Records": [{"eventVersion": "2.3", "eventSource": "noobaa:s3", "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": "b"}, "object": {"key": "a", "size": 1024}}}]});
    assert_ours_once_the_key_is(&noobaa, Kind::Created, None);

    // An expiry is the bucket's own housekeeping, whatever its key.
    let mut expiry = record(
        "2.3",
        "aws:s3",
        "LifecycleExpiration:Delete",
        json!({"key": KEY, "versionId": "v",
        "sequencer": "00A"}),
    );
    expiry["lifecycleEventData"] =
        json!({"transitionEventData": {"destinationStorageClass": "GLACIER"}});
    assert_eq!(
        parsed(&json!({"Records": [expiry]}), "b"),
        Err(NotOurs::Foreign)
    );
}

#[tokio::test]
async fn foreign_keys_of_any_script_are_acknowledged() {
    let world = World::new().await;
    for key in [
        "%E5%9B%BE%E7%89%87/%E6%88%91+%E7%9A%84.jpg",
        "图片/我的.jpg",
        "a+b%2Bc.jpg",
        "a b.jpg",
        "u/%E5%B0%8F%E6%98%8E/x.jpg",
        "u%2Fu5esjy36duo2g3uwfwiew2hluhz%2F06dqxtn6t20037sw59rx81dyd0+.jpg",
        "100%.jpg",
    ] {
        for name in ["ObjectCreated:Put", "ObjectRemoved:Delete"] {
            let record = json!({"eventVersion": "2.1", "eventName": name,
                "s3": {"bucket": {"name": world.bucket}, "object": {"key": key, "sequencer": "01"}}});
            let bare = json!({"Records": [record]});
            let message = json!({"Records": [{"messageId": "m", "body": bare.to_string()}]});
            assert!(world.deliver(message).await.is_empty(), "{key}");
            assert!(world.deliver(bare).await.is_empty(), "{key}");
        }
    }
}

#[tokio::test]
async fn the_emulator_s_own_notifications_are_understood() {
    let world = World::new().await;
    let (s3, sqs) = (world.emulator.s3(), world.emulator.sqs());
    let url = world.emulator.queue().await;
    let describe = sqs.get_queue_attributes().queue_url(&url);
    let described = describe
        .attribute_names(QueueAttributeName::QueueArn)
        .send()
        .await;
    let arn = described
        .unwrap()
        .attributes
        .unwrap()
        .remove(&QueueAttributeName::QueueArn)
        .unwrap();
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage",
        "Principal": {"Service": "s3.amazonaws.com"}, "Resource": arn}]});
    let allow = sqs.set_queue_attributes().queue_url(&url);
    let allow = allow.attributes(QueueAttributeName::Policy, policy.to_string());
    allow.send().await.unwrap();
    let queue = QueueConfiguration::builder()
        .queue_arn(arn)
        .events(Subscription::S3ObjectCreated)
        .events(Subscription::S3ObjectRemoved)
        .build()
        .unwrap();
    let configuration = NotificationConfiguration::builder()
        .queue_configurations(queue)
        .build();
    let subscribe = s3
        .put_bucket_notification_configuration()
        .bucket(&world.bucket);
    subscribe
        .notification_configuration(configuration)
        .send()
        .await
        .unwrap();
    let put = s3
        .put_object()
        .bucket(&world.bucket)
        .key(KEY)
        .body(samples::jpeg().into());
    let version = put.send().await.unwrap().version_id.unwrap();
    let hide = s3.delete_object().bucket(&world.bucket).key(KEY);
    let marker = hide.send().await.unwrap().version_id.unwrap();
    let remove = s3
        .delete_object()
        .bucket(&world.bucket)
        .key(KEY)
        .version_id(&version);
    remove.send().await.unwrap();
    let (mut events, started) = (Vec::new(), Instant::now());
    while events.len() < 3 && started.elapsed() < Duration::from_secs(10) {
        let receive = sqs
            .receive_message()
            .queue_url(&url)
            .max_number_of_messages(10);
        let received = receive.wait_time_seconds(1).send().await.unwrap();
        for message in received.messages.unwrap_or_default() {
            match s3_event::parse(&message.body.unwrap(), &world.bucket) {
                Ok(found) => events.extend(found),
                Err(reason) => assert_eq!(reason, NotOurs::Test),
            }
        }
    }
    events.sort_by(|a, b| a.sequence.cmp(&b.sequence));
    let told: Vec<_> = events
        .iter()
        .map(|event| {
            (
                event.kind,
                event.version.clone().unwrap(),
                event.key.to_string(),
            )
        })
        .collect();
    let expected = [
        (Kind::Created, &version),
        (Kind::Removed, &marker),
        (Kind::Removed, &version),
    ];
    assert_eq!(
        told,
        expected.map(|(kind, version)| (kind, version.clone(), KEY.to_owned()))
    );
}

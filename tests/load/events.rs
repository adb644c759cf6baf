//! Floods of events.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;
use support::{Session, World, samples};

use super::{MANY, created, put_many, say, table, text, write_records};

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

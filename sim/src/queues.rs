//! What Lambda does for the functions that read queues: batches, in any order, and again what failed.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::invariants::Kind;
use crate::network::fault::Fault;
use crate::place::{self, Origin, Place, Queue, stream};
use crate::sqs::{Received, lambda_event};
use crate::trace::Hashed;
use crate::world::World;

/// The template's `BatchSize`.
const BATCH: usize = 10;
/// The template's `MaximumBatchingWindowInSeconds`, in milliseconds.
const WINDOW: u64 = 1_000;

/// Delivers the queue's messages for as long as the history goes on.
pub async fn read(world: Arc<World>, queue: Queue) {
    let arrived = world.network.arrived(queue);
    loop {
        let (due, now) = {
            let state = world.network.lock();
            (state.cloud.sqs.next_visible_at(queue.url()), state.now())
        };
        match due {
            None => arrived.notified().await,
            Some(at) if at > now => {
                let wait = Duration::from_millis(u64::try_from(at - now).unwrap_or(0));
                // A message that arrives meanwhile may be due before it.
                let _ = tokio::time::timeout(wait, arrived.notified()).await;
            }
            Some(_) => batch(&world, queue).await,
        }
    }
}

/// Waits for more messages, and lets a function work on what there is.
async fn batch(world: &Arc<World>, queue: Queue) {
    let number = {
        let mut state = world.network.lock();
        let number = state.deliveries.entry(queue).or_default();
        *number = number.saturating_add(1);
        *number
    };
    let mut random = stream(world.seed(), "batch", &[queue as u64, number.into()]);
    tokio::time::sleep(Duration::from_millis(random.u64(1..=WINDOW))).await;
    let received = {
        let mut state = world.network.lock();
        let now = state.now();
        let most = random.usize(1..=BATCH);
        let received = state.cloud.sqs.receive(queue.url(), now, most, &mut random);
        state.running += usize::from(!received.is_empty());
        received
    };
    if !received.is_empty() {
        let world = world.clone();
        tokio::spawn(place::step(
            Origin::Delivery { queue, number },
            async move {
                place::request(|place| deliver(&world, queue, received, place)).await;
                world.network.lock().running -= 1;
            },
        ));
    }
}

/// One batch, and what becomes of its messages.
async fn deliver(world: &World, queue: Queue, received: Vec<Received>, place: Place) {
    let fault = {
        let mut state = world.network.lock();
        let fault = state.fault(place, &world.batch_choice(queue));
        let ids: Vec<_> = received.iter().map(|message| message.id.as_str()).collect();
        state.note(Hashed((place, &ids)), || {
            let fault = fault.map_or(String::new(), |fault| format!(" !{fault}"));
            format!("{place} >> {}{fault}", ids.join(" "))
        });
        fault
    };
    let arn = format!("arn:aws:sqs:us-east-1:1:{}", queue.as_str());
    let event = lambda_event(&received, &arn);
    let failed = failed(world, queue, event, &received, place, fault).await;
    settle(world, queue, &received, &failed, place);
    if let Some(Fault::Again(after)) = fault {
        tokio::time::sleep(Duration::from_millis(after.into())).await;
        let mut state = world.network.lock();
        let now = state.now();
        for message in &received {
            state.cloud.sqs.bring_back(queue.url(), message, now);
        }
        drop(state);
        world.network.arrived(queue).notify_one();
    }
}

/// The messages that are to come again: those that the function names, or all if it died.
async fn failed(
    world: &World,
    queue: Queue,
    event: Value,
    received: &[Received],
    place: Place,
    fault: Option<Fault>,
) -> Vec<String> {
    match world.deliver(queue, event, place, fault).await {
        Ok(Some(response)) => {
            let failures = response.batch_item_failures.into_iter();
            failures.map(|failure| failure.item_identifier).collect()
        }
        Ok(None) => received.iter().map(|message| message.id.clone()).collect(),
        Err(error) => {
            world.found(Kind::ServerError, format!("{}: {error}", queue.as_str()));
            received.iter().map(|message| message.id.clone()).collect()
        }
    }
}

/// Deletes what is done; the rest becomes visible again by itself.
fn settle(world: &World, queue: Queue, received: &[Received], failed: &[String], place: Place) {
    let mut state = world.network.lock();
    let faults = state.faults_of(place.origin);
    for id in failed {
        *state.met.entry(id.clone()).or_default() += faults;
    }
    let done = received
        .iter()
        .map(|message| message.id.as_str())
        .filter(|id| !failed.iter().any(|failed| failed == id));
    state.cloud.sqs.delete(queue.url(), done);
    state.note(Hashed((place, failed)), || {
        format!("{place} << failed {failed:?}")
    });
}

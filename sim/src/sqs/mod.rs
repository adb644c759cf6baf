//! A model of SQS: standard queues with redelivery and dead letters.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/Welcome.html>

mod call;
mod event;
mod queue;

use std::collections::BTreeMap;

pub use call::refusal;
pub use event::lambda_event;
pub use queue::{DeadLetters, Message, Received, Settings};

use queue::Queue;

/// Queues by their URLs.
#[derive(Clone, Debug, Default)]
pub struct Sqs {
    queues: BTreeMap<String, Queue>,
    sent: u64,
}

/// How many messages of a queue are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Those that a receive could be given.
    pub visible: usize,
    /// Those that were received and not deleted yet.
    pub in_flight: usize,
    /// Those whose delay is not over.
    pub delayed: usize,
}

impl Sqs {
    /// No queue yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more queue.
    #[must_use]
    pub fn with_queue(mut self, url: &str, settings: Settings) -> Self {
        self.queues.insert(url.to_owned(), Queue::new(settings));
        self
    }

    /// Sends a message that can be received from `visible_at` on; returns its id, or `None` if there is no such queue.
    pub fn send(&mut self, url: &str, body: &str, now: i64, visible_at: i64) -> Option<String> {
        let queue = self.queues.get_mut(url)?;
        self.sent += 1;
        let message = Message::new(self.sent, body, now, visible_at);
        let id = message.id.clone();
        queue.put(message);
        Some(id)
    }

    /// Up to `max` messages that are visible, in any order. Those that have been received too often become dead letters
    /// instead.
    pub fn receive(
        &mut self,
        url: &str,
        now: i64,
        max: usize,
        order: &mut fastrand::Rng,
    ) -> Vec<Received> {
        let Some(queue) = self.queues.get_mut(url) else {
            return Vec::new();
        };
        let (received, dead) = queue.receive(now, max, order);
        let to = queue.settings.dead_letters.clone();
        if let Some(to) = to.and_then(|to| self.queues.get_mut(&to.url)) {
            dead.into_iter().for_each(|message| to.put(message));
        }
        received
    }

    /// Deletes messages by their ids; returns how many were there.
    pub fn delete<'a>(&mut self, url: &str, ids: impl IntoIterator<Item = &'a str>) -> usize {
        let Some(queue) = self.queues.get_mut(url) else {
            return 0;
        };
        let deleted = ids.into_iter().filter(|id| queue.remove(id).is_some());
        deleted.count()
    }

    /// Lets messages be received again at once, as a visibility time-out of 0 does.
    pub fn release<'a>(&mut self, url: &str, ids: impl IntoIterator<Item = &'a str>, now: i64) {
        if let Some(queue) = self.queues.get_mut(url) {
            ids.into_iter().for_each(|id| queue.release(id, now));
        }
    }

    /// A copy of a message that the deletion did not reach: it comes again, as standard queues may do.
    pub fn bring_back(&mut self, url: &str, received: &Received, now: i64) {
        if let Some(queue) = self.queues.get_mut(url) {
            queue.put(received.to_message(now));
        }
    }

    /// Sends dead letters back to the queue that they came from; returns how many.
    pub fn redrive(&mut self, from: &str, to: &str, now: i64) -> usize {
        let letters = self.queues.get_mut(from).map(Queue::take_all);
        let letters = letters.unwrap_or_default();
        let moved = letters.len();
        if let Some(queue) = self.queues.get_mut(to) {
            let sent_again = letters.into_iter().map(|letter| letter.sent_again(now));
            sent_again.for_each(|letter| queue.put(letter));
        }
        moved
    }

    /// The messages of a queue, whatever their state, in the order of sending.
    pub fn messages(&self, url: &str) -> impl Iterator<Item = &Message> {
        let queue = self.queues.get(url).into_iter();
        queue.flat_map(Queue::messages)
    }

    /// How many messages of a queue are in which state.
    pub fn counts(&self, url: &str, now: i64) -> Counts {
        let mut counts = Counts::default();
        for message in self.messages(url) {
            let count = match (message.visible_at <= now, message.receives) {
                (true, _) => &mut counts.visible,
                (false, 0) => &mut counts.delayed,
                (false, _) => &mut counts.in_flight,
            };
            *count += 1;
        }
        counts
    }

    /// When the next message of a queue becomes visible, or became; `None` if it is empty.
    pub fn next_visible_at(&self, url: &str) -> Option<i64> {
        self.messages(url).map(|message| message.visible_at).min()
    }
}

#[cfg(test)]
mod tests;

//! One queue.

use std::collections::BTreeMap;

/// What a queue was made with; times in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long a new message stays invisible.
    pub delay: i64,
    /// How long a received message stays invisible.
    pub visibility_timeout: i64,
    /// How long a message is kept.
    pub retention: i64,
    /// Where messages go that were received too often.
    pub dead_letters: Option<DeadLetters>,
}

/// A redrive policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetters {
    /// The queue of the dead letters.
    pub url: String,
    /// How often a message is received before it goes there.
    pub max_receives: u32,
}

const SECOND: i64 = 1000;
const DAY: i64 = 24 * 60 * 60 * SECOND;

impl Settings {
    /// The template's queue of S3 events.
    pub fn upload_events(dead_letters: &str) -> Self {
        Self {
            delay: 0,
            visibility_timeout: 180 * SECOND,
            retention: 14 * DAY,
            dead_letters: Some(DeadLetters {
                url: dead_letters.to_owned(),
                max_receives: 7,
            }),
        }
    }

    /// The template's queue of deleted accounts.
    pub fn purge(dead_letters: &str) -> Self {
        Self {
            delay: 5 * SECOND,
            retention: 4 * DAY,
            ..Self::upload_events(dead_letters)
        }
    }

    /// The template's queues of dead letters.
    pub const fn dead_letters() -> Self {
        Self {
            delay: 0,
            visibility_timeout: 30 * SECOND,
            retention: 14 * DAY,
            dead_letters: None,
        }
    }
}

/// A message in a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its id, which grows with each message.
    pub id: String,
    /// Its text.
    pub body: String,
    /// When it was sent.
    pub sent_at: i64,
    /// From when it can be received.
    pub visible_at: i64,
    /// How often it was received.
    pub receives: u32,
    /// When it was received first.
    pub first_received_at: Option<i64>,
}

/// A message as a consumer gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Its id.
    pub id: String,
    /// Its text.
    pub body: String,
    /// How often it was received, this time included.
    pub receives: u32,
    /// When it was sent.
    pub sent_at: i64,
    /// When it was received first.
    pub first_received_at: i64,
}

impl Message {
    pub(super) fn new(number: u64, body: &str, now: i64, visible_at: i64) -> Self {
        Self {
            id: format!("00000000-0000-4000-8000-{number:012}"),
            body: body.to_owned(),
            sent_at: now,
            visible_at,
            receives: 0,
            first_received_at: None,
        }
    }

    pub(super) fn sent_again(self, now: i64) -> Self {
        Self {
            sent_at: now,
            visible_at: now,
            receives: 0,
            first_received_at: None,
            ..self
        }
    }

    fn receive(&mut self, now: i64, visibility_timeout: i64) -> Received {
        self.receives += 1;
        self.visible_at = now + visibility_timeout;
        Received {
            id: self.id.clone(),
            body: self.body.clone(),
            receives: self.receives,
            sent_at: self.sent_at,
            first_received_at: *self.first_received_at.get_or_insert(now),
        }
    }
}

impl Received {
    pub(super) fn to_message(&self, visible_at: i64) -> Message {
        Message {
            id: self.id.clone(),
            body: self.body.clone(),
            sent_at: self.sent_at,
            visible_at,
            receives: self.receives,
            first_received_at: Some(self.first_received_at),
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Queue {
    pub(super) settings: Settings,
    /// By id, which is the order of sending.
    messages: BTreeMap<String, Message>,
}

impl Queue {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            settings,
            messages: BTreeMap::new(),
        }
    }

    pub(super) fn put(&mut self, message: Message) {
        self.messages.insert(message.id.clone(), message);
    }

    pub(super) fn remove(&mut self, id: &str) -> Option<Message> {
        self.messages.remove(id)
    }

    pub(super) fn release(&mut self, id: &str, now: i64) {
        if let Some(message) = self.messages.get_mut(id) {
            message.visible_at = now;
        }
    }

    pub(super) fn messages(&self) -> impl Iterator<Item = &Message> {
        self.messages.values()
    }

    pub(super) fn take_all(&mut self) -> Vec<Message> {
        std::mem::take(&mut self.messages).into_values().collect()
    }

    /// What was received, and what has been received too often already.
    pub(super) fn receive(
        &mut self,
        now: i64,
        max: usize,
        order: &mut fastrand::Rng,
    ) -> (Vec<Received>, Vec<Message>) {
        let oldest = now - self.settings.retention;
        self.messages.retain(|_, message| message.sent_at > oldest);
        let visible = self
            .messages
            .values()
            .filter(|message| message.visible_at <= now);
        let mut ids: Vec<_> = visible.map(|message| message.id.clone()).collect();
        order.shuffle(&mut ids);
        let (mut received, mut dead) = (Vec::new(), Vec::new());
        for id in ids {
            if received.len() == max {
                break;
            }
            let Some(message) = self.messages.get_mut(&id) else {
                continue;
            };
            let policy = self.settings.dead_letters.as_ref();
            if policy.is_some_and(|policy| message.receives >= policy.max_receives) {
                dead.extend(self.messages.remove(&id));
            } else {
                received.push(message.receive(now, self.settings.visibility_timeout));
            }
        }
        (received, dead)
    }
}

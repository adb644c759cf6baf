//! WeChat's checks among the events: each submission gets a verdict, once or more often, before or after it is noted.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use support::events::{Message, batch};
use support::moderation::verdict;

use super::{MAX_RECEIVES, Performance, text, until_crash};

const VERDICTS: [&str; 6] = ["pass", "pass", "risky", "review", "not_fetched", "failed"];

/// A message for `moderation`.
#[derive(Clone, Debug)]
pub(super) struct Task {
    body: String,
    receives: usize,
}

impl Performance<'_> {
    /// Takes over what was sent to `moderation`.
    pub(super) async fn collect_tasks(&mut self) {
        if self.stage.is_checked {
            for body in self.stage.world.moderation_messages().await {
                self.send(body);
            }
        }
    }

    /// A message arrives at the queue, once or more often.
    fn send(&mut self, body: String) {
        let again = &self.delivery.again;
        let copies = 1 + usize::from(again[self.announced % again.len()]);
        self.announced += 1;
        let task = Task { body, receives: 1 };
        self.tasks.extend(std::iter::repeat_n(task, copies));
    }

    /// Some of the messages for `moderation` arrive, in one batch; and WeChat has a verdict on whatever was submitted.
    pub(super) async fn moderate(&mut self) -> Result<(), String> {
        let mut tasks = Vec::new();
        while tasks.len() < self.delivery.workers && !self.tasks.is_empty() {
            let which = self.choice() % self.tasks.len();
            tasks.push(self.tasks.swap_remove(which));
        }
        let world = &self.stage.world;
        if self.choice().is_multiple_of(4) {
            // It is faster than the note that it was asked.
            let next = verdict(&world.wechat.next_trace_id(), self.next_verdict());
            self.send(next.to_string());
        }
        let submitted = world.wechat.media_checks().len();
        let failed = self.handle(&tasks).await;
        for (i, mut task) in tasks.into_iter().enumerate() {
            if failed.contains(&format!("m{i}")) {
                task.receives += 1;
                if task.receives > MAX_RECEIVES {
                    return Err(format!("a dead letter: {task:?}"));
                }
                self.tasks.push(task);
            }
        }
        for check in world.wechat.media_checks().into_iter().skip(submitted) {
            let says = self.next_verdict();
            self.send(verdict(&check.trace_id, says).to_string());
        }
        Ok(())
    }

    /// The identifiers of the messages that come again; all, if the function was ended.
    async fn handle(&mut self, tasks: &[Task]) -> Vec<String> {
        let messages = tasks
            .iter()
            .map(|task| Message::new(task.body.clone()).received(task.receives));
        let world = &self.stage.world;
        let work = world.moderation.handle(batch(messages), world.soon());
        let crash = self.delivery.crash.filter(|(at, _)| *at == self.batches);
        self.batches += 1;
        let answer = match crash {
            Some((_, polls)) => until_crash(work, polls).await,
            None => Some(work.await),
        };
        match answer {
            Some(answer) => {
                let failures = answer.unwrap().batch_item_failures.into_iter();
                failures.map(|failure| failure.item_identifier).collect()
            }
            None => (0..tasks.len()).map(|i| format!("m{i}")).collect(),
        }
    }

    fn next_verdict(&mut self) -> &'static str {
        VERDICTS[self.choice() % VERDICTS.len()]
    }
}

/// What has to hold once every verdict has come: nothing waits for one, and what was rejected for its content is removed.
pub(super) fn expected(record: &BTreeMap<String, AttributeValue>) -> Result<(), &'static str> {
    match text(record, "status") {
        Some("checking") => Err("it is still checked"),
        Some("rejected") if record.contains_key("remove_version") => {
            Err("it still lists a version")
        }
        Some("ready") if !record.contains_key("check_id") => Err("it was not checked"),
        _ => Ok(()),
    }
}

//! A topic on which own functions learn what happens, with a queue that subscribes to it.

use aws_sdk_sns::Client;
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::json;
use shared::aws::Service;
use shared::events::CloudEvent;

use crate::emulator::unique;
use crate::{Emulator, World};

/// A topic, and the queue of a function that subscribes to all of it.
#[derive(Debug)]
pub struct Topic {
    /// `EVENTS_TOPIC_ARN`.
    pub arn: String,
    queue: String,
}

impl Topic {
    /// A fresh topic in the emulator.
    ///
    /// # Panics
    /// If the emulator makes none.
    pub async fn new() -> Self {
        let emulator = Emulator::new();
        let client = Client::new(&emulator.aws.sdk_config(Service::Sns));
        let made = client.create_topic().name(unique("topic")).send().await;
        let arn = made.expect("a topic").topic_arn.expect("an ARN");
        let queue = emulator.queue("own").await;
        let name = QueueAttributeName::QueueArn;
        let attributes = emulator.sqs().get_queue_attributes().queue_url(&queue);
        let attributes = attributes.attribute_names(name.clone()).send().await;
        let attributes = attributes.expect("an answer").attributes.expect("some");
        let policy = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage",
            "Resource": attributes[&name], "Condition": {"ArnEquals": {"aws:SourceArn": arn}},
        }]});
        let allowed = emulator.sqs().set_queue_attributes().queue_url(&queue);
        let allowed = allowed.attributes(QueueAttributeName::Policy, policy.to_string());
        allowed.send().await.expect("a policy");
        let subscribed = client
            .subscribe()
            .topic_arn(&arn)
            .protocol("sqs")
            .endpoint(&attributes[&name])
            .send()
            .await;
        subscribed.expect("a subscription");
        Self { arn, queue }
    }
}

impl World {
    /// The events that were published since the last call, in the form that a function's queue has them in.
    ///
    /// # Panics
    /// If a message is no event.
    pub async fn published(&self, topic: &Topic) -> Vec<CloudEvent> {
        let messages = self.messages(&topic.queue).await;
        let events = messages.iter().map(|body| CloudEvent::parse(body));
        events.collect::<Result<_, _>>().expect("events")
    }
}

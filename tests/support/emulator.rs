//! The emulator that `make test` starts: DynamoDB, S3 and SQS. Each test makes its own table, bucket and queue in it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType,
};
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use shared::aws::{Aws, Service, Timeouts};
use shared::config::Vars;
use shared::net::Network;

use crate::template::{Template, list, text};

/// Longer than a function would wait: with many tests at a time the emulator is slower than AWS.
const PATIENT: Timeouts = Timeouts {
    attempt: Duration::from_secs(20),
    operation: Duration::from_secs(60),
};

/// The emulator, reached with credentials that may do anything.
#[derive(Clone, Debug)]
pub struct Emulator {
    /// Where it listens.
    pub endpoint: String,
    /// The configuration of clients that talk to it.
    pub aws: Aws,
    timeouts: Timeouts,
}

impl Default for Emulator {
    fn default() -> Self {
        Self::new()
    }
}

impl Emulator {
    /// The emulator that the environment names.
    pub fn new() -> Self {
        let endpoint = std::env::var("AWS_ENDPOINT_URL")
            .expect("these tests need the emulator: run `make test`");
        Self::with(&endpoint, &aws_variables(&endpoint), PATIENT)
    }

    /// The emulator, reached through another address, by a test that keeps it busy.
    pub fn patiently_behind(endpoint: &str) -> Self {
        Self::with(endpoint, &aws_variables(endpoint), PATIENT)
    }

    /// The emulator, reached through another address, and waited for only as long as a function does.
    pub fn behind(endpoint: &str) -> Self {
        Self::with(endpoint, &aws_variables(endpoint), Timeouts::default())
    }

    /// The same emulator, with somebody's temporary credentials.
    #[must_use]
    pub fn signed_in_as(&self, id: String, secret: String, token: String) -> Self {
        let mut variables = aws_variables(&self.endpoint);
        let credentials = [
            ("AWS_ACCESS_KEY_ID", id),
            ("AWS_SECRET_ACCESS_KEY", secret),
            ("AWS_SESSION_TOKEN", token),
        ];
        variables.extend(credentials.map(|(name, value)| (name.to_owned(), value)));
        Self::with(&self.endpoint, &variables, self.timeouts)
    }

    fn with(endpoint: &str, variables: &HashMap<String, String>, timeouts: Timeouts) -> Self {
        let get = |name: &str| variables.get(name).cloned();
        let mut vars = Vars::new(&get);
        let network = Network::read(&mut vars);
        let aws = Aws::read(&mut vars, network).with_timeouts(timeouts);
        vars.finish().expect("the test environment is complete");
        Self {
            endpoint: endpoint.to_owned(),
            aws,
            timeouts,
        }
    }

    /// How long its answers are waited for.
    pub fn timeouts(&self) -> Timeouts {
        self.timeouts
    }

    /// A DynamoDB client.
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.aws.sdk_config(Service::DynamoDb))
    }

    /// An S3 client.
    pub fn s3(&self) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::config::Builder::from(&self.aws.sdk_config(Service::S3))
            .force_path_style(true);
        aws_sdk_s3::Client::from_conf(config.build())
    }

    /// An SQS client.
    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.aws.sdk_config(Service::Sqs))
    }

    /// A Secrets Manager client.
    pub fn secrets(&self) -> aws_sdk_secretsmanager::Client {
        aws_sdk_secretsmanager::Client::new(&self.aws.sdk_config(Service::SecretsManager))
    }

    /// A fresh table of the shape that the template declares.
    pub async fn table(&self) -> String {
        let name = unique("table");
        let attribute = |name: &str| {
            let definition = AttributeDefinition::builder().attribute_name(name);
            definition
                .attribute_type(ScalarAttributeType::S)
                .build()
                .expect("complete")
        };
        let key = |name: &str, kind: KeyType| {
            KeySchemaElement::builder()
                .attribute_name(name)
                .key_type(kind)
                .build()
                .expect("complete")
        };
        let index = GlobalSecondaryIndex::builder()
            .index_name("gsi1")
            .key_schema(key("gsi1pk", KeyType::Hash))
            .key_schema(key("gsi1sk", KeyType::Range))
            .projection(
                Projection::builder()
                    .projection_type(ProjectionType::Include)
                    .set_non_key_attributes(Some(projected_attributes()))
                    .build(),
            )
            .build()
            .expect("complete");
        let request = self
            .dynamodb()
            .create_table()
            .table_name(&name)
            .billing_mode(BillingMode::PayPerRequest)
            .set_attribute_definitions(Some(["pk", "sk", "gsi1pk", "gsi1sk"].map(attribute).into()))
            .key_schema(key("pk", KeyType::Hash))
            .key_schema(key("sk", KeyType::Range))
            .global_secondary_indexes(index);
        request.send().await.expect("the emulator makes a table");
        name
    }

    /// A fresh, versioned bucket.
    pub async fn bucket(&self) -> String {
        let name = unique("bucket");
        let s3 = self.s3();
        s3.create_bucket()
            .bucket(&name)
            .send()
            .await
            .expect("the emulator makes a bucket");
        let on = VersioningConfiguration::builder()
            .status(BucketVersioningStatus::Enabled)
            .build();
        let versioning = s3
            .put_bucket_versioning()
            .bucket(&name)
            .versioning_configuration(on);
        versioning
            .send()
            .await
            .expect("the emulator versions a bucket");
        name
    }

    /// The address of a fresh queue, whose name says what it is for.
    ///
    /// # Panics
    /// If the emulator makes none.
    pub async fn queue(&self, purpose: &str) -> String {
        let made = self
            .sqs()
            .create_queue()
            .queue_name(unique(&format!("{purpose}-queue")))
            .send()
            .await;
        made.expect("the emulator makes a queue")
            .queue_url
            .expect("a queue has an address")
    }
}

/// What the template's index holds beside its keys: a list that needs more would work here and fail in AWS.
fn projected_attributes() -> Vec<String> {
    let table = &Template::of_workspace().resource("Table")["Properties"];
    let projection = &table["GlobalSecondaryIndexes"][0]["Projection"];
    let names: Vec<_> = list(&projection["NonKeyAttributes"]).map(text).collect();
    assert!(!names.is_empty(), "the index names its attributes");
    names
}

/// What Lambda sets for every function, and where AWS is.
pub fn aws_variables(endpoint: &str) -> HashMap<String, String> {
    let pairs = [
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_ENDPOINT_URL", endpoint),
    ];
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// A name that no other test of this run uses.
pub fn unique(kind: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!(
        "{kind}-{}-{}",
        std::process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    )
}

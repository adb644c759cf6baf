//! AWS clients, built by hand from what Lambda sets.
//!
//! The SDK's own loader walks a chain of credential and region sources that a Lambda environment never needs, and
//! costs a cold start megabytes and milliseconds. Time-outs and retries are set here because the SDK has no time-out
//! by default and waits a second before its first retry.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::config::retry::RetryPartition;
use aws_sdk_dynamodb::config::{BehaviorVersion, IdentityCache};
use aws_smithy_async::rt::sleep::SharedAsyncSleep;
use aws_smithy_runtime_api::client::http::{SharedHttpConnector, http_client_fn};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use aws_types::sdk_config::StalledStreamProtectionConfig;

use crate::config::{self, Vars};
use crate::net::Network;

/// How long a call to AWS may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// One attempt of one call.
    pub attempt: Duration,
    /// A call with its retries.
    pub operation: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            attempt: Duration::from_millis(800),
            operation: Duration::from_secs(3),
        }
    }
}

/// The services that have an endpoint variable of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// `AWS_ENDPOINT_URL_DYNAMODB`
    DynamoDb,
    /// `AWS_ENDPOINT_URL_S3`
    S3,
    /// `AWS_ENDPOINT_URL_SNS`
    Sns,
    /// `AWS_ENDPOINT_URL_SQS`
    Sqs,
    /// `AWS_ENDPOINT_URL_SECRETS_MANAGER`
    SecretsManager,
}

/// Region, credentials and endpoints, as the environment gives them.
#[derive(Clone, Debug)]
pub struct Aws {
    region: String,
    credentials: Credentials,
    endpoint: Option<String>,
    dynamodb: Option<String>,
    s3: Option<String>,
    sns: Option<String>,
    sqs: Option<String>,
    secrets_manager: Option<String>,
    network: Network,
    http: Option<SharedHttpConnector>,
    timeouts: Timeouts,
}

impl Aws {
    /// Reads `AWS_REGION`, the three credential variables and the endpoint overrides.
    pub fn read(vars: &mut Vars<'_>, network: Network) -> Self {
        let credentials = Credentials::new(
            vars.required("AWS_ACCESS_KEY_ID"),
            vars.required("AWS_SECRET_ACCESS_KEY"),
            vars.text("AWS_SESSION_TOKEN"),
            None,
            "environment",
        );
        let http = network
            .connector()
            .inspect_err(|_| vars.reject("TLS", "could not be set up"))
            .ok();
        Self {
            region: vars.required("AWS_REGION"),
            credentials,
            endpoint: vars.optional_as("AWS_ENDPOINT_URL", config::base_url),
            dynamodb: vars.optional_as("AWS_ENDPOINT_URL_DYNAMODB", config::base_url),
            s3: vars.optional_as("AWS_ENDPOINT_URL_S3", config::base_url),
            sns: vars.optional_as("AWS_ENDPOINT_URL_SNS", config::base_url),
            sqs: vars.optional_as("AWS_ENDPOINT_URL_SQS", config::base_url),
            secrets_manager: vars.optional_as("AWS_ENDPOINT_URL_SECRETS_MANAGER", config::base_url),
            network,
            http,
            timeouts: Timeouts::default(),
        }
    }

    /// The same, with other time-outs.
    #[must_use]
    pub fn with_timeouts(self, timeouts: Timeouts) -> Self {
        Self { timeouts, ..self }
    }

    /// The name of the region, such as `eu-central-1`.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The credentials of the function's role.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// The HTTP client that all AWS clients share, with its connections; none if TLS could not be set up.
    pub fn http(&self) -> Option<&SharedHttpConnector> {
        self.http.as_ref()
    }

    /// Where a client counts its retries, if not where all of the process do.
    pub fn retry_partition(&self) -> Option<RetryPartition> {
        self.network.retry_partition()
    }

    /// The address that replaces the service's own, if one is set.
    pub fn endpoint(&self, service: Service) -> Option<&str> {
        let own = match service {
            Service::DynamoDb => &self.dynamodb,
            Service::S3 => &self.s3,
            Service::Sns => &self.sns,
            Service::Sqs => &self.sqs,
            Service::SecretsManager => &self.secrets_manager,
        };
        own.as_deref().or(self.endpoint.as_deref())
    }

    /// What [`client_config!`] begins with.
    pub fn sdk_config(&self, service: Service) -> SdkConfig {
        let timeouts = TimeoutConfig::builder()
            .operation_attempt_timeout(self.timeouts.attempt)
            .operation_timeout(self.timeouts.operation)
            .build();
        let retries = RetryConfig::standard()
            .with_max_attempts(3)
            .with_initial_backoff(Duration::from_millis(50))
            .with_max_backoff(Duration::from_millis(500));
        let mut builder = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(self.region.clone()))
            .credentials_provider(SharedCredentialsProvider::new(self.credentials.clone()))
            // The credentials are fixed for the life of the environment: there is nothing to refresh.
            .identity_cache(IdentityCache::no_cache())
            .sleep_impl(SharedAsyncSleep::new(
                aws_smithy_async::rt::sleep::TokioSleep::new(),
            ))
            .time_source(aws_smithy_async::time::SystemTimeSource::new())
            .timeout_config(timeouts)
            .retry_config(retries)
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        let client = |http: SharedHttpConnector| http_client_fn(move |_, _| http.clone());
        builder.set_http_client(self.http.clone().map(client));
        builder.set_endpoint_url(self.endpoint(service).map(str::to_owned));
        builder.build()
    }
}

/// The builder of a client's configuration, for a service in its SDK crate: `client_config!(aws_sdk_sqs, aws, Sqs)`.
///
/// Clients are made from this alone: what [`Aws::retry_partition`] gives cannot be part of an `SdkConfig`.
#[macro_export]
macro_rules! client_config {
    ($sdk:ident, $aws:expr, $service:ident) => {{
        let aws: &$crate::aws::Aws = $aws;
        let mut config =
            $sdk::config::Builder::from(&aws.sdk_config($crate::aws::Service::$service));
        config.set_retry_partition(aws.retry_partition());
        config
    }};
}

pub use client_config;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &'static [(&str, &str)]) -> Result<Aws, crate::config::ConfigError> {
        let get = |name: &str| {
            pairs
                .iter()
                .find(|(n, _)| *n == name)
                .map(|(_, v)| (*v).to_owned())
        };
        let mut vars = Vars::new(&get);
        let network = Network::read(&mut vars);
        let aws = Aws::read(&mut vars, network);
        vars.finish().map(|()| aws)
    }

    #[test]
    fn a_service_prefers_its_own_endpoint() {
        let aws = read(&[
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "a"),
            ("AWS_SECRET_ACCESS_KEY", "b"),
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
            ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:2/"),
        ])
        .unwrap();
        assert_eq!(aws.endpoint(Service::S3), Some("http://127.0.0.1:2"));
        assert_eq!(aws.endpoint(Service::Sqs), Some("http://127.0.0.1:1"));
    }

    #[test]
    fn missing_credentials_are_named() {
        let text = read(&[("AWS_REGION", "us-east-1")])
            .unwrap_err()
            .to_string();
        assert!(
            text.contains("AWS_ACCESS_KEY_ID is missing")
                && text.contains("AWS_SECRET_ACCESS_KEY is missing")
        );
    }
}

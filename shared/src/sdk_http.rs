//! The HTTP client that the AWS SDK is given, and that everything else is sent with: hyper, without the SDK's own.
//!
//! The SDK's client brings HTTP/2, proxies, a pool manager and the loading of the system's roots: over a megabyte in
//! every binary and over a millisecond in every cold start, for services that are reached directly over HTTP/1.1.

use std::error::Error;
use std::fmt;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::connection::{CaptureSmithyConnection, ConnectionMetadata};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::ErrorKind;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{CaptureConnection, Connect, capture_connection};

/// No connection was made, so that nothing was sent.
#[derive(Debug, thiserror::Error)]
#[error("no connection was made")]
pub struct NotConnectedError(#[source] pub BoxError);

/// Whether nothing was sent.
pub fn is_not_connected(error: &ConnectorError) -> bool {
    source::<NotConnectedError>(error).is_some()
}

/// What sends with `client`.
pub(crate) fn connector<C>(client: Client<C, SdkBody>) -> SharedHttpConnector
where
    C: Connect + Clone + fmt::Debug + Send + Sync + 'static,
{
    SharedHttpConnector::new(Connector(client))
}

#[derive(Clone, Debug)]
struct Connector<C>(Client<C, SdkBody>);

impl<C> HttpConnector for Connector<C>
where
    C: Connect + Clone + fmt::Debug + Send + Sync + 'static,
{
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut request = match request.try_into_http1x() {
            Ok(request) => request,
            Err(error) => {
                return HttpConnectorFuture::ready(Err(ConnectorError::user(error.into())));
            }
        };
        let connection = capture_connection(&mut request);
        if let Some(sdk) = request.extensions().get::<CaptureSmithyConnection>() {
            sdk.set_connection_retriever(move || metadata(&connection));
        }
        let answer = self.0.request(request);
        HttpConnectorFuture::new(async move {
            match answer.await {
                Ok(answer) => answer
                    .map(SdkBody::from_body_1_x)
                    .try_into()
                    .map_err(|error| ConnectorError::other(Box::new(error), None)),
                Err(error) => Err(failure(error)),
            }
        })
    }
}

/// With this the SDK keeps a connection that failed from being used again.
fn metadata(connection: &CaptureConnection) -> Option<ConnectionMetadata> {
    connection.connection_metadata().as_ref()?;
    let connection = connection.clone();
    let poison = move || {
        if let Some(connected) = connection.connection_metadata().as_ref() {
            connected.poison();
        }
    };
    let metadata = ConnectionMetadata::builder()
        .proxied(false)
        .poison_fn(poison);
    Some(metadata.build())
}

/// Tells the SDK what went wrong, from which it decides whether to try again.
fn failure(error: hyper_util::client::legacy::Error) -> ConnectorError {
    let hyper = source::<hyper::Error>(&error);
    if hyper.is_some_and(hyper::Error::is_timeout) {
        ConnectorError::timeout(Box::new(error))
    } else if hyper.is_some_and(hyper::Error::is_user) {
        ConnectorError::user(Box::new(error))
    } else if hyper.is_some_and(hyper::Error::is_incomplete_message) {
        ConnectorError::other(Box::new(error), Some(ErrorKind::TransientError))
    } else if error.is_connect() {
        ConnectorError::io(Box::new(NotConnectedError(Box::new(error))))
    } else if hyper.is_some_and(|hyper| hyper.is_closed() || hyper.is_canceled())
        || source::<std::io::Error>(&error).is_some()
    {
        ConnectorError::io(Box::new(error))
    } else {
        ConnectorError::other(Box::new(error), None)
    }
}

fn source<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    std::iter::successors(Some(error), |&error| error.source())
        .find_map(|error| error.downcast_ref())
}

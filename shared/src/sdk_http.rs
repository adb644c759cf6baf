//! The HTTP client that the AWS SDK is given: hyper, without the SDK's own.
//!
//! The SDK's client brings HTTP/2, proxies, a pool manager and the loading of the system's roots: over a megabyte in
//! every binary and over a millisecond in every cold start, for services that are reached directly over HTTP/1.1.

use std::error::Error;

use aws_smithy_runtime_api::client::connection::{CaptureSmithyConnection, ConnectionMetadata};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::ErrorKind;
use hyper_util::client::legacy::connect::{CaptureConnection, capture_connection};

use crate::net::HttpsClient;

/// What the SDK's clients send with. They set their time-outs around it.
pub fn sdk_http_client(client: HttpsClient<SdkBody>) -> SharedHttpClient {
    let connector = SharedHttpConnector::new(Connector(client));
    http_client_fn(move |_, _| connector.clone())
}

#[derive(Clone, Debug)]
struct Connector(HttpsClient<SdkBody>);

impl HttpConnector for Connector {
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
    } else if error.is_connect()
        || hyper.is_some_and(|hyper| hyper.is_closed() || hyper.is_canceled())
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

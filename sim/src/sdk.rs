//! The SDK's clients with a model in place of a connection.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_s3::config::{BehaviorVersion, Region};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_types::SdkConfig;
use bytes::Bytes;
use http::{Request, Response};

type Model = dyn Fn(&Request<Bytes>) -> Response<Bytes> + Send + Sync;

struct Connector(Box<Model>);

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connector")
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let request = request.try_into_http1x().unwrap();
        let request = request.map(|body| Bytes::copy_from_slice(body.bytes().unwrap()));
        let response = (self.0)(&request).map(SdkBody::from);
        HttpConnectorFuture::ready(Ok(response.try_into().unwrap()))
    }
}

pub(crate) fn http_client(
    model: impl Fn(&Request<Bytes>) -> Response<Bytes> + Send + Sync + 'static,
) -> SharedHttpClient {
    let connector = SharedHttpConnector::new(Connector(Box::new(model)));
    http_client_fn(move |_, _| connector.clone())
}

pub(crate) fn config(http: SharedHttpClient) -> SdkConfig {
    let credentials = Credentials::new("test", "test", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url("http://aws")
        .http_client(http)
        .build()
}

//! The way to other servers: HTTPS, one client for AWS and one for everybody else.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::config::retry::RetryPartition;
use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use aws_smithy_types::body::SdkBody;
use http::Uri;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tower::util::BoxCloneSyncService;
use tower::{BoxError, ServiceBuilder};

use crate::config::Vars;
use crate::sdk_http;

/// The way to other servers.
#[derive(Clone, Debug)]
pub enum Network {
    /// HTTPS, where one of these roots vouches for the server.
    Https(Roots),
    /// Something in the same process that answers in their place.
    Simulated {
        /// Carries every request.
        http: SharedHttpConnector,
        /// Where the SDK counts its retries: by default all clients of a process share their quota.
        retries: RetryPartition,
    },
}

impl Network {
    /// HTTPS, with Mozilla's roots.
    pub fn mozilla() -> Self {
        Self::Https(Roots::mozilla())
    }

    /// HTTPS, with the roots that the environment names.
    pub fn read(vars: &mut Vars<'_>) -> Self {
        Self::Https(Roots::read(vars))
    }

    /// What carries requests, and leaves time-outs and repetitions to its user. HTTP/1.1 is all that DynamoDB, S3 and SQS
    /// speak; it also takes `http` addresses.
    ///
    /// # Errors
    /// If the TLS library refuses its settings.
    pub fn connector(&self) -> Result<SharedHttpConnector, rustls::Error> {
        match self {
            Self::Https(roots) => Ok(sdk_http::connector(pooled(connector(roots)?))),
            Self::Simulated { http, .. } => Ok(http.clone()),
        }
    }

    /// The same, but for a limit to how long a connection may take, TLS included.
    ///
    /// # Errors
    /// If the TLS library refuses its settings.
    pub fn connector_with_connect_timeout(
        &self,
        limit: Duration,
    ) -> Result<SharedHttpConnector, rustls::Error> {
        match self {
            Self::Https(roots) => {
                let connector = ServiceBuilder::new()
                    .timeout(limit)
                    .service(connector(roots)?);
                let connector: ConnectTimeoutConnector = BoxCloneSyncService::new(connector);
                Ok(sdk_http::connector(pooled(connector)))
            }
            Self::Simulated { http, .. } => Ok(http.clone()),
        }
    }

    /// Where an SDK client counts its retries, if not where all of the process do.
    pub(crate) fn retry_partition(&self) -> Option<RetryPartition> {
        match self {
            Self::Https(_) => None,
            Self::Simulated { retries, .. } => Some(retries.clone()),
        }
    }
}

/// Whose word is taken for who a server is.
///
/// Mozilla's roots, compiled in: reading the system's costs each cold start over a millisecond.
#[derive(Clone, Debug)]
pub struct Roots(Arc<RootCertStore>);

impl Roots {
    /// Mozilla's roots and nothing else.
    pub fn mozilla() -> Self {
        Self(Arc::new(mozilla()))
    }

    /// Mozilla's roots and beside them, if `AWS_CA_BUNDLE` names a PEM file, the certificates in it: for an endpoint or
    /// a proxy with a certificate of one's own.
    pub fn read(vars: &mut Vars<'_>) -> Self {
        let mut roots = mozilla();
        for certificate in vars
            .optional_as("AWS_CA_BUNDLE", certificates)
            .unwrap_or_default()
        {
            // A system's bundle may hold one that cannot be used. A server that needs it will not be believed.
            let _ = roots.add(certificate);
        }
        Self(Arc::new(roots))
    }

    fn client_config(&self) -> Result<ClientConfig, rustls::Error> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(self.0.clone())
            .with_no_client_auth();
        Ok(config)
    }
}

fn mozilla() -> RootCertStore {
    RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned())
}

fn certificates(path: &str) -> Result<Vec<CertificateDer<'static>>, &'static str> {
    const REASON: &str = "must name a PEM file with certificates";
    let found: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(path).and_then(|certificates| certificates.collect());
    found.ok().filter(|found| !found.is_empty()).ok_or(REASON)
}

type ConnectTimeoutConnector =
    BoxCloneSyncService<Uri, MaybeHttpsStream<TokioIo<TcpStream>>, BoxError>;

fn connector(roots: &Roots) -> Result<HttpsConnector<HttpConnector>, rustls::Error> {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    Ok(HttpsConnector::from((tcp, roots.client_config()?)))
}

fn pooled<C: Connect + Clone>(connector: C) -> Client<C, SdkBody> {
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .build(connector)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use aws_smithy_runtime_api::client::http::HttpConnector as _;
    use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
    use rustls::{ServerConfig, ServerConnection, StreamOwned};

    fn roots(bundle: &str) -> Result<Roots, crate::config::ConfigError> {
        let get = |name: &str| (name == "AWS_CA_BUNDLE").then(|| bundle.to_owned());
        let mut vars = Vars::new(&get);
        let roots = Roots::read(&mut vars);
        vars.finish().map(|()| roots)
    }

    /// A server that nobody vouches for, and a bundle that does.
    fn server() -> (String, std::path::PathBuf) {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key);
        let config = Arc::new(config.unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let bundle = std::env::temp_dir().join(format!("bundle-{}.pem", std::process::id()));
        std::fs::write(&bundle, made.cert.pem()).unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let connection = ServerConnection::new(config.clone()).unwrap();
                let mut stream = StreamOwned::new(connection, stream.unwrap());
                if stream.read(&mut [0; 1024]).is_ok() {
                    let _ = stream.write_all(b"HTTP/1.1 204 -\r\n\r\n");
                }
            }
        });
        (url, bundle)
    }

    async fn send(
        http: Result<SharedHttpConnector, rustls::Error>,
        url: &str,
    ) -> Result<u16, ConnectorError> {
        let answer = http.unwrap().call(HttpRequest::get(url).unwrap()).await;
        answer.map(|answer| answer.status().as_u16())
    }

    #[tokio::test]
    async fn a_server_is_believed_if_mozilla_or_the_bundle_vouches_for_it() {
        let (url, bundle) = server();
        let limit = Duration::from_secs(1);
        let ours = Network::Https(roots(bundle.to_str().unwrap()).unwrap());
        let mozilla = Network::mozilla();
        for network in [&ours, &mozilla] {
            let aws = send(network.connector(), &url).await;
            let others = send(network.connector_with_connect_timeout(limit), &url).await;
            for answer in [aws, others] {
                match answer {
                    Ok(status) => assert!(status == 204 && std::ptr::eq(network, &ours)),
                    Err(error) => {
                        assert!(sdk_http::is_not_connected(&error));
                        assert!(std::ptr::eq(network, &mozilla), "{error:?}");
                    }
                }
            }
        }
    }

    /// TLS included: the server takes the connection and says nothing.
    #[tokio::test]
    async fn a_connection_that_takes_too_long_is_one_that_was_not_made() {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://{}", silent.local_addr().unwrap());
        let http = Network::mozilla().connector_with_connect_timeout(Duration::from_millis(50));
        let error = send(http, &url).await.unwrap_err();
        assert!(sdk_http::is_not_connected(&error));
    }

    #[test]
    fn a_bundle_that_cannot_be_read_is_reported_by_name() {
        let no_pem = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        for path in ["/nonexistent.pem", no_pem] {
            let fault = roots(path).unwrap_err().to_string();
            assert!(
                fault.contains("AWS_CA_BUNDLE must name a PEM file"),
                "{fault}"
            );
        }
    }
}

//! HTTPS clients: one for the AWS SDK and for what is sent to AWS without it, one for everybody else.

use std::sync::Arc;
use std::time::Duration;

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

/// A client that leaves time-outs and repetitions to its user.
pub type HttpsClient<B> = Client<HttpsConnector<HttpConnector>, B>;

/// The same, but for a limit to how long a connection may take, TLS included.
pub type ConnectTimeoutClient<B> = Client<ConnectTimeoutConnector, B>;

type ConnectTimeoutConnector =
    BoxCloneSyncService<Uri, MaybeHttpsStream<TokioIo<TcpStream>>, BoxError>;

/// A client for HTTP/1.1, which is all that DynamoDB, S3 and SQS speak; it also takes `http` addresses.
///
/// # Errors
/// If the TLS library refuses its settings.
pub fn https_client<B>(roots: &Roots) -> Result<HttpsClient<B>, rustls::Error>
where
    B: http_body::Body + Send,
    B::Data: Send,
{
    Ok(pooled(connector(roots)?))
}

/// A client for HTTP/1.1 that gives a connection up after `limit`.
///
/// # Errors
/// If the TLS library refuses its settings.
pub fn https_client_with_connect_timeout<B>(
    roots: &Roots,
    limit: Duration,
) -> Result<ConnectTimeoutClient<B>, rustls::Error>
where
    B: http_body::Body + Send,
    B::Data: Send,
{
    let connector = ServiceBuilder::new()
        .timeout(limit)
        .service(connector(roots)?);
    Ok(pooled(BoxCloneSyncService::new(connector)))
}

fn connector(roots: &Roots) -> Result<HttpsConnector<HttpConnector>, rustls::Error> {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    Ok(HttpsConnector::from((tcp, roots.client_config()?)))
}

fn pooled<C, B>(connector: C) -> Client<C, B>
where
    C: Connect + Clone,
    B: http_body::Body + Send,
    B::Data: Send,
{
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .build(connector)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use aws_smithy_types::body::SdkBody;
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

    #[tokio::test]
    async fn a_server_is_believed_if_mozilla_or_the_bundle_vouches_for_it() {
        let (url, bundle) = server();
        let ours = roots(bundle.to_str().unwrap()).unwrap();
        let get = || http::Request::get(&url).body(SdkBody::empty()).unwrap();
        let aws = |roots: &Roots| https_client(roots).unwrap().request(get());
        assert_eq!(aws(&ours).await.unwrap().status(), 204);
        assert!(aws(&Roots::mozilla()).await.unwrap_err().is_connect());

        let limit = Duration::from_secs(1);
        let others = |roots: &Roots| {
            https_client_with_connect_timeout(roots, limit)
                .unwrap()
                .request(get())
        };
        assert_eq!(others(&ours).await.unwrap().status(), 204);
        assert!(others(&Roots::mozilla()).await.unwrap_err().is_connect());
    }

    /// TLS included: the server takes the connection and says nothing.
    #[tokio::test]
    async fn a_connection_that_takes_too_long_is_one_that_was_not_made() {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://{}", silent.local_addr().unwrap());
        let client =
            https_client_with_connect_timeout(&Roots::mozilla(), Duration::from_millis(50))
                .unwrap();
        let request = http::Request::get(url).body(SdkBody::empty()).unwrap();
        assert!(client.request(request).await.unwrap_err().is_connect());
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

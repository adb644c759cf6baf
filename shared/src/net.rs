//! The HTTP client for what is not reached through an AWS SDK.

use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConfig, RootCertStore};

/// The client could not be built.
#[derive(Debug, thiserror::Error)]
pub enum NoClient {
    /// TLS could not be set up.
    #[error("TLS could not be set up")]
    Tls(#[from] rustls::Error),
    /// The client refused its settings.
    #[error("the HTTP client could not be set up")]
    Client(#[from] reqwest::Error),
}

/// An HTTP client that follows no redirect, uses no proxy and gives up in time.
///
/// It trusts Mozilla's roots, compiled in: reading the system's costs each cold start over a millisecond.
///
/// # Errors
/// If the TLS or HTTP library refuses its settings.
pub fn client(connect_timeout: Duration, timeout: Duration) -> Result<reqwest::Client, NoClient> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .connect_timeout(connect_timeout)
        .timeout(timeout)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        // A repetition is the caller's to decide: some requests must never be sent twice.
        .retry(reqwest::retry::never())
        .build()?;
    Ok(client)
}

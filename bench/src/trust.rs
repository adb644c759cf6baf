//! A certification authority of the benchmark's own, and the files that make others believe it.
//!
//! Keys and chain are what AWS's own endpoints have: RSA of 2048 bits, and one intermediate that the server sends.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// Where Debian, and what descends from it, keeps the system's roots.
const SYSTEM_ROOTS: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Whom a subject trusts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// A bundle with the benchmark's root and no other.
    OneRoot,
    /// The system's roots and the benchmark's.
    SystemRoots,
}

/// The servers' side of TLS, and the bundles.
#[derive(Debug)]
pub(crate) struct Authority {
    pub(crate) server: Arc<ServerConfig>,
    one_root: PathBuf,
    system_roots: Option<PathBuf>,
}

impl Authority {
    /// Makes keys and certificates for 127.0.0.1 and localhost, and writes the bundles to `folder`.
    pub(crate) fn new(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let (root, root_issuer) = authority("Benchmark Root", None)?;
        let (intermediate, issuer) = authority("Benchmark Intermediate", Some(&root_issuer))?;
        let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
        let mut params = CertificateParams::new(names)?;
        params
            .distinguished_name
            .push(DnType::CommonName, "localhost");
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate_for(&PKCS_RSA_SHA256)?;
        let leaf = params.signed_by(&key, &issuer)?;
        let chain = vec![leaf.der().clone(), intermediate.der().clone()];
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        let one_root = folder.join("one-root.pem");
        fs::write(&one_root, root.pem())?;
        Ok(Self {
            server: Arc::new(server),
            one_root,
            system_roots: system_roots(folder, &root)?,
        })
    }

    /// The bundle's file.
    pub(crate) fn bundle(&self, trust: Trust) -> Result<&Path> {
        match trust {
            Trust::OneRoot => Ok(&self.one_root),
            Trust::SystemRoots => {
                let missing = || format!("{SYSTEM_ROOTS} is missing: install ca-certificates");
                self.system_roots.as_deref().with_context(missing)
            }
        }
    }
}

fn authority(
    name: &str,
    issuer: Option<&Issuer<'static, KeyPair>>,
) -> Result<(Certificate, Issuer<'static, KeyPair>)> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = issuer.is_some();
    let key = KeyPair::generate_for(&PKCS_RSA_SHA256)?;
    let certificate = match issuer {
        Some(issuer) => params.signed_by(&key, issuer)?,
        None => params.self_signed(&key)?,
    };
    Ok((certificate, Issuer::new(params, key)))
}

fn system_roots(folder: &Path, root: &Certificate) -> Result<Option<PathBuf>> {
    let Ok(mut bundle) = fs::read_to_string(SYSTEM_ROOTS) else {
        return Ok(None);
    };
    bundle.push_str(&root.pem());
    let path = folder.join("system-roots.pem");
    fs::write(&path, bundle)?;
    Ok(Some(path))
}

//! Links to verified objects.

use std::time::Duration;

use crate::aws::Aws;
use crate::config::{self, Vars};
use crate::seams::Timestamp;
use crate::upload::key::ObjectKey;
use crate::upload::signer::{Presign, S3Signer};

/// Links change only this often, so that clients can cache what is behind them.
pub const WINDOW: Duration = Duration::from_secs(30 * 60);
/// A link is good for its own window and the next one: at least [`WINDOW`] from when it is handed out.
const LIFETIME: Duration = Duration::from_secs(2 * WINDOW.as_secs());

/// What S3 answers a link with, whatever headers the object was stored with. Links are personal, and change with every
/// window: they are for the client's own cache.
const RESPONSE_HEADERS: [(&str, &str); 2] = [
    ("response-cache-control", "private, max-age=3600"),
    ("response-content-disposition", "inline"),
];

/// Makes links.
#[derive(Clone, Debug)]
pub struct Links {
    signer: S3Signer,
    assets_base_url: Option<String>,
}

/// A link, and until when it is good; a CDN's links do not end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The address.
    pub url: String,
    /// When it stops working.
    pub expires_at: Option<Timestamp>,
}

impl Links {
    /// Links through `assets_base_url` if there is one, else signed ones.
    pub fn new(signer: S3Signer, assets_base_url: Option<String>) -> Self {
        Self {
            signer,
            assets_base_url,
        }
    }

    /// Reads `BUCKET_NAME` and `ASSETS_BASE_URL`.
    pub fn read(vars: &mut Vars<'_>, aws: &Aws) -> Self {
        let bucket = vars.required("BUCKET_NAME");
        Self::new(
            S3Signer::new(aws, bucket),
            vars.optional_as("ASSETS_BASE_URL", config::base_url),
        )
    }

    /// The signer behind the links.
    pub fn signer(&self) -> &S3Signer {
        &self.signer
    }

    /// A link to one version of an object: the one that was verified, whatever has been stored since.
    pub fn download(&self, key: &ObjectKey, version: Option<&str>, now: Timestamp) -> Link {
        if let Some(base) = &self.assets_base_url {
            let version = version
                .map(|version| format!("?versionId={version}"))
                .unwrap_or_default();
            return Link {
                url: format!("{base}/{key}{version}"),
                expires_at: None,
            };
        }
        let from = now.window_start(WINDOW);
        let request = Presign {
            method: "GET",
            key,
            version,
            headers: &[],
            query: &RESPONSE_HEADERS,
            from,
            expires_in: LIFETIME,
        };
        Link {
            url: self.signer.presign(&request),
            expires_at: Some(from.after(LIFETIME)),
        }
    }

    /// What identifies the links that are handed out at `now`: they change when it does.
    pub fn generation(&self, now: Timestamp) -> Option<i64> {
        self.assets_base_url
            .is_none()
            .then(|| now.window_start(WINDOW).secs())
    }
}

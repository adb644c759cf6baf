//! Links to verified objects.

use std::time::Duration;

use crate::aws::Aws;
use crate::config::{self, Vars};
use crate::ids::Purpose;
use crate::time::Timestamp;
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
    /// Links to avatars through `assets_base_url` if there is one; all others are signed. What a CDN serves can be read by
    /// whoever has the address, for as long as it is there: right for a picture that every user is shown, wrong for a
    /// file that is its owner's.
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
        let cdn = self.assets_base_url.as_ref();
        if let Some(base) = cdn.filter(|_| key.upload.purpose() == Purpose::Avatar) {
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

    /// What identifies the links to avatars that are handed out at `now`: they change when it does.
    pub fn generation(&self, now: Timestamp) -> Option<i64> {
        self.assets_base_url
            .is_none()
            .then(|| now.window_start(WINDOW).secs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Epoch, OpenId, UploadId, UserId};
    use crate::random::Random;

    fn links(assets_base_url: Option<&str>) -> Links {
        let get = |name: &str| match name {
            "AWS_REGION" => Some("us-east-1".to_owned()),
            "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("test".to_owned()),
            "BUCKET_NAME" => Some("bucket".to_owned()),
            "ASSETS_BASE_URL" => assets_base_url.map(str::to_owned),
            _ => None,
        };
        let mut vars = Vars::new(&get);
        let aws = Aws::read(&mut vars);
        let links = Links::read(&mut vars, &aws);
        vars.finish().unwrap();
        links
    }

    fn link(links: &Links, purpose: Purpose) -> Link {
        let at = Timestamp::from_millis(1_800_000_000_000);
        let random = Random::new(|bytes| bytes.fill(1));
        let key = ObjectKey {
            user: UserId::derive("wx", &"alice".parse::<OpenId>().unwrap()),
            upload: UploadId::new(at, purpose, Epoch::FIRST, &random),
            content_type: "image/png".parse().unwrap(),
        };
        links.download(&key, Some("v1"), at)
    }

    #[test]
    fn a_cdn_serves_avatars_and_nothing_else() {
        let links = links(Some("https://cdn.example/"));
        let avatar = link(&links, Purpose::Avatar);
        assert!(
            avatar.url.starts_with("https://cdn.example/u/"),
            "{avatar:?}"
        );
        assert!(avatar.url.ends_with(".png?versionId=v1"), "{avatar:?}");
        assert_eq!(avatar.expires_at, None);
        let file = link(&links, Purpose::File);
        assert!(file.url.contains("X-Amz-Signature="), "{file:?}");
        assert!(!file.url.contains("cdn.example") && file.expires_at.is_some());
    }

    #[test]
    fn without_a_cdn_every_link_is_signed() {
        for purpose in [Purpose::Avatar, Purpose::File] {
            let link = link(&links(None), purpose);
            assert!(link.url.contains("X-Amz-Signature="), "{link:?}");
            assert!(link.url.contains("versionId=v1"), "{link:?}");
        }
    }
}

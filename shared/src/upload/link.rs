//! Links to verified objects.

use std::time::Duration;

use data_encoding::HEXLOWER;

use crate::aws::Aws;
use crate::config::{self, Vars};
use crate::digest::sha256;
use crate::ids::Purpose;
use crate::time::Timestamp;
use crate::upload::key::ObjectKey;
use crate::upload::signer::{ALGORITHM, S3Signer, escape};

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

/// Makes links to objects: through a CDN for avatars if there is one, else signed.
#[derive(Clone, Debug)]
pub struct Links {
    signer: S3Signer,
    assets_base_url: Option<String>,
}

/// A link, and until when it is good; a CDN's links do not end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The address, for GET alone.
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

    /// Reads `BUCKET_NAME`, `ASSETS_BASE_URL` and `UPLOADS_BASE_URL`.
    pub fn read(vars: &mut Vars<'_>, aws: &Aws) -> Self {
        Self::new(
            S3Signer::read(vars, aws),
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
        Link {
            url: self.signed(key, version, from),
            expires_at: Some(from.after(LIFETIME)),
        }
    }

    /// What [`S3Signer::presign`] would sign, written out in the one form that links have: a response holds up to fifty,
    /// and the parsing, sorting and copying that a general signer has to do made it a third more expensive.
    fn signed(&self, key: &ObjectKey, version: Option<&str>, from: Timestamp) -> String {
        let (date, lifetime) = (from.to_amz_date(), LIFETIME.as_secs());
        let credential = self.signer.credential(from);
        let credential = escape(&credential);
        let mut query = format!(
            "X-Amz-Algorithm={ALGORITHM}&X-Amz-Credential={credential}&X-Amz-Date={date}&X-Amz-Expires={lifetime}"
        );
        let token = self.signer.credentials.session_token();
        let token = token.map(|token| ("X-Amz-Security-Token", token));
        let version = version.map(|version| ("versionId", version));
        // The signature is of parameters in the order of their names, in which these are.
        let parameters = token
            .into_iter()
            .chain([("X-Amz-SignedHeaders", "host")])
            .chain(RESPONSE_HEADERS)
            .chain(version);
        for (name, value) in parameters {
            query.extend(["&", name, "="]);
            query.extend(escape(value));
        }
        let (path, host) = (self.signer.path(key), self.signer.host());
        let canonical = format!("GET\n{path}\n{query}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD");
        let (scope, digest) = (self.signer.scope(from), sha256(canonical.as_bytes()));
        let digest = HEXLOWER.encode(&digest);
        let to_sign = format!("{ALGORITHM}\n{date}\n{scope}\n{digest}");
        let signature = self.signer.signature(from, to_sign.as_bytes());
        self.signer
            .client_url(&format!("{path}?{query}&X-Amz-Signature={signature}"))
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
    use crate::config::ConfigError;
    use crate::ids::{Epoch, OpenId, UploadId, UserId};
    use crate::random::Random;
    use crate::upload::signer::{Presign, samples};
    use std::collections::BTreeSet;

    fn links(assets_base_url: Option<&str>) -> Links {
        links_with(assets_base_url, None).unwrap()
    }

    fn links_with(assets: Option<&str>, uploads: Option<&str>) -> Result<Links, ConfigError> {
        let get = |name: &str| match name {
            "AWS_REGION" => Some("us-east-1".to_owned()),
            "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("test".to_owned()),
            "BUCKET_NAME" => Some("bucket".to_owned()),
            "ASSETS_BASE_URL" => assets.map(str::to_owned),
            "UPLOADS_BASE_URL" => uploads.map(str::to_owned),
            _ => None,
        };
        let mut vars = Vars::new(&get);
        let network = crate::net::Network::read(&mut vars);
        let aws = Aws::read(&mut vars, network);
        let links = Links::read(&mut vars, &aws);
        vars.finish().map(|()| links)
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

    #[test]
    fn a_link_is_signed_as_the_general_signer_signs_it() {
        let key = samples::key();
        let from = Timestamp::from_millis(1_451_347_200_000).window_start(WINDOW);
        let parts =
            |url: &str| -> BTreeSet<String> { url.split(['?', '&']).map(str::to_owned).collect() };
        for (region, token) in [("us-east-1", None), ("cn-north-1", Some("token/+="))] {
            for version in [None, Some("a.b_c-d"), Some("null /+=*~é")] {
                let links = Links::new(samples::signer(region, token), None);
                let general = links.signer().presign_for_client(&Presign {
                    method: "GET",
                    key: &key,
                    version,
                    headers: &[],
                    query: &RESPONSE_HEADERS,
                    from,
                    expires_in: LIFETIME,
                });
                let link = links.download(&key, version, from.after(WINDOW / 2));
                assert_eq!(parts(&link.url), parts(&general));
            }
        }
    }

    #[test]
    fn uploads_have_a_host_of_their_own_and_avatars_keep_theirs() {
        let uploads = Some("https://files.example.cn");
        let own = link(&links(None), Purpose::File).url;
        let links = links_with(Some("https://cdn.example"), uploads).unwrap();
        assert!(
            link(&links, Purpose::Avatar)
                .url
                .starts_with("https://cdn.example/u/")
        );
        let behind = link(&links, Purpose::File).url;
        let path = own.strip_prefix("https://bucket.s3.us-east-1.amazonaws.com");
        assert_eq!(
            behind,
            format!("https://files.example.cn{}", path.expect(&own))
        );
        let links = links_with(None, uploads).unwrap();
        let avatar = link(&links, Purpose::Avatar).url;
        assert!(
            avatar.starts_with("https://files.example.cn/u/"),
            "{avatar}"
        );
        assert!(avatar.contains("X-Amz-Signature="), "{avatar}");
    }

    #[test]
    fn an_address_of_uploads_that_cannot_be_used_is_reported_by_name() {
        let error = links_with(None, Some("https://files.example.cn/uploads")).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("UPLOADS_BASE_URL must be an https URL"),
            "{text}"
        );
    }
}

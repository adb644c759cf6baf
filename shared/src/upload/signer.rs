//! S3 requests whose signature is in the query string (Signature Version 4): tickets for PUT, deletions, links.
//!
//! Signing takes credentials, not a client: a function that only signs links no S3 SDK at all.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>

use std::error::Error;
use std::fmt;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4::{self, calculate_signature, generate_signing_key};
use http::{Request, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};

use crate::aws::{Aws, Service};
use crate::config::Vars;
use crate::invariant::broken;
use crate::time::Timestamp;
use crate::upload::base_url::UploadsBaseUrl;
use crate::upload::key::ObjectKey;

pub(super) const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const SERVICE: &str = "s3";
/// What RFC 3986 leaves unreserved, and Signature Version 4 therefore unescaped.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Signs requests for one bucket.
#[derive(Clone, Debug)]
pub struct S3Signer {
    pub(super) bucket: String,
    region: String,
    pub(super) credentials: Credentials,
    /// Scheme and host, as in `https://bucket.s3.eu-west-1.amazonaws.com`.
    origin: String,
    /// What comes before the key in the path: empty, or `/bucket` for an endpoint that serves all buckets.
    base_path: String,
    /// Where clients reach the bucket, if not under its own name.
    base_url: Option<UploadsBaseUrl>,
}

/// What a presigned request fixes.
#[derive(Clone, Copy, Debug)]
pub struct Presign<'a> {
    /// The one method that the signature is good for.
    pub method: &'a str,
    /// The one object that the signature is good for.
    pub key: &'a ObjectKey,
    /// The object's version, if one is meant.
    pub version: Option<&'a str>,
    /// Headers that the client must send with exactly these values; names in lower case.
    pub headers: &'a [(&'a str, &'a str)],
    /// Further parameters of the query: header values that S3 is to assume, and headers of its response.
    pub query: &'a [(&'a str, &'a str)],
    /// From when it is good.
    pub from: Timestamp,
    /// For how long it is good.
    pub expires_in: Duration,
}

impl S3Signer {
    /// A signer for `bucket` with the function's credentials.
    pub fn new(aws: &Aws, bucket: String) -> Self {
        let region = aws.region().to_owned();
        let (origin, base_path) = match aws.endpoint(Service::S3) {
            Some(endpoint) => (endpoint.to_owned(), format!("/{bucket}")),
            None => (
                format!("https://{bucket}.s3.{region}.{}", dns_suffix(&region)),
                String::new(),
            ),
        };
        Self {
            bucket,
            region,
            credentials: aws.credentials().clone(),
            origin,
            base_path,
            base_url: None,
        }
    }

    /// Reads `BUCKET_NAME` and `UPLOADS_BASE_URL`.
    pub fn read(vars: &mut Vars<'_>, aws: &Aws) -> Self {
        let signer = Self::new(aws, vars.required("BUCKET_NAME"));
        signer.with_base_url(vars.optional_as("UPLOADS_BASE_URL", str::parse))
    }

    /// Gives clients URLs at `base_url`, whose proxy sends the bucket's own `Host`: that is what is signed.
    #[must_use]
    pub fn with_base_url(self, base_url: Option<UploadsBaseUrl>) -> Self {
        Self { base_url, ..self }
    }

    /// A URL at the bucket itself that carries its signature.
    pub fn presign(&self, request: &Presign<'_>) -> Uri {
        self.try_presign(request)
            .unwrap_or_else(|_| broken("a request to S3 can be signed"))
    }

    /// As [`presign`](Self::presign), where clients reach the bucket.
    pub fn presign_for_client(&self, request: &Presign<'_>) -> String {
        let uri = self.presign(request);
        self.client_url(uri.path_and_query().map_or("/", |path| path.as_str()))
    }

    fn try_presign(&self, request: &Presign<'_>) -> Result<Uri, Box<dyn Error>> {
        let version = request.version.map(|version| ("versionId", version));
        let query: Vec<String> = version
            .iter()
            .chain(request.query)
            .map(|(name, value)| format!("{name}={}", escape(value)))
            .collect();
        let url = format!(
            "{}{}?{}",
            self.origin,
            self.path(request.key),
            query.join("&")
        );
        let identity = self.credentials.clone().into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(SERVICE)
            .time(request.from.into())
            .settings(query_settings(request.expires_in))
            .build()?
            .into();
        let headers = request.headers.iter().copied();
        let body = SignableBody::UnsignedPayload;
        let signable = SignableRequest::new(request.method, &url, headers, body)?;
        let (instructions, _) = sign(signable, &params)?.into_parts();
        let mut signed = Request::builder().uri(url).body(())?;
        instructions.apply_to_request_http1x(&mut signed);
        Ok(signed.into_parts().0.uri)
    }

    /// The address of this path and query as clients reach it. Path-style or not, the path is the bucket's own.
    pub(super) fn client_url(&self, path_and_query: &str) -> String {
        let base = self
            .base_url
            .as_ref()
            .map_or(&*self.origin, UploadsBaseUrl::as_str);
        format!("{base}{path_and_query}")
    }

    /// The path of `key`, or of the bucket with an empty one.
    pub(super) fn path(&self, key: impl fmt::Display) -> String {
        format!("{}/{key}", self.base_path)
    }

    pub(super) fn host(&self) -> &str {
        self.origin
            .split_once("://")
            .map_or(self.origin.as_str(), |(_, host)| host)
    }

    pub(super) fn scope(&self, at: Timestamp) -> String {
        let date = &at.to_amz_date()[..8];
        format!("{date}/{}/{SERVICE}/aws4_request", self.region)
    }

    pub(super) fn credential(&self, at: Timestamp) -> String {
        format!("{}/{}", self.credentials.access_key_id(), self.scope(at))
    }

    pub(super) fn signature(&self, at: Timestamp, to_sign: &[u8]) -> String {
        let secret = self.credentials.secret_access_key();
        let key = generate_signing_key(secret, at.into(), &self.region, SERVICE);
        calculate_signature(key, to_sign)
    }
}

/// S3 takes the path as it is, and the signature in the query.
fn query_settings(expires_in: Duration) -> SigningSettings {
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(expires_in);
    settings
}

/// As Signature Version 4 wants values in a query.
pub(super) fn escape(value: &str) -> PercentEncode<'_> {
    utf8_percent_encode(value, RESERVED)
}

/// The DNS suffix of the region's partition.
fn dns_suffix(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "amazonaws.com.cn"
    } else {
        "amazonaws.com"
    }
}

/// What the tests of this folder sign with, and for.
#[cfg(test)]
pub(super) mod samples {
    use super::*;
    use crate::config::Vars;

    /// A signer with the example credentials of AWS's documentation.
    pub(crate) fn signer(region: &str, token: Option<&str>) -> S3Signer {
        let get = |name: &str| match name {
            "AWS_REGION" => Some(region.to_owned()),
            "AWS_ACCESS_KEY_ID" => Some("AKIAIOSFODNN7EXAMPLE".to_owned()),
            "AWS_SECRET_ACCESS_KEY" => Some("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned()),
            "AWS_SESSION_TOKEN" => token.map(str::to_owned),
            _ => None,
        };
        let mut vars = Vars::new(&get);
        let network = crate::net::Network::read(&mut vars);
        let aws = Aws::read(&mut vars, network);
        vars.finish().unwrap();
        S3Signer::new(&aws, "sigv4examplebucket".to_owned())
    }

    pub(crate) fn key() -> ObjectKey {
        "u/uaaaaaaaaaaaaaaaaaaaaaaaaaa/06c0000000002000000000000c.jpg"
            .parse()
            .unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::samples::{key, signer};
    use super::*;

    #[test]
    fn urls_are_signed_as_botocore_signs_them() {
        // botocore 1.43.106, generate_presigned_url with the same credentials, time and parameters.
        const CASES: [(&str, Option<&str>, &str, &str); 2] = [
            (
                "us-east-1",
                None,
                "80ef7cb14ea949498c85d470a2fc82ec4947737205b815fe4ad71c03296877ae",
                "d96824ded2ad3cb7537684d45bb26bbbf29a78a132b314effc4e50558ab8f944",
            ),
            (
                "cn-north-1",
                Some("token/+="),
                "e6dc204dfb15063b4f485bf8dd4202b182383b11696a698158ed522af8bd52b8",
                "06d543248c86576919e609d7f48d43623637614efc72ebfa5c3dbde8dc9e06db",
            ),
        ];
        let from = Timestamp::from_millis(1_451_347_200_000);
        let key = key();
        for (region, token, get, put) in CASES {
            let request = |method, version, headers, secs| {
                let expires_in = Duration::from_secs(secs);
                let request = Presign {
                    query: &[],
                    method,
                    key: &key,
                    version,
                    headers,
                    from,
                    expires_in,
                };
                signer(region, token).presign(&request).to_string()
            };
            let url = request("GET", Some("a.b_c-d"), &[], 3600);
            assert!(url.contains(&format!("&X-Amz-Signature={get}")), "{url}");
            assert_eq!(
                url.contains("&X-Amz-Security-Token=token%2F%2B%3D"),
                token.is_some()
            );
            let headers = [("content-type", "image/jpeg"), ("content-length", "1234")];
            let url = request("PUT", None, &headers, 300);
            assert!(url.contains(&format!("&X-Amz-Signature={put}")), "{url}");
        }
    }

    #[test]
    fn a_condition_is_signed_as_a_parameter_of_the_query() {
        let url = put(&signer("us-east-1", None)).to_string();
        assert!(url.contains("?If-None-Match=%2A&"), "{url}");
        assert!(url.contains("&X-Amz-SignedHeaders=host&"), "{url}");
    }

    #[test]
    fn a_base_url_takes_the_place_of_the_buckets_host_and_of_nothing_else() {
        let signer = signer("us-east-1", Some("token/+="));
        let own = put(&signer).to_string();
        let path = own.strip_prefix("https://sigv4examplebucket.s3.us-east-1.amazonaws.com");
        let signer = signer.with_base_url(Some("https://files.example.cn:8443".parse().unwrap()));
        assert_eq!(
            signer.presign_for_client(&put_request(&key())),
            format!("https://files.example.cn:8443{}", path.expect(&own))
        );
        // What the function itself sends goes to the bucket.
        assert_eq!(put(&signer).to_string(), own);
    }

    fn put_request(key: &ObjectKey) -> Presign<'_> {
        Presign {
            method: "PUT",
            key,
            version: None,
            headers: &[],
            query: &[("If-None-Match", "*")],
            from: Timestamp::from_millis(1_451_347_200_000),
            expires_in: Duration::from_secs(300),
        }
    }

    fn put(signer: &S3Signer) -> Uri {
        signer.presign(&put_request(&key()))
    }
}

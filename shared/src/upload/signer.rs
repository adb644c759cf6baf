//! S3 requests signed by hand: POST policies, and query strings for GET, PUT and DELETE (Signature Version 4).
//!
//! POST policies are not in the SDK (aws-sdk-rust#863), and signing takes credentials, not a client: a function that
//! only signs links no S3 SDK at all.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html>
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>

use std::collections::BTreeMap;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use data_encoding::{BASE64, HEXLOWER};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use crate::aws::{Aws, Service};
use crate::digest::sha256;
use crate::time::Timestamp;
use crate::upload::key::ObjectKey;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// What RFC 3986 leaves unreserved, and Signature Version 4 therefore unescaped.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Signs requests for one bucket.
#[derive(Clone, Debug)]
pub struct S3Signer {
    bucket: String,
    region: String,
    credentials: Credentials,
    /// Scheme and host, as in `https://bucket.s3.eu-west-1.amazonaws.com`.
    origin: String,
    /// What comes before the key in the path: empty, or `/bucket` for an endpoint that serves all buckets.
    base_path: String,
}

/// What a presigned request fixes.
#[derive(Clone, Copy, Debug)]
pub struct Presign<'a> {
    /// The HTTP method.
    pub method: &'a str,
    /// The object.
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

/// What a POST policy fixes beside the bucket.
#[derive(Clone, Copy, Debug)]
pub struct PostPolicy<'a> {
    /// The object.
    pub key: &'a ObjectKey,
    /// Exactly how many bytes.
    pub size: u64,
    /// From when it is good.
    pub from: Timestamp,
    /// Until when it is good.
    pub until: Timestamp,
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
        }
    }

    /// The address that forms are posted to.
    pub fn post_url(&self) -> String {
        format!("{}{}/", self.origin, self.base_path)
    }

    /// The form fields of an upload by POST; the file comes after them.
    pub fn post_fields(&self, policy: &PostPolicy<'_>) -> BTreeMap<&'static str, String> {
        let mut fields = BTreeMap::from([
            ("key", policy.key.to_string()),
            ("Content-Type", policy.key.content_type.as_str().to_owned()),
            // 201 has a body, which wx.uploadFile hands to the page; a 204 is reported as a failure by some devices.
            ("success_action_status", "201".to_owned()),
            ("x-amz-algorithm", ALGORITHM.to_owned()),
            ("x-amz-credential", self.credential(policy.from)),
            ("x-amz-date", policy.from.to_amz_date()),
        ]);
        if let Some(token) = self.credentials.session_token() {
            fields.insert("x-amz-security-token", token.to_owned());
        }
        let mut conditions = vec![
            json!({"bucket": self.bucket}),
            json!(["content-length-range", policy.size, policy.size]),
        ];
        conditions.extend(fields.iter().map(|(name, value)| json!({*name: value})));
        let document = json!({"expiration": policy.until.to_whole_second().to_rfc3339(), "conditions": conditions});
        let encoded = BASE64.encode(document.to_string().as_bytes());
        let signature = self.signature(policy.from, encoded.as_bytes());
        fields.extend([("policy", encoded), ("x-amz-signature", signature)]);
        fields
    }

    /// A URL that carries its signature.
    pub fn presign(&self, request: &Presign<'_>) -> String {
        let path = format!("{}/{}", self.base_path, request.key);
        let mut headers: BTreeMap<&str, &str> = request.headers.iter().copied().collect();
        headers.insert("host", self.host());
        let signed_headers = headers.keys().copied().collect::<Vec<_>>().join(";");
        let mut query = BTreeMap::from([
            ("X-Amz-Algorithm", ALGORITHM.to_owned()),
            ("X-Amz-Credential", self.credential(request.from)),
            ("X-Amz-Date", request.from.to_amz_date()),
            ("X-Amz-Expires", request.expires_in.as_secs().to_string()),
            ("X-Amz-SignedHeaders", signed_headers.clone()),
        ]);
        if let Some(token) = self.credentials.session_token() {
            query.insert("X-Amz-Security-Token", token.to_owned());
        }
        if let Some(version) = request.version {
            query.insert("versionId", version.to_owned());
        }
        let more = request.query.iter();
        query.extend(more.map(|(name, value)| (*name, (*value).to_owned())));
        let query = canonical_query(&query);
        let headers: String = headers
            .iter()
            .map(|(name, value)| format!("{name}:{value}\n"))
            .collect();
        let canonical = format!(
            "{}\n{path}\n{query}\n{headers}\n{signed_headers}\nUNSIGNED-PAYLOAD",
            request.method
        );
        let digest = HEXLOWER.encode(&sha256(canonical.as_bytes()));
        let date = request.from.to_amz_date();
        let to_sign = format!(
            "{ALGORITHM}\n{date}\n{}\n{digest}",
            self.scope(request.from)
        );
        let signature = self.signature(request.from, to_sign.as_bytes());
        format!("{}{path}?{query}&X-Amz-Signature={signature}", self.origin)
    }

    fn host(&self) -> &str {
        self.origin
            .split_once("://")
            .map_or(self.origin.as_str(), |(_, host)| host)
    }

    fn scope(&self, at: Timestamp) -> String {
        format!("{}/{}/s3/aws4_request", &at.to_amz_date()[..8], self.region)
    }

    fn credential(&self, at: Timestamp) -> String {
        format!("{}/{}", self.credentials.access_key_id(), self.scope(at))
    }

    fn signature(&self, at: Timestamp, to_sign: &[u8]) -> String {
        let key = generate_signing_key(
            self.credentials.secret_access_key(),
            at.into(),
            &self.region,
            "s3",
        );
        calculate_signature(key, to_sign)
    }
}

/// `BTreeMap`'s order is the byte order of the names, which is the canonical one.
fn canonical_query(query: &BTreeMap<&str, String>) -> String {
    let pair = |(name, value): (&&str, &String)| {
        format!("{name}={}", utf8_percent_encode(value, RESERVED))
    };
    query.iter().map(pair).collect::<Vec<_>>().join("&")
}

/// The DNS suffix of the region's partition.
fn dns_suffix(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "amazonaws.com.cn"
    } else {
        "amazonaws.com"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::BASE64;

    /// The example credentials of AWS's documentation.
    fn signer_in(region: &str, token: Option<&str>) -> S3Signer {
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        S3Signer {
            bucket: "sigv4examplebucket".into(),
            region: region.into(),
            credentials: Credentials::new(
                "AKIAIOSFODNN7EXAMPLE",
                secret,
                token.map(str::to_owned),
                None,
                "test",
            ),
            origin: format!(
                "https://sigv4examplebucket.s3.{region}.{}",
                dns_suffix(region)
            ),
            base_path: String::new(),
        }
    }

    fn signer() -> S3Signer {
        signer_in("us-east-1", None)
    }

    fn key() -> ObjectKey {
        "u/uaaaaaaaaaaaaaaaaaaaaaaaaaa/06c0000000002000000000000c.jpg"
            .parse()
            .unwrap()
    }

    #[test]
    fn the_policy_of_awss_documentation_signs_to_the_documented_value() {
        // https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-post-example.html
        let policy = concat!(
            "{ \"expiration\": \"2015-12-30T12:00:00.000Z\",\r\n  \"conditions\": [\r\n",
            "    {\"bucket\": \"sigv4examplebucket\"},\r\n    [\"starts-with\", \"$key\", \"user/user1/\"],\r\n",
            "    {\"acl\": \"public-read\"},\r\n",
            "    {\"success_action_redirect\": \"http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html\"},\r\n",
            "    [\"starts-with\", \"$Content-Type\", \"image/\"],\r\n    {\"x-amz-meta-uuid\": \"14365123651274\"},\r\n",
            "    {\"x-amz-server-side-encryption\": \"AES256\"},\r\n    [\"starts-with\", \"$x-amz-meta-tag\", \"\"],\r\n\r\n",
            "    {\"x-amz-credential\": \"AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request\"},\r\n",
            "    {\"x-amz-algorithm\": \"AWS4-HMAC-SHA256\"},\r\n    {\"x-amz-date\": \"20151229T000000Z\" }\r\n  ]\r\n}",
        );
        let at = Timestamp::from_millis(1_451_347_200_000);
        assert_eq!(at.to_amz_date(), "20151229T000000Z");
        assert_eq!(
            signer().signature(at, BASE64.encode(policy.as_bytes()).as_bytes()),
            "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e"
        );
    }

    #[test]
    fn a_policy_bounds_everything() {
        let from = Timestamp::from_millis(1_451_347_200_000);
        let signer = signer_in("us-east-1", Some("token/+="));
        let policy = PostPolicy {
            key: &key(),
            size: 1234,
            from,
            until: from.after(Duration::from_secs(300)),
        };
        let fields = signer.post_fields(&policy);
        let document = BASE64.decode(fields["policy"].as_bytes()).unwrap();
        let document: serde_json::Value = serde_json::from_slice(&document).unwrap();
        assert_eq!(document["expiration"], "2015-12-29T00:05:00Z");
        let conditions = document["conditions"].as_array().unwrap();
        assert!(conditions.contains(&json!({"bucket": "sigv4examplebucket"})));
        assert!(conditions.contains(&json!(["content-length-range", 1234, 1234])));
        for (name, value) in &fields {
            if !matches!(*name, "policy" | "x-amz-signature") {
                assert!(conditions.contains(&json!({*name: value})), "{name}");
            }
        }
        assert_eq!(fields["x-amz-security-token"], "token/+=");
        assert_eq!(fields["key"], key().to_string());
    }

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
                signer_in(region, token).presign(&request)
            };
            let url = request("GET", Some("a.b_c-d"), &[], 3600);
            assert!(url.ends_with(&format!("&X-Amz-Signature={get}")), "{url}");
            assert_eq!(
                url.contains("&X-Amz-Security-Token=token%2F%2B%3D&"),
                token.is_some()
            );
            let headers = [("content-type", "image/jpeg"), ("content-length", "1234")];
            let url = request("PUT", None, &headers, 300);
            assert!(url.ends_with(&format!("&X-Amz-Signature={put}")), "{url}");
        }
    }

    #[test]
    fn a_post_is_signed_as_botocore_signs_it() {
        // botocore 1.43.106, generate_presigned_post with the same credentials, time and key: its policy, and the
        // signature it gave for it.
        const CASES: [(&str, Option<&str>, &str, &str, &str); 2] = [
            (
                "us-east-1",
                None,
                "https://sigv4examplebucket.s3.us-east-1.amazonaws.com/",
                "eyJleHBpcmF0aW9uIjogIjIwMjYtMTEtMjJUMjE6MzM6MTFaIiwgImNvbmRpdGlvbnMiOiBbeyJDb250ZW50LVR5cGUiOiAiaW1hZ2UvanBlZyJ9LCB7ImJ1Y2tldCI6ICJzaWd2NGV4YW1wbGVidWNrZXQifSwgeyJrZXkiOiAidS91YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWEvMDZjMDAwMDAwMDAwMjAwMDAwMDAwMDAwMGMuanBnIn0sIHsieC1hbXotYWxnb3JpdGhtIjogIkFXUzQtSE1BQy1TSEEyNTYifSwgeyJ4LWFtei1jcmVkZW50aWFsIjogIkFLSUFJT1NGT0ROTjdFWEFNUExFLzIwMTUxMjI5L3VzLWVhc3QtMS9zMy9hd3M0X3JlcXVlc3QifSwgeyJ4LWFtei1kYXRlIjogIjIwMTUxMjI5VDAwMDAwMFoifV19",
                "f3f825a12e9ec89822bd823aaa92adfc7f9c3b00656cb51d5d3559bebf974964",
            ),
            (
                "cn-north-1",
                Some("token/+="),
                "https://sigv4examplebucket.s3.cn-north-1.amazonaws.com.cn/",
                "eyJleHBpcmF0aW9uIjogIjIwMjYtMTEtMjJUMjE6MzM6MTFaIiwgImNvbmRpdGlvbnMiOiBbeyJDb250ZW50LVR5cGUiOiAiaW1hZ2UvanBlZyJ9LCB7ImJ1Y2tldCI6ICJzaWd2NGV4YW1wbGVidWNrZXQifSwgeyJrZXkiOiAidS91YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWEvMDZjMDAwMDAwMDAwMjAwMDAwMDAwMDAwMGMuanBnIn0sIHsieC1hbXotYWxnb3JpdGhtIjogIkFXUzQtSE1BQy1TSEEyNTYifSwgeyJ4LWFtei1jcmVkZW50aWFsIjogIkFLSUFJT1NGT0ROTjdFWEFNUExFLzIwMTUxMjI5L2NuLW5vcnRoLTEvczMvYXdzNF9yZXF1ZXN0In0sIHsieC1hbXotZGF0ZSI6ICIyMDE1MTIyOVQwMDAwMDBaIn0sIHsieC1hbXotc2VjdXJpdHktdG9rZW4iOiAidG9rZW4vKz0ifV19",
                "89bcc9e69b46f51b0836314543675fdc8b5bf003adac533b948a6c5e0444321b",
            ),
        ];
        let from = Timestamp::from_millis(1_451_347_200_000);
        let until = from.after(Duration::from_secs(300));
        for (region, token, url, policy, signature) in CASES {
            let signer = signer_in(region, token);
            assert_eq!(signer.post_url(), url);
            assert_eq!(signer.signature(from, policy.as_bytes()), signature);
            // Its fields are ours too, and its conditions stand in our policy, which has further ones.
            let key = key();
            let fields = signer.post_fields(&PostPolicy {
                key: &key,
                size: 1,
                from,
                until,
            });
            let document = |encoded: &str| -> serde_json::Value {
                serde_json::from_slice(&BASE64.decode(encoded.as_bytes()).unwrap()).unwrap()
            };
            let ours = document(&fields["policy"]);
            for condition in document(policy)["conditions"].as_array().unwrap() {
                assert!(
                    ours["conditions"].as_array().unwrap().contains(condition),
                    "{condition}"
                );
            }
            assert_eq!(
                fields["x-amz-signature"],
                signer.signature(from, fields["policy"].as_bytes())
            );
        }
    }
}

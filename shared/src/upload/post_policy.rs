//! POST policies: what a form must hold so that S3 takes an upload by `multipart/form-data`.
//!
//! They are not in the SDK (aws-sdk-rust#863).
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html>

use std::collections::BTreeMap;

use data_encoding::BASE64;
use serde_json::json;

use crate::time::Timestamp;
use crate::upload::key::ObjectKey;
use crate::upload::signer::{ALGORITHM, S3Signer};

/// What a POST policy fixes beside the bucket.
#[derive(Clone, Copy, Debug)]
pub struct PostPolicy<'a> {
    /// The one key that the form can store.
    pub key: &'a ObjectKey,
    /// Exactly how many bytes.
    pub size: u64,
    /// From when it is good.
    pub from: Timestamp,
    /// Until when it is good.
    pub until: Timestamp,
}

impl S3Signer {
    /// The address that forms are posted to.
    pub fn post_url(&self) -> String {
        self.client_url(&self.path(""))
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upload::signer::samples::{key, signer};
    use std::time::Duration;

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
            signer("us-east-1", None).signature(at, BASE64.encode(policy.as_bytes()).as_bytes()),
            "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e"
        );
    }

    #[test]
    fn a_policy_bounds_everything() {
        let from = Timestamp::from_millis(1_451_347_200_000);
        let signer = signer("us-east-1", Some("token/+="));
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
            let signer = signer(region, token);
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

    #[test]
    fn a_base_url_is_where_forms_are_posted_to_and_changes_none_of_their_fields() {
        let from = Timestamp::from_millis(1_451_347_200_000);
        let key = key();
        let policy = PostPolicy {
            key: &key,
            size: 1,
            from,
            until: from.after(Duration::from_secs(300)),
        };
        let own = signer("us-east-1", None);
        let behind = own
            .clone()
            .with_base_url(Some("https://files.example.cn".parse().unwrap()));
        assert_eq!(behind.post_url(), "https://files.example.cn/");
        assert_eq!(behind.post_fields(&policy), own.post_fields(&policy));
    }
}

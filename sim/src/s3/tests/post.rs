use data_encoding::BASE64;

use super::*;

#[test]
fn a_ticket_stores_an_object_each_time() {
    let mut s3 = bucket();
    let response = s3.call(&upload("hello"), NOW);
    assert_eq!(response.status(), 201, "{response:?}");
    assert_eq!(
        header(&response, "etag"),
        Some(r#""5d41402abc4b2a76b9719d911017c592""#)
    );
    let body = std::str::from_utf8(response.body()).unwrap();
    let document = roxmltree::Document::parse(body).unwrap();
    let text = |name: &str| {
        let mut nodes = document.descendants();
        nodes
            .find(|node| node.has_tag_name(name))
            .and_then(|node| node.text())
    };
    let key = key().to_string();
    assert_eq!(text("Key"), Some(&*key));
    assert_eq!(text("Bucket"), Some(BUCKET));
    assert_eq!(text("ETag"), Some(r#""5d41402abc4b2a76b9719d911017c592""#));
    // A policy has no condition that only a first upload fulfils.
    assert_eq!(s3.call(&upload("other"), NOW).status(), 201);
    let [first, second] = s3.versions(&key) else {
        panic!("two versions")
    };
    assert_eq!(header(&response, "x-amz-version-id"), Some(&*first.id));
    assert_eq!(
        (&*first.bytes, &*second.bytes),
        (&b"hello"[..], &b"other"[..])
    );
    assert_eq!(first.content_type, "image/jpeg");
}

/// A form for five bytes with these fields replaced, added or, with `null`, left out.
fn form(changes: Value, file: &'static str) -> Request<Bytes> {
    let mut ticket = ticket_for("POST", 5);
    for (name, value) in changes.as_object().unwrap() {
        let fields = ticket["fields"].as_object_mut().unwrap();
        match value {
            Value::Null => drop(fields.remove(name)),
            value => drop(fields.insert(name.clone(), value.clone())),
        }
    }
    ticket::request(&ticket, &Bytes::from(file)).unwrap()
}

#[test]
fn a_form_is_good_for_what_its_policy_says_only() {
    let policy = BASE64.encode(br#"{"expiration": "2030-01-01T00:00:00Z", "conditions": []}"#);
    let cases = [
        (json!({}), "hell", 400, "EntityTooSmall"),
        (json!({}), "hello!", 400, "EntityTooLarge"),
        (json!({"key": "u/other.jpg"}), "hello", 403, "AccessDenied"),
        (json!({"key": null}), "hello", 400, "InvalidArgument"),
        (
            json!({"Content-Type": "text/html"}),
            "hello",
            403,
            "AccessDenied",
        ),
        (json!({"Content-Type": null}), "hello", 403, "AccessDenied"),
        (
            json!({"success_action_status": "200"}),
            "hello",
            403,
            "AccessDenied",
        ),
        (
            json!({"Cache-Control": "no-cache"}),
            "hello",
            403,
            "AccessDenied",
        ),
        (json!({"x-amz-meta-a": "b"}), "hello", 403, "AccessDenied"),
        (
            json!({"policy": policy}),
            "hello",
            403,
            "SignatureDoesNotMatch",
        ),
        (json!({"policy": null}), "hello", 403, "AccessDenied"),
        (
            json!({"x-amz-signature": "00"}),
            "hello",
            403,
            "SignatureDoesNotMatch",
        ),
        (
            json!({"x-amz-signature": null}),
            "hello",
            400,
            "InvalidArgument",
        ),
        (
            json!({"x-amz-security-token": null}),
            "hello",
            400,
            "InvalidToken",
        ),
        (
            json!({"x-amz-date": "20260102T133429Z"}),
            "hello",
            403,
            "AccessDenied",
        ),
    ];
    for (changes, file, status, code) in cases {
        let mut s3 = bucket();
        let response = s3.call(&form(changes.clone(), file), NOW);
        assert_eq!(refusal_of(&response), refused(status, code), "{changes}");
        assert_eq!(s3.objects().count(), 0, "{changes}");
    }
}

#[test]
fn names_of_fields_have_no_case_and_some_need_no_condition() {
    let changes = json!({"Content-Type": null, "content-type": "image/jpeg", "x-ignore-me": "1"});
    let response = bucket().call(&form(changes, "hello"), NOW);
    assert_eq!(response.status(), 201, "{response:?}");
}

#[test]
fn what_follows_the_file_is_ignored() {
    let mut request = upload("hello");
    let body = String::from_utf8(request.body().to_vec()).unwrap();
    let (form, end) = body.rsplit_once("\r\n--").unwrap();
    let boundary = end.trim_end().trim_end_matches("--");
    let after = "Content-Disposition: form-data; name=\"x-amz-meta-a\"\r\n\r\nb";
    let body = format!("{form}\r\n--{boundary}\r\n{after}\r\n--{end}");
    *request.body_mut() = body.into();
    let mut s3 = bucket();
    assert_eq!(s3.call(&request, NOW).status(), 201);
    assert_eq!(s3.versions(&key().to_string())[0].bytes, "hello");
}

#[test]
fn a_form_is_good_until_its_policy_expires() {
    assert_eq!(
        bucket().call(&upload("hello"), NOW + 5 * MINUTE).status(),
        201
    );
    let late = bucket().call(&upload("hello"), NOW + 5 * MINUTE + 1);
    assert_eq!(refusal_of(&late), refused(403, "AccessDenied"));
    assert!(String::from_utf8_lossy(late.body()).contains("Policy expired."));
}

#[test]
fn a_body_that_is_no_form_is_refused() {
    for body in ["", "--", "------WxUploadFileBoundary\r\n", "hello"] {
        let mut request = upload("hello");
        *request.body_mut() = Bytes::from(body);
        let response = bucket().call(&request, NOW);
        assert_eq!(refusal_of(&response).0, 400, "{body}");
    }
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-post-example.html>
#[test]
fn the_form_of_awss_documentation_is_accepted() {
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
    let fields = json!({
        "key": "user/user1/${filename}", "acl": "public-read", "Content-Type": "image/jpeg",
        "success_action_redirect": "http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html",
        "x-amz-meta-uuid": "14365123651274", "x-amz-server-side-encryption": "AES256", "x-amz-meta-tag": "",
        "X-Amz-Credential": "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request",
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Date": "20151229T000000Z",
        "Policy": BASE64.encode(policy.as_bytes()),
        "X-Amz-Signature": "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e",
    });
    let mut ticket = json!({"method": "POST", "url": "http://aws/sigv4examplebucket/", "fields": fields, "file_field": "file"});
    let credential = Credential {
        id: ID.to_owned(),
        secret: SECRET.to_owned(),
        token: None,
    };
    let mut s3 = S3::new("sigv4examplebucket", "us-east-1").with_credential(credential);
    let file = Bytes::from("hello");
    let at = 1_451_347_200_000;
    let response = s3.call(&ticket::request(&ticket, &file).unwrap(), at);
    assert_eq!(response.status(), 204, "{response:?}");
    assert_eq!(s3.versions("user/user1/tmp_file").len(), 1);
    ticket["fields"]["Content-Type"] = "text/html".into();
    let response = s3.call(&ticket::request(&ticket, &file).unwrap(), at);
    assert_eq!(refusal_of(&response), refused(403, "AccessDenied"));
}

use shared::upload::link::Links;

use super::*;

const KEY: &str = "u/a b+ü/1.jpg";

#[tokio::test]
async fn the_sdk_reads_the_first_bytes_of_a_version() {
    let mut s3 = bucket();
    s3.call(&upload("hello"), NOW);
    let old = s3.versions(&key().to_string())[0].id.clone();
    s3.call(&upload("other"), NOW);
    let (client, _) = client(s3);
    let get = client.get_object().bucket(BUCKET).key(key().to_string());
    let output = get
        .clone()
        .version_id(&old)
        .range("bytes=0-1")
        .send()
        .await
        .unwrap();
    assert_eq!(output.content_range(), Some("bytes 0-1/5"));
    assert_eq!(output.content_length(), Some(2));
    assert_eq!(
        output.e_tag(),
        Some(r#""5d41402abc4b2a76b9719d911017c592""#)
    );
    assert_eq!(output.version_id(), Some(&*old));
    assert_eq!(output.content_type(), Some("image/jpeg"));
    assert_eq!(output.last_modified().unwrap().to_millis().unwrap(), NOW);
    assert!(output.metadata().is_none_or(|metadata| metadata.is_empty()));
    let bytes = output.body.collect().await.unwrap().into_bytes();
    assert_eq!(bytes, "he");
    let newest = get.range("bytes=0-511").send().await.unwrap();
    assert_eq!(newest.content_range(), Some("bytes 0-4/5"));
    assert_eq!(newest.body.collect().await.unwrap().into_bytes(), "other");
    let head = client.head_object().bucket(BUCKET).key(key().to_string());
    assert_eq!(head.send().await.unwrap().content_length(), Some(5));
}

#[tokio::test]
async fn the_sdk_understands_why_nothing_can_be_read() {
    let mut s3 = bucket();
    let empty = stored(&mut s3, KEY, "");
    let marker = hidden(&mut s3, KEY);
    let gone = format!("{:032}", 99);
    let (client, _) = client(s3);
    for (key, version, status, code) in [
        ("u/none", None, 404, "NoSuchKey"),
        (KEY, None, 404, "NoSuchKey"),
        (KEY, Some(&*empty), 416, "InvalidRange"),
        (KEY, Some(&*marker), 405, "MethodNotAllowed"),
        (KEY, Some(&*gone), 404, "NoSuchVersion"),
        (KEY, Some("null"), 404, "NoSuchVersion"),
        (KEY, Some("no-version"), 400, "InvalidArgument"),
    ] {
        let request = client
            .get_object()
            .bucket(BUCKET)
            .key(key)
            .range("bytes=0-511");
        let outcome = request
            .set_version_id(version.map(str::to_owned))
            .send()
            .await;
        let refusal = (status, Some(code.to_owned()));
        assert_eq!(sdk_refusal(outcome), refusal, "{key} {version:?}");
    }
}

#[test]
fn a_marker_tells_what_it_is() {
    let mut s3 = bucket();
    stored(&mut s3, "u/a", "hello");
    let marker = hidden(&mut s3, "u/a");
    for (query, status) in [(String::new(), 404), (format!("?versionId={marker}"), 405)] {
        let request = Request::get(format!("http://aws/uploads/u/a{query}"))
            .header("authorization", "AWS4-HMAC-SHA256 …")
            .body(Bytes::new());
        let response = s3.call(&request.unwrap(), NOW);
        assert_eq!(response.status(), status);
        assert_eq!(header(&response, "x-amz-delete-marker"), Some("true"));
        assert_eq!(header(&response, "x-amz-version-id"), Some(&*marker));
    }
}

#[test]
fn ranges_are_those_of_the_bytes_that_are_there() {
    let mut s3 = bucket();
    stored(&mut s3, "u/a", "hello");
    for (range, status, bytes) in [
        ("bytes=1-2", 206, "el"),
        ("bytes=3-", 206, "lo"),
        ("bytes=-2", 206, "lo"),
        ("bytes=-9", 206, "hello"),
        ("bytes=4-99", 206, "o"),
        ("bytes=2-1", 200, "hello"),
        ("lines=1-2", 200, "hello"),
    ] {
        let request = Request::get("http://aws/uploads/u/a")
            .header("authorization", "AWS4-HMAC-SHA256 …")
            .header("range", range)
            .body(Bytes::new());
        let response = s3.call(&request.unwrap(), NOW);
        assert_eq!(response.status(), status, "{range}");
        assert_eq!(response.body(), bytes, "{range}");
    }
}

/// An object with headers of its own, and a link to it.
fn linked() -> (S3, String) {
    let mut s3 = bucket();
    s3.call(&upload("hello"), NOW);
    let version = s3.versions(&key().to_string())[0].id.clone();
    let links = Links::new(signer(), None);
    let link = links.download(&key(), Some(&version), Timestamp::from_millis(NOW));
    (s3, link.url)
}

fn get(url: &str) -> Request<Bytes> {
    Request::get(url).body(Bytes::new()).unwrap()
}

#[test]
fn a_link_is_answered_with_the_headers_that_it_asks_for() {
    let (mut s3, url) = linked();
    let response = s3.call(&get(&url), NOW);
    assert_eq!(response.status(), 200, "{response:?}");
    assert_eq!(response.body(), "hello");
    assert_eq!(
        header(&response, "cache-control"),
        Some("private, max-age=3600")
    );
    assert_eq!(header(&response, "content-disposition"), Some("inline"));
    assert_eq!(header(&response, "content-type"), Some("image/jpeg"));
}

#[test]
fn a_link_is_good_for_one_version_one_method_and_its_time() {
    let (mut s3, url) = linked();
    let version = s3.versions(&key().to_string())[0].id.clone();
    s3.call(&upload("other"), NOW);
    let other = s3.versions(&key().to_string())[1].id.clone();
    for (from, to) in [
        (&*version, &*other),
        ("disposition=inline", "disposition=attachment"),
        ("&response-content-disposition=inline", ""),
    ] {
        let response = s3.call(&get(&url.replace(from, to)), NOW);
        assert_eq!(
            refusal_of(&response),
            refused(403, "SignatureDoesNotMatch"),
            "{to}"
        );
    }
    let mut delete = get(&url);
    *delete.method_mut() = http::Method::DELETE;
    let response = s3.call(&delete, NOW);
    assert_eq!(refusal_of(&response), refused(403, "SignatureDoesNotMatch"));
    let (bare, _) = url.split_once('?').unwrap();
    let response = s3.call(&get(bare), NOW);
    assert_eq!(refusal_of(&response), refused(403, "AccessDenied"));
    let response = s3.call(&get(&url), NOW + 60 * MINUTE);
    assert_eq!(refusal_of(&response), refused(403, "AccessDenied"));
}

#[test]
fn a_link_to_what_is_gone_says_so() {
    let (mut s3, url) = linked();
    let version = s3.versions(&key().to_string())[0].id.clone();
    let delete = signer().presign(&Presign {
        method: "DELETE",
        key: &key(),
        version: Some(&version),
        headers: &[],
        query: &[],
        from: Timestamp::from_millis(NOW),
        expires_in: Duration::from_secs(60),
    });
    let delete = Request::delete(delete).body(Bytes::new()).unwrap();
    assert_eq!(s3.call(&delete, NOW).status(), 204);
    assert_eq!(s3.objects().count(), 0);
    let response = s3.call(&get(&url), NOW);
    assert_eq!(refusal_of(&response), refused(404, "NoSuchVersion"));
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>: the path is that of the example, in
/// which this model sees a bucket.
#[test]
fn the_signature_of_awss_documentation_is_the_one_that_is_derived() {
    const SIGNATURE: &str = "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
    let url = format!(
        "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature={SIGNATURE}"
    );
    let credential = Credential {
        id: ID.to_owned(),
        secret: SECRET.to_owned(),
        token: None,
    };
    let mut s3 = S3::new("test.txt", "us-east-1").with_credential(credential);
    let at = 1_369_353_600_000;
    let response = s3.call(&get(&url), at);
    assert_eq!(refusal_of(&response), refused(405, "MethodNotAllowed"));
    let wrong = url.replace(SIGNATURE, &SIGNATURE.replace('a', "b"));
    let response = s3.call(&get(&wrong), at);
    assert_eq!(refusal_of(&response), refused(403, "SignatureDoesNotMatch"));
}

use super::*;

fn put(bytes: &'static str) -> Request<Bytes> {
    ticket::request(&ticket_for("PUT", bytes.len()), &Bytes::from(bytes)).unwrap()
}

#[test]
fn a_ticket_stores_an_object_once() {
    let mut s3 = bucket();
    let response = s3.call(&put("hello"), NOW);
    assert_eq!(response.status(), 200, "{response:?}");
    let [stored] = s3.versions(&key().to_string()) else {
        panic!("one version")
    };
    assert_eq!(stored.bytes, "hello");
    assert_eq!(stored.content_type, "image/jpeg");
    assert_eq!(stored.etag, "5d41402abc4b2a76b9719d911017c592");
    assert_eq!(
        header(&response, "etag"),
        Some(r#""5d41402abc4b2a76b9719d911017c592""#)
    );
    assert_eq!(header(&response, "x-amz-version-id"), Some(&*stored.id));
    let again = s3.call(&put("hello"), NOW);
    assert_eq!(refusal_of(&again), refused(412, "PreconditionFailed"));
    assert_eq!(s3.versions(&key().to_string()).len(), 1);
}

#[test]
fn a_hidden_object_does_not_stand_in_the_way() {
    let mut s3 = bucket();
    s3.call(&put("hello"), NOW);
    hidden(&mut s3, &key().to_string());
    assert_eq!(s3.call(&put("again"), NOW).status(), 200);
    assert_eq!(s3.versions(&key().to_string()).len(), 3);
}

#[test]
fn an_http_client_may_leave_the_length_to_its_transport() {
    let mut request = put("hello");
    request.headers_mut().remove("content-length");
    assert_eq!(bucket().call(&request, NOW).status(), 200);
}

#[test]
fn a_ticket_is_good_for_its_own_request_only() {
    type Change = fn(&mut Request<Bytes>);
    let cases: [(&str, Change, u16, &str); 10] = [
        (
            "another length",
            |r| longer(r),
            403,
            "SignatureDoesNotMatch",
        ),
        (
            "a length that lies",
            |r| *r.body_mut() = Bytes::from("hello!"),
            400,
            "IncompleteBody",
        ),
        (
            "another type",
            |r| set(r, "content-type", "text/html"),
            403,
            "SignatureDoesNotMatch",
        ),
        (
            "no type",
            |r| drop(r.headers_mut().remove("content-type")),
            403,
            "SignatureDoesNotMatch",
        ),
        (
            "another host",
            |r| set(r, "host", "other"),
            403,
            "SignatureDoesNotMatch",
        ),
        (
            "another method",
            |r| *r.method_mut() = http::Method::GET,
            403,
            "SignatureDoesNotMatch",
        ),
        (
            "metadata",
            |r| set(r, "x-amz-meta-a", "b"),
            403,
            "AccessDenied",
        ),
        (
            "another key",
            |r| replace(r, ".jpg", ".png"),
            403,
            "SignatureDoesNotMatch",
        ),
        (
            "without condition",
            |r| replace(r, "If-None-Match=%2A&", ""),
            403,
            "SignatureDoesNotMatch",
        ),
        (
            "another bucket",
            |r| replace(r, "/uploads/", "/others/"),
            404,
            "NoSuchBucket",
        ),
    ];
    for (name, change, status, code) in cases {
        let mut s3 = bucket();
        let mut request = put("hello");
        change(&mut request);
        let response = s3.call(&request, NOW);
        assert_eq!(refusal_of(&response), refused(status, code), "{name}");
        assert_eq!(s3.objects().count(), 0, "{name}");
    }
}

#[test]
fn other_headers_are_stored_as_they_come() {
    let mut s3 = bucket();
    let mut request = put("hello");
    set(&mut request, "cache-control", "no-cache");
    assert_eq!(s3.call(&request, NOW).status(), 200);
    let stored = &s3.versions(&key().to_string())[0];
    let expected = (http::header::CACHE_CONTROL, "no-cache".to_owned());
    assert_eq!(stored.headers, [expected]);
}

#[test]
fn a_ticket_is_good_for_its_time_only() {
    let expired = refused(403, "AccessDenied");
    for (at, outcome) in [
        (NOW + 5 * MINUTE, None),
        (NOW + 5 * MINUTE + 1, Some(&expired)),
        // S3's own clock may be behind by a quarter of an hour.
        (NOW - 15 * MINUTE, None),
        (NOW - 15 * MINUTE - 1, Some(&expired)),
    ] {
        let response = bucket().call(&put("hello"), at);
        let refusal = (response.status() != 200).then(|| refusal_of(&response));
        assert_eq!(refusal.as_ref(), outcome, "{}", at - NOW);
    }
}

#[test]
fn a_credential_must_be_known_with_its_token() {
    let credential = |id: &str, token: Option<&str>| Credential {
        id: id.to_owned(),
        secret: SECRET.to_owned(),
        token: token.map(str::to_owned),
    };
    for (known, code) in [
        (credential("AKIDOTHER", Some(TOKEN)), "InvalidAccessKeyId"),
        (credential(ID, None), "InvalidToken"),
        (
            Credential {
                secret: "other".to_owned(),
                ..credential(ID, Some(TOKEN))
            },
            "SignatureDoesNotMatch",
        ),
    ] {
        let mut s3 = S3::new(BUCKET, "us-east-1").with_credential(known);
        assert_eq!(refusal_of(&s3.call(&put("hello"), NOW)).1, code);
    }
}

#[test]
fn nothing_is_stored_without_a_signature() {
    let request = Request::put("http://aws/uploads/u/a").body(Bytes::new());
    let response = bucket().call(&request.unwrap(), NOW);
    assert_eq!(refusal_of(&response), refused(403, "AccessDenied"));
}

fn longer(request: &mut Request<Bytes>) {
    *request.body_mut() = Bytes::from("hello!");
    set(request, "content-length", "6");
}

fn set(request: &mut Request<Bytes>, name: &'static str, value: &'static str) {
    let value = http::HeaderValue::from_static(value);
    request.headers_mut().insert(name, value);
}

fn replace(request: &mut Request<Bytes>, from: &str, to: &str) {
    let url = request.uri().to_string();
    assert!(url.contains(from), "{url}");
    *request.uri_mut() = url.replace(from, to).parse().unwrap();
}

//! Links: what their signature covers.

use std::time::Duration;

use http::{Method, StatusCode};
use support::{World, http_client, samples};

/// Sends the bytes as a PNG with more headers, and tells what S3 says.
pub(super) async fn send(
    method: &Method,
    url: &str,
    headers: &[(&str, &str)],
    bytes: &[u8],
) -> StatusCode {
    let call = http_client(Duration::from_secs(10)).request(method.clone(), url);
    let call = headers
        .iter()
        .fold(call, |call, (name, value)| call.header(*name, *value));
    let call = match *method {
        Method::PUT | Method::POST => call
            .header("content-type", "image/png")
            .body(bytes.to_vec()),
        _ => call,
    };
    call.send().await.expect("S3 answers").status()
}

fn version(link: &str) -> &str {
    let (_, rest) = link.split_once("versionId=").expect("a version");
    rest.split('&').next().unwrap_or_default()
}

/// A link without any signature the emulator answers, too: that the bucket is private, a rule of the template holds.
#[tokio::test]
async fn a_link_reads_one_version_of_one_object_until_it_ends() {
    let world = World::new().await;
    let [alice, bob] = world.log_in_all(["alice", "bob"]).await;
    let bytes = samples::png();
    let own = world.upload(&bob, "file", &bytes).await;
    let others = world.upload(&alice, "file", &bytes).await;
    let link = bob.read(&own).await.expect(200).text("download_url");
    for method in [Method::PUT, Method::DELETE, Method::HEAD, Method::POST] {
        let status = send(&method, &link, &[], &bytes).await;
        assert!(status.is_client_error(), "{method}: {status}");
    }
    let other = alice.read(&others).await.expect(200).text("download_url");
    let (version, other) = (version(&link), version(&other));
    for bent in [
        link.replace(&own.key, &others.key),
        link.replace(version, other),
        link.replace(&format!("&versionId={version}"), ""),
        link.replace("X-Amz-Expires=3600", "X-Amz-Expires=604800"),
        link.replace(
            "response-content-disposition=inline",
            "response-content-disposition=attachment",
        ),
        format!("{link}&response-content-type=text%2Fhtml"),
        format!("{link}&acl"),
    ] {
        assert_ne!(bent, link);
        let status = send(&Method::GET, &bent, &[], &[]).await;
        assert!(status.is_client_error(), "{bent}: {status}");
    }
    assert_eq!(send(&Method::GET, &link, &[], &[]).await, 200);
}

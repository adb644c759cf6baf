use super::*;

/// Keys around a user's prefix, with versions and markers.
fn filled(s3: &mut S3) -> Vec<(&'static str, String, bool)> {
    stored(s3, "u/a", "1");
    let mut expected = vec![("u/b/1", stored(s3, "u/b/1", "1"), false)];
    expected.push(("u/b/2", stored(s3, "u/b/2", "1"), false));
    expected.push(("u/b/1", hidden(s3, "u/b/1"), true));
    expected.push(("u/b/1", stored(s3, "u/b/1", "2"), false));
    expected.push(("u/b/3", hidden(s3, "u/b/3"), true));
    stored(s3, "u/c", "1");
    // By key, and in a key the newest first.
    expected.sort_by(|a, b| a.0.cmp(b.0).then(b.1.cmp(&a.1)));
    expected
}

/// All pages, with what `between` does to the bucket after each.
async fn list(limit: usize, between: impl Fn(&mut S3)) -> Vec<(String, String, bool)> {
    let mut s3 = bucket().with_page_limit(limit);
    filled(&mut s3);
    let (client, model) = client(s3);
    let (mut found, mut key, mut version) = (Vec::new(), None, None);
    loop {
        let request = client.list_object_versions().bucket(BUCKET).prefix("u/b/");
        let request = request.set_key_marker(key).set_version_id_marker(version);
        let page = request.send().await.unwrap();
        let size = page.versions().len() + page.delete_markers().len();
        assert!(size <= limit);
        for version in page.versions() {
            assert_eq!(version.size(), Some(1));
            found.push((
                version.key().unwrap().to_owned(),
                version.version_id().unwrap().to_owned(),
                false,
            ));
        }
        for marker in page.delete_markers() {
            found.push((
                marker.key().unwrap().to_owned(),
                marker.version_id().unwrap().to_owned(),
                true,
            ));
        }
        if page.is_truncated() != Some(true) {
            break;
        }
        assert_eq!(size, limit, "pages are full");
        (key, version) = (page.next_key_marker, page.next_version_id_marker);
        between(&mut model.lock().unwrap());
    }
    found.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
    found
}

#[tokio::test]
async fn pages_together_hold_each_version_of_the_prefix_once() {
    let expected = filled(&mut bucket());
    for limit in 1..=6 {
        let found = list(limit, |_| ()).await;
        let found: Vec<_> = found
            .iter()
            .map(|(key, id, marker)| (&**key, id.clone(), *marker))
            .collect();
        assert_eq!(found, expected, "{limit}");
    }
}

#[tokio::test]
async fn a_list_goes_on_after_a_version_that_is_gone() {
    // Whatever has been listed is removed before the next page, as a purge does.
    let removing = |s3: &mut S3| {
        let first = s3.objects().find(|(key, _)| key.starts_with("u/b/"));
        let first =
            first.map(|(key, versions)| (key.to_owned(), versions[versions.len() - 1].id.clone()));
        if let Some((key, id)) = first {
            let url = format!("http://aws/uploads/{key}?versionId={id}");
            let request = Request::delete(url).header("authorization", "…");
            s3.call(&request.body(Bytes::new()).unwrap(), NOW);
        }
    };
    assert_eq!(list(1, removing).await.len(), filled(&mut bucket()).len());
}

#[tokio::test]
async fn the_newest_of_a_key_is_the_latest() {
    let mut s3 = bucket();
    let old = stored(&mut s3, "u/a", "1");
    let new = hidden(&mut s3, "u/a");
    let (client, _) = client(s3);
    let page = client
        .list_object_versions()
        .bucket(BUCKET)
        .send()
        .await
        .unwrap();
    assert_eq!(page.versions()[0].version_id(), Some(&*old));
    assert_eq!(page.versions()[0].is_latest(), Some(false));
    assert_eq!(page.delete_markers()[0].version_id(), Some(&*new));
    assert_eq!(page.delete_markers()[0].is_latest(), Some(true));
    assert_eq!(page.is_truncated(), Some(false));
    assert_eq!(page.next_key_marker(), None);
}

#[tokio::test]
async fn keys_arrive_as_they_are() {
    const KEY: &str = "u/<a>&\" ü";
    let mut s3 = bucket();
    stored(&mut s3, KEY, "1");
    let (client, _) = client(s3);
    let page = client
        .list_object_versions()
        .bucket(BUCKET)
        .send()
        .await
        .unwrap();
    assert_eq!(page.versions()[0].key(), Some(KEY));
}

#[tokio::test]
async fn markers_that_name_no_place_are_refused() {
    let (client, _) = client(bucket());
    let never_given = "Eyn7lxdGE1WU1SU6QTbW1X6cbSIIRY0R";
    for (key, version) in [
        (None, "null"),
        (Some("u/a"), ""),
        (Some("u/a"), "no-version"),
        (Some("u/a"), never_given),
    ] {
        let request = client
            .list_object_versions()
            .bucket(BUCKET)
            .version_id_marker(version);
        let outcome = request.set_key_marker(key.map(str::to_owned)).send().await;
        assert_eq!(
            sdk_refusal(outcome),
            (400, Some("InvalidArgument".to_owned()))
        );
    }
}

#[tokio::test]
async fn a_key_alone_and_a_version_from_before_versioning_are_places_after_the_key() {
    let mut s3 = bucket();
    stored(&mut s3, "u/a", "1");
    stored(&mut s3, "u/b", "1");
    let (client, _) = client(s3);
    for version in [None, Some("null")] {
        let request = client
            .list_object_versions()
            .bucket(BUCKET)
            .key_marker("u/a");
        let request = request.set_version_id_marker(version.map(str::to_owned));
        let page = request.send().await.unwrap();
        let keys: Vec<_> = page
            .versions()
            .iter()
            .map(|version| version.key())
            .collect();
        assert_eq!(keys, [Some("u/b")], "{version:?}");
    }
}

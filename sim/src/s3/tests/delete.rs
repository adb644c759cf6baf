use aws_sdk_s3::types::{Delete, ObjectIdentifier};

use super::*;

#[tokio::test]
async fn a_version_goes_for_good_and_what_is_not_there_has_gone() {
    let mut s3 = bucket();
    let version = stored(&mut s3, "u/a", "1");
    let marker = hidden(&mut s3, "u/a");
    let (client, s3) = client(s3);
    let delete = client.delete_object().bucket(BUCKET).key("u/a");
    for _ in 0..2 {
        let output = delete.clone().version_id(&version).send().await.unwrap();
        assert_eq!(output.version_id(), Some(&*version));
        assert_eq!(output.delete_marker(), None);
    }
    assert_eq!(s3.lock().unwrap().versions("u/a").len(), 1);
    let output = delete.clone().version_id(&marker).send().await.unwrap();
    assert_eq!(output.delete_marker(), Some(true));
    assert_eq!(s3.lock().unwrap().objects().count(), 0);
    let outcome = delete.version_id("no-version").send().await;
    assert_eq!(
        sdk_refusal(outcome),
        (400, Some("InvalidArgument".to_owned()))
    );
}

#[tokio::test]
async fn without_a_version_an_object_is_hidden() {
    let mut s3 = bucket();
    stored(&mut s3, "u/a", "1");
    let (client, s3) = client(s3);
    let delete = client.delete_object().bucket(BUCKET).key("u/a");
    let output = delete.send().await.unwrap();
    assert_eq!(output.delete_marker(), Some(true));
    let s3 = s3.lock().unwrap();
    let [object, marker] = s3.versions("u/a") else {
        panic!("two versions")
    };
    assert!(!object.is_marker && marker.is_marker);
    assert_eq!(output.version_id(), Some(&*marker.id));
}

fn object(key: &str, version: Option<&str>) -> ObjectIdentifier {
    let object = ObjectIdentifier::builder().key(key);
    object
        .set_version_id(version.map(str::to_owned))
        .build()
        .unwrap()
}

#[tokio::test]
async fn several_go_in_one_call_each_with_an_outcome_of_its_own() {
    for quiet in [true, false] {
        let mut s3 = bucket();
        let first = stored(&mut s3, "u/<a>", "1");
        let kept = stored(&mut s3, "u/b", "1");
        let objects = vec![
            object("u/<a>", Some(&first)),
            object("u/b", Some("no-version")),
            object("u/c", Some(&first)),
        ];
        let (client, s3) = client(s3);
        let delete = Delete::builder().set_objects(Some(objects)).quiet(quiet);
        let request = client
            .delete_objects()
            .bucket(BUCKET)
            .delete(delete.build().unwrap());
        let output = request.send().await.unwrap();
        let [error] = output.errors() else {
            panic!("one error: {output:?}")
        };
        assert_eq!(
            (error.key(), error.code()),
            (Some("u/b"), Some("NoSuchVersion"))
        );
        let deleted: Vec<_> = output
            .deleted()
            .iter()
            .map(|deleted| deleted.key().unwrap())
            .collect();
        let expected: &[&str] = if quiet { &[] } else { &["u/<a>", "u/c"] };
        assert_eq!(deleted, expected);
        let s3 = s3.lock().unwrap();
        assert_eq!(s3.versions("u/<a>").len(), 0);
        assert_eq!(s3.versions("u/b")[0].id, kept);
    }
}

#[tokio::test]
async fn a_call_deletes_a_thousand_at_most() {
    let (client, _) = client(bucket());
    for count in [1000, 1001] {
        let objects = (0..count).map(|n| object(&format!("u/{n}"), Some("null")));
        let delete = Delete::builder().set_objects(Some(objects.collect()));
        let request = client
            .delete_objects()
            .bucket(BUCKET)
            .delete(delete.build().unwrap());
        let outcome = request.send().await;
        if count == 1000 {
            assert!(outcome.unwrap().errors().is_empty());
        } else {
            assert_eq!(sdk_refusal(outcome), (400, Some("MalformedXML".to_owned())));
        }
    }
}

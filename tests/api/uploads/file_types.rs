//! What a file is, from ticket to verdict: real encoders' files, each declared as its name says.

use std::fs;
use std::path::Path;

use shared::upload::content_type::ContentType;
use support::World;
use support::uploads::wanted_as;

const EVERY_TYPE: &str = "image/jpeg,image/png,image/webp,image/gif,image/heif,image/avif,image/bmp,video/mp4,\
                          video/quicktime,video/webm,audio/mpeg,audio/m4a,application/pdf";

#[tokio::test]
async fn each_file_gets_the_verdict_that_its_name_says() {
    let world = World::limited(&[("UPLOAD_TYPES", EVERY_TYPE)]).await;
    let alice = world.log_in("alice").await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/tests/uploads/encoded");
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let mut parts = name.split('-');
        let declared = ContentType::of_extension(parts.next().unwrap()).unwrap();
        let verdict = parts.next().unwrap();
        let bytes = fs::read(&path).unwrap();
        let wanted = wanted_as("file", declared.as_str(), bytes.len());
        let upload = world.upload_as(&alice, &wanted, &bytes).await;
        let extension = format!(".{}", declared.extension());
        assert!(upload.key.ends_with(&extension), "{}", upload.key);
        let shown = alice.read(&upload).await.expect(200);
        let found = match shown["reason"].as_str() {
            Some(reason) => reason.to_owned(),
            None => shown.text("status"),
        };
        assert_eq!(found, verdict, "{name}");
    }
}

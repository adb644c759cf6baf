//! `DeleteObject` and `DeleteObjects`.

use std::fmt::Write;

use http::HeaderName;
use roxmltree::{Document, Node};

use super::S3;
use super::answer::{Answer, Error, bare, set, xml};
use super::bucket::check_version_id;
use super::call::Call;
use super::text::escape_xml;

/// The most objects in one call.
const MAX_OBJECTS: usize = 1000;

/// What a deletion did.
#[derive(Debug)]
struct Deleted {
    /// The version that went, or the marker that was placed.
    version: String,
    /// Whether that is a marker.
    is_marker: bool,
}

impl S3 {
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html>
    pub(super) fn delete(&mut self, call: &Call<'_>, now: i64) -> Answer {
        let deleted = self.delete_one(&call.key, call.parameter("versionId"), now)?;
        let mut response = bare(204);
        let version = HeaderName::from_static("x-amz-version-id");
        set(&mut response, version, &deleted.version);
        if deleted.is_marker {
            let marker = HeaderName::from_static("x-amz-delete-marker");
            set(&mut response, marker, "true");
        }
        Ok(response)
    }

    /// What is not there counts as deleted.
    fn delete_one(&mut self, key: &str, version: Option<&str>, now: i64) -> Result<Deleted, Error> {
        let Some(id) = version else {
            let marker = self
                .bucket
                .place_marker(key, "ObjectRemoved:DeleteMarkerCreated", now);
            return Ok(Deleted {
                version: marker.id.clone(),
                is_marker: true,
            });
        };
        check_version_id(id)?;
        let removed = self.bucket.remove(key, id, "ObjectRemoved:Delete", now);
        Ok(Deleted {
            version: id.to_owned(),
            is_marker: removed.is_some_and(|removed| removed.is_marker),
        })
    }

    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html>
    pub(super) fn delete_several(&mut self, call: &Call<'_>, now: i64) -> Answer {
        let has_digest = call.headers.keys().any(|name| {
            let name = name.as_str();
            name == "content-md5" || name.starts_with("x-amz-checksum-")
        });
        if !has_digest {
            let message =
                "Missing required header for this request: Content-MD5 OR x-amz-checksum-*";
            return Err(Error::new(400, "InvalidRequest", message));
        }
        let request = Deletion::parse(call.body).ok_or_else(malformed)?;
        let mut body = String::from(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<DeleteResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">",
        );
        for (key, version) in &request.objects {
            match self.delete_one(key, version.as_deref(), now) {
                Ok(deleted) if !request.is_quiet => {
                    push_deleted(&mut body, key, version.as_deref(), &deleted);
                }
                Ok(_) => (),
                // Not the code that the deletion of a single one has.
                // <https://github.com/versity/versitygw/issues/2119>
                Err(_) => push_error(&mut body, key, version.as_deref()),
            }
        }
        body.push_str("</DeleteResult>");
        Ok(xml(200, body))
    }
}

/// The body of a call that deletes several.
struct Deletion {
    objects: Vec<(String, Option<String>)>,
    is_quiet: bool,
}

impl Deletion {
    fn parse(body: &[u8]) -> Option<Self> {
        let document = Document::parse(std::str::from_utf8(body).ok()?).ok()?;
        let root = document.root_element();
        if root.tag_name().name() != "Delete" {
            return None;
        }
        let objects = root
            .children()
            .filter(|node| node.tag_name().name() == "Object");
        let objects: Vec<_> = objects
            .map(|object| Some((text_of(object, "Key")?, text_of(object, "VersionId"))))
            .collect::<Option<_>>()?;
        let fits = (1..=MAX_OBJECTS).contains(&objects.len());
        fits.then(|| Self {
            objects,
            is_quiet: text_of(root, "Quiet").as_deref() == Some("true"),
        })
    }
}

fn text_of(node: Node<'_, '_>, name: &str) -> Option<String> {
    let child = node
        .children()
        .find(|child| child.tag_name().name() == name)?;
    Some(child.text().unwrap_or_default().to_owned())
}

fn push_deleted(body: &mut String, key: &str, version: Option<&str>, deleted: &Deleted) {
    let _ = write!(body, "<Deleted><Key>{}</Key>", escape_xml(key));
    push_version(body, version);
    if deleted.is_marker {
        let _ = write!(
            body,
            "<DeleteMarker>true</DeleteMarker><DeleteMarkerVersionId>{}</DeleteMarkerVersionId>",
            deleted.version
        );
    }
    body.push_str("</Deleted>");
}

fn push_error(body: &mut String, key: &str, version: Option<&str>) {
    let _ = write!(body, "<Error><Key>{}</Key>", escape_xml(key));
    push_version(body, version);
    body.push_str(
        "<Code>NoSuchVersion</Code><Message>The specified version does not exist.</Message></Error>",
    );
}

fn push_version(body: &mut String, version: Option<&str>) {
    if let Some(version) = version {
        let _ = write!(body, "<VersionId>{}</VersionId>", escape_xml(version));
    }
}

fn malformed() -> Error {
    let message =
        "The XML you provided was not well-formed or did not validate against our published schema";
    Error::new(400, "MalformedXML", message)
}

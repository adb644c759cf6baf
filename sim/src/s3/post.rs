//! Uploads by a form.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html>

use http::HeaderName;

use super::S3;
use super::access::wrong_signature;
use super::answer::{Answer, Error, bare, set, xml};
use super::bucket::{Content, Version};
use super::call::Call;
use super::form::Form;
use super::policy::Policy;
use super::put::{describe, is_stored};
use super::signature::ALGORITHM;
use super::text::escape_xml;

impl S3 {
    pub(super) fn post(&mut self, call: &Call<'_>, now: i64) -> Answer {
        if !call.key.is_empty() {
            let message = "The specified method is not allowed against this resource.";
            return Err(Error::new(405, "MethodNotAllowed", message));
        }
        let content_type = call.header("content-type").unwrap_or_default();
        let form = Form::parse(content_type, call.body)?;
        let key = form.field("key").ok_or_else(|| missing("key"))?;
        let key = key.replace("${filename}", &form.file_name);
        let policy = self.check_form(&form, now)?;
        let Some(file) = &form.file else {
            let message = "POST requires exactly one file upload per request.";
            return Err(Error::new(400, "InvalidArgument", message));
        };
        policy.check_size(file.len())?;
        let headers = form.fields.iter().filter(|(name, _)| is_stored(name));
        let headers = headers
            .filter_map(|(name, value)| Some((name.parse::<HeaderName>().ok()?, value.clone())));
        let content = Content {
            bytes: file.clone(),
            content_type: form.field("content-type").map(str::to_owned),
            headers: headers.collect(),
        };
        let bucket = self.bucket.name.clone();
        let stored = self.bucket.store(&key, content, "ObjectCreated:Post", now);
        Ok(created(
            form.field("success_action_status"),
            call,
            &bucket,
            &key,
            stored,
        ))
    }

    /// Whether whoever signed the policy allows this form.
    fn check_form(&self, form: &Form, now: i64) -> Result<Policy, Error> {
        let field = |name| form.field(name).ok_or_else(|| missing(name));
        let Some(encoded) = form.field("policy") else {
            return Err(Error::new(403, "AccessDenied", "Access Denied"));
        };
        if field("x-amz-algorithm")? != ALGORITHM {
            let message = "X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\"";
            return Err(Error::new(400, "InvalidArgument", message));
        }
        let (credential, scope) = self.access.credential(
            field("x-amz-credential")?,
            field("x-amz-date")?,
            form.field("x-amz-security-token"),
        )?;
        let signature = scope.sign(&credential.secret, encoded.as_bytes());
        if signature.as_deref() != Some(field("x-amz-signature")?) {
            return Err(wrong_signature(&credential.id));
        }
        let policy = Policy::parse(encoded)?;
        policy.check(form, &self.bucket.name, now)?;
        Ok(policy)
    }
}

fn missing(field: &str) -> Error {
    let message = format!(
        "Bucket POST must contain a field named '{field}'.  If it is specified, please check the order of the fields."
    );
    Error::new(400, "InvalidArgument", message).with("ArgumentName", field)
}

fn created(
    status: Option<&str>,
    call: &Call<'_>,
    bucket: &str,
    key: &str,
    stored: &Version,
) -> http::Response<bytes::Bytes> {
    let location = format!("http://{}/{bucket}/{key}", call.host);
    let response = match status {
        Some("201") => xml(
            201,
            format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<PostResponse><Location>{}</Location><Bucket>{bucket}</Bucket><Key>{}</Key><ETag>&quot;{}&quot;</ETag></PostResponse>",
                escape_xml(&location),
                escape_xml(key),
                stored.etag
            ),
        ),
        Some("200") => bare(200),
        // What it is when the form says nothing that S3 knows.
        _ => bare(204),
    };
    let mut response = describe(response, stored);
    set(&mut response, http::header::LOCATION, &location);
    response
}

//! `multipart/form-data`, as RFC 7578 has it.

use bytes::Bytes;

use super::answer::Error;

/// A form with a file.
#[derive(Debug)]
pub(super) struct Form {
    /// The fields before the file, in their order, names in lower case. S3 ignores those after it.
    pub(super) fields: Vec<(String, String)>,
    pub(super) file: Option<Bytes>,
    pub(super) file_name: String,
}

impl Form {
    /// Reads a form up to its file.
    ///
    /// # Errors
    /// If it is none.
    pub(super) fn parse(content_type: &str, body: &Bytes) -> Result<Self, Error> {
        let malformed = || {
            let message = "The body of your POST request is not well-formed multipart/form-data.";
            Error::new(400, "MalformedPOSTRequest", message)
        };
        let boundary = boundary(content_type).ok_or_else(malformed)?;
        let delimiter = format!("\r\n--{boundary}");
        let first = body
            .strip_prefix(&delimiter.as_bytes()[2..])
            .ok_or_else(malformed)?;
        let mut at = body.len() - first.len();
        let mut form = Self {
            fields: Vec::new(),
            file: None,
            file_name: String::new(),
        };
        while let Some(part) = body[at..].strip_prefix(b"\r\n") {
            let start = body.len() - part.len();
            let length = find(part, delimiter.as_bytes()).ok_or_else(malformed)?;
            let headers_end = find(&part[..length], b"\r\n\r\n").ok_or_else(malformed)?;
            let headers = std::str::from_utf8(&part[..headers_end]).map_err(|_| malformed())?;
            let name = parameter(headers, "name")
                .ok_or_else(malformed)?
                .to_ascii_lowercase();
            let content = body.slice(start + headers_end + 4..start + length);
            if name == "file" {
                form.file = Some(content);
                form.file_name = parameter(headers, "filename")
                    .unwrap_or_default()
                    .to_owned();
                return Ok(form);
            }
            let value = String::from_utf8(content.into()).map_err(|_| malformed())?;
            form.fields.push((name, value));
            at = start + length + delimiter.len();
        }
        Ok(form)
    }

    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.fields.iter();
        let field = fields.find(|(known, _)| known == name);
        field.map(|(_, value)| value.as_str())
    }
}

fn boundary(content_type: &str) -> Option<&str> {
    let (_, rest) = content_type.split_once("boundary=")?;
    let boundary = rest.split(';').next()?.trim().trim_matches('"');
    (!boundary.is_empty()).then_some(boundary)
}

/// A parameter of `Content-Disposition`: quoted, and preceded by a space or a semicolon.
fn parameter<'a>(headers: &'a str, name: &str) -> Option<&'a str> {
    let line = headers.lines().find(|line| {
        let name = line.split(':').next().unwrap_or_default();
        name.eq_ignore_ascii_case("content-disposition")
    })?;
    line.split(';').find_map(|parameter| {
        let (known, value) = parameter.trim().split_once('=')?;
        (known == name).then(|| value.trim_matches('"'))
    })
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len())
        .position(|window| window == wanted)
}

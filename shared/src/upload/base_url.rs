//! `UPLOADS_BASE_URL`: where clients reach the bucket if not under its own name.

use std::str::FromStr;

use http::Uri;

/// Scheme and authority of a proxy in front of the bucket that sends the bucket's own `Host`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadsBaseUrl(String);

/// The text cannot stand in front of a signed path.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be an https URL of a host and nothing else, such as https://files.example.cn; http only for the own machine"
)]
pub struct ParseUploadsBaseUrlError;

impl UploadsBaseUrl {
    /// Without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for UploadsBaseUrl {
    type Err = ParseUploadsBaseUrlError;

    fn from_str(text: &str) -> Result<Self, ParseUploadsBaseUrlError> {
        let text = text.strip_suffix('/').unwrap_or(text);
        let uri: Uri = text.parse().map_err(|_| ParseUploadsBaseUrlError)?;
        let host = uri.host().unwrap_or_default();
        let origin = match (uri.scheme_str(), uri.port_u16()) {
            (Some(scheme), None) => format!("{scheme}://{host}"),
            (Some(scheme), Some(port)) => format!("{scheme}://{host}:{port}"),
            (None, _) => return Err(ParseUploadsBaseUrlError),
        };
        let safe = match uri.scheme_str() {
            Some("https") => !host.is_empty(),
            Some("http") => is_loopback(host),
            _ => false,
        };
        // Whatever else there was, a name, a path, a query, a fragment, is missing from the origin.
        if safe && origin == text {
            Ok(Self(origin))
        } else {
            Err(ParseUploadsBaseUrlError)
        }
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address
            .parse()
            .is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_behind_https_is_taken_with_or_without_a_slash() {
        for (text, origin) in [
            ("https://files.example.cn", "https://files.example.cn"),
            ("https://files.example.cn/", "https://files.example.cn"),
            (
                "https://files.example.cn:8443",
                "https://files.example.cn:8443",
            ),
            ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
            ("http://localhost:9000/", "http://localhost:9000"),
            ("http://[::1]:9000", "http://[::1]:9000"),
        ] {
            let url: UploadsBaseUrl = text.parse().expect(text);
            assert_eq!(url.as_str(), origin);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "files.example.cn",
            "//files.example.cn",
            "https://",
            "https:///u",
            "https://files.example.cn//",
            "https://files.example.cn/uploads",
            "https://files.example.cn?a=b",
            "https://files.example.cn/?a=b",
            "https://files.example.cn#a",
            "https://name@files.example.cn",
            "https://name:password@files.example.cn",
            "https://files.example.cn:",
            "https://files.example.cn:99999",
            "https://files example.cn",
            "http://files.example.cn",
            "http://127.0.0.1.example.cn",
            "http://192.168.1.1",
            "ftp://files.example.cn",
        ] {
            let parsed = text.parse::<UploadsBaseUrl>();
            assert_eq!(parsed, Err(ParseUploadsBaseUrlError), "{text}");
        }
    }
}

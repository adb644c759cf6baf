//! Whom a request is counted for: the client's address, or that of a CDN's viewer.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, HeaderName};
use shared::auth::refresh::sha256;
use shared::config::Vars;
use shared::http::ClientAddress;

use crate::App;

/// The header in which a CDN proves that the request came through it.
const SECRET_HEADER: &str = "x-cdn-secret";
/// CloudFront's own header of the viewer's address and port.
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/adding-cloudfront-headers.html>
const CLOUDFRONT_VIEWER: &str = "cloudfront-viewer-address";

/// The network that a request came from: an IPv4 address or an IPv6 /64, which is what one subscriber gets. Requests
/// without a usable address share one of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Client(Option<IpAddr>);

impl Client {
    /// The client at `address`.
    pub fn at(address: IpAddr) -> Self {
        Self(Some(match address.to_canonical() {
            IpAddr::V6(v6) => {
                let [a, b, c, d, ..] = v6.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
            v4 => v4,
        }))
    }

    /// The client whose address could not be read.
    pub const UNKNOWN: Self = Self(None);

    fn of(parts: &Parts, cdn: Option<&Cdn>) -> Self {
        let viewer = cdn.and_then(|cdn| cdn.viewer(&parts.headers));
        let sender = || parts.extensions.get::<ClientAddress>()?.0.parse().ok();
        viewer.or_else(sender).map_or(Self::UNKNOWN, Self::at)
    }
}

impl FromRequestParts<Arc<App>> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Infallible> {
        Ok(Self::of(parts, app.cdn.as_ref()))
    }
}

/// A CDN in front of the API, whose word on the viewer's address counts if it sends its secret along.
#[derive(Clone, Debug)]
pub struct Cdn {
    /// The secret of now, and while it is changed another one. Only digests are known here: a function's variables can be
    /// read by many, and are no place for a secret.
    secret_digests: Vec<[u8; 32]>,
    address_header: HeaderName,
}

impl Cdn {
    /// Reads `CDN_SECRET_SHA256`, without which there is no CDN, and `CDN_ADDRESS_HEADER`.
    pub fn read(vars: &mut Vars<'_>) -> Option<Self> {
        let address_header = vars
            .optional_as("CDN_ADDRESS_HEADER", header_name)
            .unwrap_or(HeaderName::from_static(CLOUDFRONT_VIEWER));
        let secret_digests = vars.optional_as("CDN_SECRET_SHA256", digests)?;
        Some(Self {
            secret_digests,
            address_header,
        })
    }

    /// The viewer's address, if the request carries the CDN's secret and one address.
    fn viewer(&self, headers: &HeaderMap) -> Option<IpAddr> {
        let sent = sha256(headers.get(SECRET_HEADER)?.as_bytes());
        let known = |digest: &[u8; 32]| verify_slices_are_equal(&sent, digest).is_ok();
        self.secret_digests.iter().any(known).then_some(())?;
        address(headers.get(&self.address_header)?.to_str().ok()?)
    }
}

fn header_name(text: &str) -> Result<HeaderName, &'static str> {
    text.parse().map_err(|_| "must be the name of a header")
}

fn digests(text: &str) -> Result<Vec<[u8; 32]>, &'static str> {
    let digest = |text: &str| {
        let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes());
        bytes.ok()?.try_into().ok()
    };
    text.split(',')
        .map(digest)
        .collect::<Option<_>>()
        .ok_or("must be SHA-256 digests in hexadecimal digits, separated by commas")
}

/// An address with or without a port. CloudFront writes the port of an IPv6 address without brackets; where that reads
/// as one more group of the address, its first 64 bits, which are all that counts, are the same.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let with_port = || text.parse::<SocketAddr>().ok().map(|socket| socket.ip());
    let without_brackets = || text.rsplit_once(':')?.0.parse().ok();
    text.parse()
        .ok()
        .or_else(with_port)
        .or_else(without_brackets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    const SECRET: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";
    const NEXT: &str = "f0e1d2c3b4a5968778695a4b3c2d1e0f";

    fn cdn() -> Cdn {
        let digests = [SECRET, NEXT]
            .map(|secret| data_encoding::HEXLOWER.encode(&sha256(secret.as_bytes())))
            .join(",");
        let get = |name: &str| (name == "CDN_SECRET_SHA256").then(|| digests.clone());
        let mut vars = Vars::new(&get);
        let cdn = Cdn::read(&mut vars).unwrap();
        vars.finish().unwrap();
        cdn
    }

    fn at(text: &str) -> Client {
        Client::at(text.parse().unwrap())
    }

    fn client(headers: &[(&str, &str)], cdn: Option<&Cdn>) -> Client {
        let mut request = Request::new(());
        request
            .extensions_mut()
            .insert(ClientAddress("192.0.2.1".into()));
        for (name, value) in headers {
            let name: HeaderName = name.parse().unwrap();
            request.headers_mut().append(name, value.parse().unwrap());
        }
        Client::of(&request.into_parts().0, cdn)
    }

    #[test]
    fn a_subscriber_is_one_client() {
        assert_eq!(at("2001:db8:1:2::1"), at("2001:db8:1:2:ffff::9"));
        assert_ne!(at("2001:db8:1:2::1"), at("2001:db8:1:3::1"));
        assert_eq!(at("::ffff:192.0.2.1"), at("192.0.2.1"));
        assert_ne!(at("192.0.2.1"), at("192.0.2.2"));
    }

    #[test]
    fn a_viewers_address_counts_only_with_the_secret() {
        let viewer = (CLOUDFRONT_VIEWER, "198.51.100.10:46532");
        let cdn = cdn();
        for secret in [SECRET, NEXT] {
            let through = client(&[viewer, (SECRET_HEADER, secret)], Some(&cdn));
            assert_eq!(through, at("198.51.100.10"));
        }
        let direct = at("192.0.2.1");
        let wrong = SECRET.replace('f', "e");
        for headers in [
            &[viewer][..],
            &[viewer, (SECRET_HEADER, "")],
            &[viewer, (SECRET_HEADER, &wrong)],
            &[(SECRET_HEADER, SECRET)],
            &[(SECRET_HEADER, SECRET), (CLOUDFRONT_VIEWER, "nowhere")],
            &[
                (SECRET_HEADER, SECRET),
                (CLOUDFRONT_VIEWER, "198.51.100.1, 198.51.100.2"),
            ],
        ] {
            assert_eq!(client(headers, Some(&cdn)), direct, "{headers:?}");
        }
        assert_eq!(client(&[viewer, (SECRET_HEADER, SECRET)], None), direct);
    }

    #[test]
    fn addresses_come_with_and_without_a_port() {
        for text in [
            "2001:db8:1:2:3:4:5:6",
            "[2001:db8:1:2:3:4:5:6]:443",
            "2001:db8:1:2:3:4:5:6:46532",
            "2001:db8:1:2::6:46532",
            "2001:db8:1:2::6:443",
        ] {
            assert_eq!(address(text).map(Client::at), Some(at("2001:db8:1:2::")));
        }
        assert_eq!(address("198.51.100.10"), "198.51.100.10".parse().ok());
        assert_eq!(address(""), None);
    }

    #[test]
    fn what_is_no_digest_and_no_header_is_reported() {
        let get = |name: &str| match name {
            "CDN_SECRET_SHA256" => Some("the secret itself".to_owned()),
            "CDN_ADDRESS_HEADER" => Some("a header".to_owned()),
            _ => None,
        };
        let mut vars = Vars::new(&get);
        assert!(Cdn::read(&mut vars).is_none());
        let faults = vars.finish().unwrap_err().0;
        assert_eq!(faults.len(), 2, "{faults:?}");
    }
}

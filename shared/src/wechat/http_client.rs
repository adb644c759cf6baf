//! One exchange with WeChat over HTTP. It answers HTTP 200 and `text/plain` whatever happens.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::http::Headers;
use aws_smithy_types::body::SdkBody;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::net::Network;
use crate::wechat::WechatError;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// All but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// Larger responses are none of WeChat's, in bytes.
const RESPONSE_LIMIT: usize = 16 * 1024;

/// What one exchange sends, and can send again. The URL carries the secret or the token, so that it has no `Debug`.
#[derive(Clone)]
pub(super) struct Exchange {
    path_and_query: String,
    json: Option<Bytes>,
}

impl Exchange {
    /// A GET of `path`, or with [`json`](Self::json) a POST.
    pub(super) fn new(path: &str, query: &[(&str, &str)]) -> Self {
        let pairs = query
            .iter()
            .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, RESERVED)));
        let query = pairs.collect::<Vec<_>>().join("&");
        let mark = if query.is_empty() { "" } else { "?" };
        Self {
            path_and_query: format!("{path}{mark}{query}"),
            json: None,
        }
    }

    pub(super) fn json(self, body: &Value) -> Self {
        Self {
            json: Some(body.to_string().into()),
            ..self
        }
    }
}

/// Sends exchanges to one address. It follows no redirect, uses no proxy and repeats nothing whose bytes may have been
/// sent: a code works once.
#[derive(Debug)]
pub(super) struct HttpClient {
    http: SharedHttpConnector,
    base_url: String,
}

impl HttpClient {
    pub(super) fn new(base_url: String, network: &Network) -> Result<Self, rustls::Error> {
        Ok(Self {
            http: network.connector_with_connect_timeout(CONNECT_TIMEOUT)?,
            base_url,
        })
    }

    /// Opens a connection; what WeChat answers does not matter.
    pub(super) async fn warm_up(&self, limit: Duration) {
        let request = Request::head(&self.base_url).body(SdkBody::empty());
        if let Some(request) = request
            .ok()
            .and_then(|request| HttpRequest::try_from(request).ok())
        {
            let _ = tokio::time::timeout(limit, self.http.call(request)).await;
        }
    }

    /// The body of a response with HTTP 200.
    pub(super) async fn send(&self, exchange: Exchange) -> Result<Bytes, WechatError> {
        let url = format!("{}{}", self.base_url, exchange.path_and_query);
        let request = match exchange.json {
            None => Request::get(url).body(SdkBody::empty()),
            Some(json) => Request::post(url)
                .header(CONTENT_TYPE, "application/json")
                .body(SdkBody::from(json)),
        };
        let request = request.map_err(|_| WechatError::Unaddressable)?;
        let request = HttpRequest::try_from(request).map_err(|_| WechatError::Unaddressable)?;
        let response = self.http.call(request).await;
        let response = response.map_err(WechatError::Unreachable)?;
        match response.status().into() {
            StatusCode::OK => read_body(response.into_body()).await,
            StatusCode::TOO_MANY_REQUESTS => Err(WechatError::TooManyRequests {
                wait: retry_after(response.headers()),
            }),
            status => Err(WechatError::Status(status)),
        }
    }
}

async fn read_body(body: SdkBody) -> Result<Bytes, WechatError> {
    let body = Limited::new(body, RESPONSE_LIMIT).collect().await;
    body.map(|body| body.to_bytes()).map_err(|error| {
        if error.is::<LengthLimitError>() {
            WechatError::Malformed("too long")
        } else {
            WechatError::Interrupted(error)
        }
    })
}

/// Whole seconds, up to a day. A date would need a clock that agrees with the sender's.
fn retry_after(headers: &Headers) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(Duration::from_secs(24 * 60 * 60)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sdk_http;

    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn a_value_cannot_break_out_of_the_query() {
        let exchange = Exchange::new("/p", &[("a", "x&b=1#?/ é-_.~"), ("c", "d")]);
        assert_eq!(
            exchange.path_and_query,
            "/p?a=x%26b%3D1%23%3F%2F%20%C3%A9-_.~&c=d"
        );
    }

    /// Answers the first request, and closes the connection of each later one once it has read it.
    fn server_that_answers_once() -> (String, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(AtomicUsize::new(0));
        let read = requests.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                while stream.read(&mut [0; 1024]).is_ok_and(|bytes| bytes > 0)
                    && read.fetch_add(1, Ordering::SeqCst) == 0
                {
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
                }
            }
        });
        (url, requests)
    }

    /// A code that was sent is used up, on a connection that is kept as well.
    #[tokio::test]
    async fn what_was_sent_is_not_sent_again() {
        let (url, requests) = server_that_answers_once();
        let client = HttpClient::new(url, &Network::mozilla()).unwrap();
        let exchange = Exchange::new("/p", &[("js_code", "c")]);
        assert_eq!(client.send(exchange.clone()).await.unwrap(), "{}");
        match client.send(exchange).await.unwrap_err() {
            WechatError::Unreachable(error) => {
                assert!(!sdk_http::is_not_connected(&error), "it may be repeated")
            }
            error => panic!("{error}"),
        }
        assert_eq!(requests.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn a_wait_is_believed_up_to_a_day() {
        let wait = |text: &str| {
            let mut headers = Headers::new();
            headers.insert("retry-after", text.to_owned());
            retry_after(&headers)
        };
        assert_eq!(wait("7"), Some(Duration::from_secs(7)));
        assert_eq!(wait("999999999"), Some(Duration::from_secs(86_400)));
        for text in ["", "-1", "1.5", "Fri, 27 Nov 2026 16:00:00 GMT"] {
            assert_eq!(wait(text), None, "{text}");
        }
    }
}

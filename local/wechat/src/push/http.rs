//! One request to an address on this machine.

use super::PushAnswer;
use axum::{body::Body, http::Uri};
use http_body_util::BodyExt;
use hyper::{Request, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Sends a GET, or with a body a POST; `query` is added to the address.
pub(super) async fn send(url: &str, query: &str, body: Option<&str>) -> Result<PushAnswer, String> {
    let joint = match query {
        "" => "",
        _ if url.contains('?') => "&",
        _ => "?",
    };
    let uri: Uri = format!("{url}{joint}{query}")
        .parse()
        .map_err(|_| format!("{url:?} is no address"))?;
    let (Some("http"), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(format!("{url:?} does not begin with http://"));
    };
    let request = Request::builder()
        .method(if body.is_some() { "POST" } else { "GET" })
        .uri(uri.path_and_query().map_or("/", |path| path.as_str()))
        .header(header::HOST, authority.as_str())
        .header(header::CONTENT_TYPE, "text/xml")
        .header(header::CONNECTION, "close")
        .body(Body::from(body.unwrap_or_default().to_owned()))
        .map_err(|error| error.to_string())?;
    let address = (authority.host(), authority.port_u16().unwrap_or(80));
    exchange(address, request)
        .await
        .map_err(|error| error.to_string())
}

async fn exchange(
    address: (&str, u16),
    request: Request<Body>,
) -> Result<PushAnswer, Box<dyn std::error::Error + Send + Sync>> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let answer = async {
        let response = sender.send_request(request).await?;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await?.to_bytes();
        let body = String::from_utf8_lossy(&body).into_owned();
        Ok(PushAnswer { status, body })
    };
    // The connection ends with its only answer, unless it fails first.
    let (answer, _) = tokio::join!(answer, connection);
    answer
}

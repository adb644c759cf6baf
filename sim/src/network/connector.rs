//! The network as the functions see it: what their HTTP clients send with.

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::Request;
use shared::sdk_http::NotConnectedError;

use crate::network::{Broken, Carried, Network};
use crate::place::{self, Place};

impl Network {
    /// What a function sends with.
    pub fn connector(&self) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Network {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let place = place::call();
        let answer = match whole(request) {
            Ok(request) => self.send(place, request),
            Err(error) => return HttpConnectorFuture::ready(Err(error)),
        };
        let seed = self.lock().seed;
        HttpConnectorFuture::new(async move {
            let answer = answer.await;
            // The SDK's pauses depend on where they are made, and not on what else goes on.
            fastrand::seed(place_seed(seed, place));
            answered(answer.unwrap_or(Err(Broken::Reset)))
        })
    }
}

fn place_seed(seed: u64, place: Place) -> u64 {
    place.chance(seed, "retry").u64(..)
}

fn whole(request: HttpRequest) -> Result<Request<Bytes>, ConnectorError> {
    let request = request
        .try_into_http1x()
        .map_err(|error| ConnectorError::user(error.into()))?;
    let (head, body) = request.into_parts();
    let body = body
        .bytes()
        .map(Bytes::copy_from_slice)
        .ok_or_else(|| ConnectorError::user("the body is a stream".into()))?;
    Ok(Request::from_parts(head, body))
}

fn answered(outcome: Carried) -> Result<HttpResponse, ConnectorError> {
    match outcome {
        Ok(answer) => answer
            .map(SdkBody::from)
            .try_into()
            .map_err(|error| ConnectorError::other(Box::new(error), None)),
        Err(Broken::Reset) => Err(ConnectorError::io("the connection was reset".into())),
        Err(Broken::NotConnected) => {
            let error = NotConnectedError("the connection was refused".into());
            Err(ConnectorError::io(error.into()))
        }
    }
}

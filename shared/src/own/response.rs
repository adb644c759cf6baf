//! Items as answers, with their entity tags.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{ETAG, LOCATION};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use crate::error::Error;
use crate::own::conditions::{IfNoneMatch, entity_tag};
use crate::own::item::{OwnItem, Stored};

impl<T: OwnItem> Stored<T> {
    /// The entity tag of the item alone.
    pub fn etag(&self) -> String {
        entity_tag(self.id, self.version, None)
    }

    /// 200 with the item and its tag.
    pub fn response(&self) -> Response {
        answer(StatusCode::OK, &self.etag(), self)
    }

    /// As [`Stored::response`], or 304 without a body if the client has just that.
    pub fn response_unless(&self, known: &IfNoneMatch) -> Response {
        let tag = self.etag();
        if known.names(&tag) {
            return (StatusCode::NOT_MODIFIED, [(ETAG, tag)]).into_response();
        }
        answer(StatusCode::OK, &tag, self)
    }

    /// 201 with the item, its tag and its place: `path` and the id.
    pub fn created_response(&self, path: &str) -> Response {
        let mut response = answer(StatusCode::CREATED, &self.etag(), self);
        if let Ok(location) = HeaderValue::from_str(&format!("{path}/{}", self.id)) {
            response.headers_mut().insert(LOCATION, location);
        }
        response
    }

    /// 200 with what a function makes of the item, as in a body that links to pictures. The tag is of the item, and of
    /// `beside`, which is what else the body depends on.
    pub fn response_as(&self, body: &impl Serialize, beside: Option<&str>) -> Response {
        let tag = entity_tag(self.id, self.version, beside);
        answer(StatusCode::OK, &tag, body)
    }
}

fn answer(status: StatusCode, tag: &str, body: &impl Serialize) -> Response {
    match serde_json::to_value(body) {
        Ok(body) => (status, [(ETAG, tag)], Json(body)).into_response(),
        Err(error) => Error::internal(error).into_response(),
    }
}

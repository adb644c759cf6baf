//! Deletes single objects without an S3 SDK: a presigned DELETE, sent at once.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use http::{Method, Request, StatusCode};

use crate::time::Clock;
use crate::upload::key::ObjectKey;
use crate::upload::signer::{Presign, S3Signer};

/// Attempts in all. Deleting twice is the same as deleting once.
const ATTEMPTS: u32 = 2;
/// How long one attempt may take.
const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(1500);

/// Deletes objects of one bucket.
#[derive(Clone, Debug)]
pub struct ObjectDeleter {
    http: SharedHttpConnector,
    signer: S3Signer,
    clock: Clock,
}

/// S3 did not confirm the deletion.
#[derive(Debug, thiserror::Error)]
pub enum DeleteObjectError {
    /// It could not be asked.
    #[error("S3 could not be reached")]
    Unreachable(#[source] ConnectorError),
    /// It was asked, and did not answer.
    #[error("S3 did not answer in time")]
    TimedOut,
    /// It refused, which a repetition does not change.
    #[error("S3 answered {0}")]
    Refused(StatusCode),
}

impl ObjectDeleter {
    /// A deleter that signs with `signer` and sends with `http`.
    pub fn new(http: SharedHttpConnector, signer: S3Signer, clock: Clock) -> Self {
        Self {
            http,
            signer,
            clock,
        }
    }

    /// Deletes a version for good.
    ///
    /// # Errors
    /// If S3 cannot be reached or refuses, each time. An object that is not there counts as deleted.
    pub async fn delete(&self, key: &ObjectKey, version: &str) -> Result<(), DeleteObjectError> {
        let mut attempt = 1;
        loop {
            match self.try_delete(key, version).await {
                Err(DeleteObjectError::Refused(status)) if !status.is_server_error() => {
                    return Err(DeleteObjectError::Refused(status));
                }
                Err(_) if attempt < ATTEMPTS => attempt += 1,
                outcome => return outcome,
            }
        }
    }

    async fn try_delete(&self, key: &ObjectKey, version: &str) -> Result<(), DeleteObjectError> {
        let mut request = Request::new(SdkBody::empty());
        *request.method_mut() = Method::DELETE;
        *request.uri_mut() = self.signer.presign(&Presign {
            method: Method::DELETE.as_str(),
            key,
            version: Some(version),
            headers: &[],
            query: &[],
            from: self.clock.now(),
            expires_in: Duration::from_secs(60),
        });
        let request = HttpRequest::try_from(request)
            .map_err(|error| DeleteObjectError::Unreachable(ConnectorError::user(error.into())))?;
        let answer = tokio::time::timeout(ATTEMPT_TIMEOUT, self.http.call(request)).await;
        let answer = answer
            .map_err(|_| DeleteObjectError::TimedOut)?
            .map_err(DeleteObjectError::Unreachable)?;
        match StatusCode::from(answer.status()) {
            status if status.is_success() => Ok(()),
            // As for reads of a version that is gone (404), or that is a delete marker (405): there is nothing to remove.
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Ok(()),
            status => Err(DeleteObjectError::Refused(status)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use crate::aws::Aws;
    use crate::config::Vars;
    use crate::ids::{Epoch, OpenId, Purpose, UploadId, UserId};
    use crate::random::Random;
    use crate::time::Timestamp;

    /// An S3 that answers everything with `status`, and how an erasure there ends.
    async fn erased_where_s3_answers(status: &str) -> Result<(), DeleteObjectError> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                if stream.read(&mut [0; 4096]).is_ok() {
                    let _ = stream.write_all(answer.as_bytes());
                }
            }
        });
        let get = |name: &str| match name {
            "AWS_REGION" => Some("us-east-1".to_owned()),
            "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("test".to_owned()),
            "AWS_ENDPOINT_URL" => Some(url.clone()),
            _ => None,
        };
        let mut vars = Vars::new(&get);
        let network = crate::net::Network::read(&mut vars);
        let aws = Aws::read(&mut vars, network);
        vars.finish().unwrap();
        let signer = S3Signer::new(&aws, "bucket".to_owned());
        let at = Timestamp::from_millis(1_800_000_000_000);
        let random = Random::new(|bytes| bytes.fill(1));
        let key = ObjectKey {
            user: UserId::derive("wx", &"alice".parse::<OpenId>().unwrap()),
            upload: UploadId::new(at, Purpose::File, Epoch::FIRST, &random),
            content_type: "image/png".parse().unwrap(),
        };
        let deleter = ObjectDeleter::new(aws.http().unwrap().clone(), signer, Clock::system());
        deleter.delete(&key, "v1").await
    }

    #[tokio::test]
    async fn what_is_not_there_counts_as_erased_and_a_refusal_does_not() {
        for status in ["204 -", "404 NoSuchVersion", "405 MethodNotAllowed"] {
            assert!(erased_where_s3_answers(status).await.is_ok(), "{status}");
        }
        for status in ["400 -", "403 -", "500 -"] {
            assert!(erased_where_s3_answers(status).await.is_err(), "{status}");
        }
    }
}

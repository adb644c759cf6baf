//! Deletes single objects without an S3 SDK: a presigned DELETE, sent at once.

use std::time::Duration;

use aws_smithy_types::body::SdkBody;
use http::{Request, StatusCode};

use crate::net::HttpsClient;
use crate::seams::Clock;
use crate::upload::key::ObjectKey;
use crate::upload::signer::{Presign, S3Signer};

/// Attempts in all. Deleting twice is the same as deleting once.
const ATTEMPTS: u32 = 2;
/// One attempt.
const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(1500);

/// Deletes objects of one bucket.
#[derive(Clone, Debug)]
pub struct Eraser {
    client: HttpsClient<SdkBody>,
    signer: S3Signer,
    clock: Clock,
}

/// S3 did not confirm the deletion.
#[derive(Debug, thiserror::Error)]
pub enum NotErased {
    /// It could not be asked.
    #[error("S3 could not be reached")]
    Unreachable(#[source] hyper_util::client::legacy::Error),
    /// It was asked, and did not answer.
    #[error("S3 did not answer in time")]
    TimedOut,
    /// The address of the object is none.
    #[error("the address cannot be asked")]
    Unaddressable(#[source] http::Error),
    /// It refused.
    #[error("S3 answered {0}")]
    Refused(StatusCode),
}

impl Eraser {
    /// An eraser that signs with `signer` and sends with `client`.
    pub fn new(client: HttpsClient<SdkBody>, signer: S3Signer, clock: Clock) -> Self {
        Self {
            client,
            signer,
            clock,
        }
    }

    /// Deletes a version for good.
    ///
    /// # Errors
    /// If S3 cannot be reached or refuses, each time. An object that is not there counts as deleted.
    pub async fn erase(&self, key: &ObjectKey, version: &str) -> Result<(), NotErased> {
        let mut attempt = 1;
        loop {
            match self.try_erase(key, version).await {
                Err(NotErased::Refused(status)) if !status.is_server_error() => {
                    return Err(NotErased::Refused(status));
                }
                Err(_) if attempt < ATTEMPTS => attempt += 1,
                outcome => return outcome,
            }
        }
    }

    async fn try_erase(&self, key: &ObjectKey, version: &str) -> Result<(), NotErased> {
        let from = self.clock.now();
        let expires_in = Duration::from_secs(60);
        let request = Presign {
            method: "DELETE",
            key,
            version: Some(version),
            headers: &[],
            query: &[],
            from,
            expires_in,
        };
        let request = Request::delete(self.signer.presign(&request))
            .body(SdkBody::empty())
            .map_err(NotErased::Unaddressable)?;
        let answer = tokio::time::timeout(ATTEMPT_TIMEOUT, self.client.request(request)).await;
        match answer
            .map_err(|_| NotErased::TimedOut)?
            .map_err(NotErased::Unreachable)?
            .status()
        {
            status if status.is_success() || status == StatusCode::NOT_FOUND => Ok(()),
            status => Err(NotErased::Refused(status)),
        }
    }
}

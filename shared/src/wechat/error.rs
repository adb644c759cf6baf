//! What can go wrong between us and WeChat, and what a client is told of it.

use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::result::ConnectorError;
use http::StatusCode;

use crate::error::{Code, Error};
use crate::telemetry::Metric;
use crate::wechat::errcode::{self, Class, Endpoint, meaning};

/// Why WeChat gave nothing that can be used.
#[derive(Debug, thiserror::Error)]
pub enum WechatError {
    /// It answered an error code.
    #[error("WeChat answered errcode {errcode}")]
    Errcode {
        /// The call, on which the meaning of an errcode can depend.
        endpoint: Endpoint,
        /// The number in WeChat's response; never 0.
        errcode: i64,
        /// How long the error lasts, if that is known.
        wait: Option<Duration>,
    },
    /// It, or a gateway in front of it, answered HTTP 429.
    #[error("WeChat answered HTTP 429")]
    TooManyRequests {
        /// What its `Retry-After` says, in seconds.
        wait: Option<Duration>,
    },
    /// It did not answer in time.
    #[error("WeChat did not answer in time")]
    TimedOut,
    /// No connection was made, or it broke before the response began.
    #[error("WeChat could not be reached")]
    Unreachable(#[source] ConnectorError),
    /// The connection broke in the middle of the response.
    #[error("WeChat's response ended early")]
    Interrupted(#[source] BoxError),
    /// `WECHAT_API_BASE_URL` is no address.
    #[error("the address of WeChat cannot be used")]
    Unaddressable,
    /// It answered with an HTTP error.
    #[error("WeChat answered HTTP {0}")]
    Status(StatusCode),
    /// It answered something that is not its protocol.
    #[error("WeChat's answer cannot be read: {0}")]
    Malformed(&'static str),
    /// It answered in its protocol, but without what was asked for, or with something else in its place.
    #[error("WeChat's answer is of no use: {0}")]
    Unusable(&'static str),
    /// It failed so often that it is not asked for a while.
    #[error("WeChat is not asked for another {} ms", .0.as_millis())]
    NotAsked(Duration),
}

impl WechatError {
    /// Whether WeChat was not working. Any answer in its protocol says that it was, and so does a refusal by HTTP:
    /// these can be due to one client's code or one person's account, which must not shut out everybody else.
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Errcode { errcode, .. } => *errcode == errcode::BUSY,
            Self::Status(status) => !status.is_client_error(),
            Self::TooManyRequests { .. } | Self::Unaddressable | Self::Unusable(_) => false,
            Self::TimedOut
            | Self::Unreachable(_)
            | Self::Interrupted(_)
            | Self::Malformed(_)
            | Self::NotAsked(_) => true,
        }
    }

    /// The metric that counts it.
    pub(super) fn metric(&self) -> Metric {
        self.class().map_or(Metric::WechatFailures, Class::metric)
    }

    /// Whether the app secret was refused, which a rotation explains.
    pub fn is_wrong_secret(&self) -> bool {
        matches!(
            self,
            Self::Errcode {
                errcode: errcode::WRONG_SECRET,
                ..
            }
        ) || matches!(
            self,
            Self::Errcode {
                endpoint: Endpoint::StableToken,
                errcode: 40001,
                ..
            }
        )
    }

    pub(super) fn is_bad_token(&self) -> bool {
        let is_token_call = matches!(
            self,
            Self::Errcode {
                endpoint: Endpoint::StableToken,
                ..
            }
        );
        self.class() == Some(Class::Token) && !is_token_call
    }

    /// Whether WeChat understood what was asked, and did not do it. What comes instead from the call for a token, or from
    /// something in between, says nothing about the request.
    pub fn is_about_the_request(&self) -> bool {
        match self {
            Self::Errcode { endpoint, .. } => *endpoint != Endpoint::StableToken,
            Self::Unusable(_) => true,
            _ => false,
        }
    }

    /// How long WeChat is not to be asked, if that is known.
    pub fn wait(&self) -> Option<Duration> {
        match self {
            Self::Errcode { wait, .. } | Self::TooManyRequests { wait } => *wait,
            Self::NotAsked(wait) => Some(*wait),
            _ => None,
        }
    }

    /// Whose fault an answer with an error code is; `None` if it has none.
    pub fn class(&self) -> Option<Class> {
        match self {
            Self::Errcode {
                endpoint, errcode, ..
            } => Some(meaning(*endpoint, *errcode).class),
            Self::TooManyRequests { .. } => Some(Class::Rate),
            _ => None,
        }
    }
}

impl From<WechatError> for Error {
    fn from(failure: WechatError) -> Self {
        let error = match &failure {
            WechatError::Errcode {
                endpoint,
                errcode,
                wait,
            } => after(*wait, Self::new(meaning(*endpoint, *errcode).code)),
            WechatError::TooManyRequests { wait } => {
                after(*wait, Self::new(Code::WechatRateLimited))
            }
            WechatError::TimedOut | WechatError::Unreachable(_) | WechatError::Interrupted(_) => {
                Self::new(Code::WechatUnavailable)
            }
            WechatError::Status(status) if status.is_server_error() => {
                Self::new(Code::WechatUnavailable)
            }
            WechatError::Status(_) | WechatError::Malformed(_) | WechatError::Unusable(_) => {
                Self::new(Code::WechatError)
            }
            WechatError::Unaddressable => Self::new(Code::Internal),
            WechatError::NotAsked(wait) => Self::new(Code::WechatUnavailable).retry_after(*wait),
        };
        error.caused_by(failure)
    }
}

/// The error with that wait instead of its default one.
fn after(wait: Option<Duration>, error: Error) -> Error {
    match wait {
        Some(wait) => error.retry_after(wait),
        None => error,
    }
}

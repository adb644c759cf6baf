//! What WeChat's error codes mean for our caller, as one table.
//!
//! Sources: the "error codes" sections of code2Session, getStableAccessToken and getPhoneNumber at
//! <https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/>, and reports of codes that are missing there (40163).

use crate::error::Code;

/// The calls that we make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// `GET /sns/jscode2session`
    Code2Session,
    /// `POST /cgi-bin/stable_token`
    StableToken,
    /// `POST /wxa/business/getuserphonenumber`
    PhoneNumber,
}

/// Whose fault it is, which is what an operator wants to know first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// WeChat is busy or out of quota.
    Unavailable,
    /// The client sent a code that is wrong, old or used.
    Client,
    /// WeChat's rules forbid it.
    Policy,
    /// Too many calls.
    Rate,
    /// App id, secret, IP list or account: somebody has to mend it.
    Config,
    /// The access token to WeChat is no longer good.
    Token,
    /// We sent something that we should not have.
    Bug,
    /// Not in the table.
    Unknown,
}

impl Class {
    /// The metric that counts it.
    pub const fn metric(self) -> &'static str {
        match self {
            Self::Unavailable => "wechat_unavailable",
            Self::Client => "wechat_client_errors",
            Self::Policy => "wechat_policy_refusals",
            Self::Rate => "wechat_rate_limits",
            Self::Config => "wechat_config_errors",
            Self::Token => "wechat_token_errors",
            Self::Bug => "wechat_bugs",
            Self::Unknown => "wechat_unknown_errcodes",
        }
    }
}

/// What an errcode means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// Our answer.
    pub code: Code,
    /// Whose fault it is.
    pub class: Class,
}

/// "System busy": the one errcode after which the same call may be repeated.
pub const BUSY: i64 = -1;
/// The secret is wrong: it may have been rotated.
pub const WRONG_SECRET: i64 = 40125;
/// The caller's address is not on the account's list; the text names it.
pub const IP_NOT_LISTED: i64 = 40164;

type Row = (i64, Option<Endpoint>, Code, Class);

/// errcode, the endpoint it is particular to (`None`: all), our answer, whose fault. A particular row comes before a
/// general one.
const TABLE: [Row; 28] = [
    (BUSY, None, Code::WechatUnavailable, Class::Unavailable),
    (
        40029,
        Some(Endpoint::PhoneNumber),
        Code::WechatPhoneCodeInvalid,
        Class::Client,
    ),
    (40029, None, Code::WechatCodeInvalid, Class::Client),
    (
        40163,
        Some(Endpoint::PhoneNumber),
        Code::WechatPhoneCodeInvalid,
        Class::Client,
    ),
    (40163, None, Code::WechatCodeUsed, Class::Client),
    (40226, None, Code::WechatUserBlocked, Class::Policy),
    (45011, None, Code::WechatRateLimited, Class::Rate),
    (45009, None, Code::WechatUnavailable, Class::Unavailable),
    (40013, None, Code::WechatConfig, Class::Config),
    (WRONG_SECRET, None, Code::WechatConfig, Class::Config),
    (41002, None, Code::WechatConfig, Class::Bug),
    (41004, None, Code::WechatConfig, Class::Bug),
    (41008, None, Code::InvalidRequest, Class::Bug),
    (40066, None, Code::WechatConfig, Class::Bug),
    (
        40001,
        Some(Endpoint::StableToken),
        Code::WechatConfig,
        Class::Config,
    ),
    (40001, None, Code::WechatError, Class::Token),
    (40014, None, Code::WechatError, Class::Token),
    (42001, None, Code::WechatError, Class::Token),
    (40002, None, Code::WechatConfig, Class::Bug),
    (IP_NOT_LISTED, None, Code::WechatConfig, Class::Config),
    (40243, None, Code::WechatConfig, Class::Config),
    (50004, None, Code::WechatConfig, Class::Config),
    (50007, None, Code::WechatConfig, Class::Config),
    (89501, None, Code::WechatConfig, Class::Config),
    (89503, None, Code::WechatConfig, Class::Config),
    (89506, None, Code::WechatConfig, Class::Config),
    (89507, None, Code::WechatConfig, Class::Config),
    (48001, None, Code::WechatNotEnabled, Class::Config),
];

/// What `errcode` means when `endpoint` answers it. What is not in the table is 502 `wechat_error`.
pub fn meaning(endpoint: Endpoint, errcode: i64) -> Meaning {
    TABLE
        .iter()
        .find(|(known, at, ..)| *known == errcode && at.is_none_or(|at| at == endpoint))
        .map_or(
            Meaning {
                code: Code::WechatError,
                class: Class::Unknown,
            },
            |(.., code, class)| Meaning {
                code: *code,
                class: *class,
            },
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_code_and_a_login_code_fail_differently() {
        assert_eq!(
            meaning(Endpoint::Code2Session, 40029).code,
            Code::WechatCodeInvalid
        );
        assert_eq!(
            meaning(Endpoint::PhoneNumber, 40029).code,
            Code::WechatPhoneCodeInvalid
        );
    }

    #[test]
    fn no_row_hides_another() {
        for (i, (errcode, endpoint, code, _)) in TABLE.iter().enumerate() {
            let asked = endpoint.unwrap_or(Endpoint::Code2Session);
            assert_eq!(meaning(asked, *errcode).code, *code, "row {i}");
        }
    }

    #[test]
    fn the_unknown_is_wechats_error() {
        assert_eq!(
            meaning(Endpoint::Code2Session, 99999).code,
            Code::WechatError
        );
        assert_eq!(
            meaning(Endpoint::PhoneNumber, 47001).code,
            Code::WechatError
        );
    }
}

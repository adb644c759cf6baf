//! What WeChat's error codes mean for our caller, as one table.
//!
//! Sources: the "error codes" sections of code2Session, getStableAccessToken, getPhoneNumber, mediaCheckAsync and msgSecCheck at
//! <https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/>, the errors common to all calls at
//! <https://developers.weixin.qq.com/doc/oplatform/developers/errCode/errCode.html>, and reports of codes that are
//! missing there (40163).

use std::time::Duration;

use crate::error::Code;
use crate::telemetry::Metric;
use crate::time::Timestamp;

/// The calls that we make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// `GET /sns/jscode2session`
    Code2Session,
    /// `POST /cgi-bin/stable_token`
    StableToken,
    /// `POST /wxa/business/getuserphonenumber`
    PhoneNumber,
    /// `POST /wxa/media_check_async`
    MediaCheck,
    /// `POST /wxa/msg_sec_check`
    TextCheck,
}

/// Whose fault it is, which is what an operator wants to know first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// WeChat is busy or broken; it passes by itself.
    Unavailable,
    /// The client sent a code that is wrong, old or used.
    Client,
    /// WeChat's rules forbid it to this person, or to mini-programs like this one.
    Policy,
    /// Too many calls in a minute or a day.
    Rate,
    /// App id, secret, IP list or account: the operator has to fix it.
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
    pub const fn metric(self) -> Metric {
        match self {
            Self::Unavailable => Metric::WechatUnavailable,
            Self::Client => Metric::WechatClientErrors,
            Self::Policy => Metric::WechatPolicyRefusals,
            Self::Rate => Metric::WechatRateLimits,
            Self::Config => Metric::WechatConfigErrors,
            Self::Token => Metric::WechatTokenErrors,
            Self::Bug => Metric::WechatBugs,
            Self::Unknown => Metric::WechatUnknownErrcodes,
        }
    }
}

/// What an errcode means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// What our client is told.
    pub code: Code,
    /// Whose fault it is.
    pub class: Class,
}

/// "System busy": the one errcode after which the same call may be repeated.
pub const BUSY: i64 = -1;
/// The minute's calls are used up.
const MINUTE_QUOTA: i64 = 44991;
/// The day's calls are used up.
const DAILY_QUOTA: i64 = 45009;
/// The secret is wrong: it may have been rotated.
pub const WRONG_SECRET: i64 = 40125;
/// The caller's address is not on the account's list; the text names it.
pub const IP_NOT_LISTED: i64 = 40164;

type Row = (i64, Option<Endpoint>, Code, Class);

/// errcode, the endpoint it is particular to (`None`: all), our answer, whose fault. A particular row comes before a
/// general one.
const TABLE: [Row; 48] = [
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
    (
        50002,
        Some(Endpoint::StableToken),
        Code::WechatConfig,
        Class::Config,
    ),
    // The person's account is frozen or closed.
    (50002, None, Code::WechatUserBlocked, Class::Policy),
    (45011, None, Code::WechatRateLimited, Class::Rate),
    (DAILY_QUOTA, None, Code::WechatRateLimited, Class::Rate),
    // The code was given to another mini-program, or to another person.
    (
        40013,
        Some(Endpoint::PhoneNumber),
        Code::WechatPhoneCodeInvalid,
        Class::Client,
    ),
    (
        40003,
        Some(Endpoint::PhoneNumber),
        Code::WechatPhoneCodeInvalid,
        Class::Client,
    ),
    (
        43104,
        Some(Endpoint::PhoneNumber),
        Code::WechatPhoneCodeInvalid,
        Class::Client,
    ),
    // What was to be checked, or whose it is, is nothing that WeChat checks.
    (
        40003,
        Some(Endpoint::MediaCheck),
        Code::WechatError,
        Class::Client,
    ),
    (
        40003,
        Some(Endpoint::TextCheck),
        Code::WechatError,
        Class::Client,
    ),
    (
        43104,
        Some(Endpoint::MediaCheck),
        Code::WechatError,
        Class::Client,
    ),
    (
        43104,
        Some(Endpoint::TextCheck),
        Code::WechatError,
        Class::Client,
    ),
    (40004, None, Code::WechatError, Class::Client),
    (40129, None, Code::WechatError, Class::Client),
    // The same check was asked for too often.
    (87020, None, Code::WechatError, Class::Client),
    // The person has not used the mini-program in the last two hours.
    (61010, None, Code::WechatError, Class::Policy),
    (MINUTE_QUOTA, None, Code::WechatRateLimited, Class::Rate),
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
    (41001, None, Code::WechatError, Class::Token),
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
    // What kind of account it is decides this, and nobody can put it right in a hurry.
    (48001, None, Code::WechatNotEnabled, Class::Policy),
    // WeChat has shut the account out of the call for breaking its rules.
    (48004, None, Code::WechatNotEnabled, Class::Config),
    (43002, None, Code::WechatError, Class::Bug),
    (43302, None, Code::WechatError, Class::Bug),
    (44002, None, Code::WechatError, Class::Bug),
    (47001, None, Code::WechatError, Class::Bug),
];

/// How long an errcode lasts, for those of which WeChat says so: a day's quota ends at midnight in China, which is
/// eight hours ahead of UTC all year.
pub fn wait(errcode: i64, now: Timestamp) -> Option<Duration> {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    const AHEAD: Duration = Duration::from_secs(8 * 60 * 60);
    let in_china = now.after(AHEAD);
    (errcode == DAILY_QUOTA).then(|| in_china.window_start(DAY).after(DAY).since(in_china))
}

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
    fn a_days_quota_lasts_until_midnight_in_china() {
        let wait = |millis| wait(DAILY_QUOTA, Timestamp::from_millis(millis)).unwrap();
        // 2026-11-27T15:59:59Z and a second later: the day changes.
        assert_eq!(wait(1_795_795_199_000), Duration::from_secs(1));
        assert_eq!(wait(1_795_795_200_000), Duration::from_secs(24 * 60 * 60));
        assert_eq!(super::wait(45011, Timestamp::from_millis(0)), None);
    }

    /// What one person's code or account brings about rings no alarm.
    #[test]
    fn nobody_elses_codes_are_our_configuration() {
        for errcode in [40003, 40013, 40029, 40163, 43104] {
            let meaning = meaning(Endpoint::PhoneNumber, errcode);
            assert_eq!(meaning.code, Code::WechatPhoneCodeInvalid, "{errcode}");
            assert_eq!(meaning.class, Class::Client, "{errcode}");
        }
        for endpoint in [Endpoint::Code2Session, Endpoint::PhoneNumber] {
            for errcode in [40226, 50002] {
                assert_eq!(meaning(endpoint, errcode).code, Code::WechatUserBlocked);
                assert_eq!(meaning(endpoint, errcode).class, Class::Policy);
            }
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

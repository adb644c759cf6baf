//! The metrics. Alarms, the dashboard and what is paid for hang on these names.

/// Which functions write a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writers {
    /// Written by every function.
    All,
    /// The functions behind the API.
    Http,
    /// The functions that read a queue.
    Queue,
    /// The functions that ask WeChat.
    Wechat,
    /// The functions that decide about uploads.
    Uploads,
    /// The function of this name alone.
    Only(&'static str),
}

impl Writers {
    /// Whether the function `name` is one of them.
    pub fn include(self, name: &str, is_http: bool) -> bool {
        match self {
            Self::All => true,
            Self::Http => is_http,
            Self::Queue => !is_http,
            Self::Wechat => matches!(name, "login" | "moderation"),
            Self::Uploads => matches!(name, "s3-event" | "moderation"),
            Self::Only(writer) => writer == name,
        }
    }
}

/// The unit of a metric, in CloudWatch's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// `Count`
    Count,
    /// `Milliseconds`
    Milliseconds,
}

impl Unit {
    /// The unit as CloudWatch writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Milliseconds => "Milliseconds",
        }
    }
}

/// A row for each metric: the enum, its list and its names cannot disagree.
macro_rules! metrics {
    ($($metric:ident = $name:literal, $unit:ident, $writers:expr;)+) => {
        /// What a function counts or measures while it works on a request or message.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Metric {
            $(#[doc = concat!("`", $name, "`")] $metric,)+
        }

        impl Metric {
            /// Every metric, for tests that compare them with the template.
            pub const ALL: &'static [Self] = &[$(Self::$metric),+];

            /// The metric's name in CloudWatch and in the log.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$metric => $name,)+
                }
            }

            /// The unit that CloudWatch is told.
            pub const fn unit(self) -> Unit {
                match self {
                    $(Self::$metric => Unit::$unit,)+
                }
            }

            /// Which functions write it.
            pub const fn writers(self) -> Writers {
                match self {
                    $(Self::$metric => $writers,)+
                }
            }
        }
    };
}

metrics! {
    // Every request or message.
    DurationMs = "duration_ms", Milliseconds, Writers::All;
    ColdStarts = "cold_starts", Count, Writers::All;
    Panics = "panics", Count, Writers::All;
    DeadlinesMissed = "deadlines_missed", Count, Writers::Http;
    HopelessMessages = "hopeless_messages", Count, Writers::Queue;
    FailedMessages = "failed_messages", Count, Writers::Queue;

    // Accounts and sessions.
    Logins = "logins", Count, Writers::Only("login");
    NewUsers = "new_users", Count, Writers::Only("login");
    Refreshes = "refreshes", Count, Writers::Only("login");
    RefreshReuses = "refresh_reuses", Count, Writers::Only("login");
    DeletedUsers = "deleted_users", Count, Writers::Only("users");

    // WeChat, one for each class of its error codes.
    WechatUnavailable = "wechat_unavailable", Count, Writers::Wechat;
    WechatClientErrors = "wechat_client_errors", Count, Writers::Wechat;
    WechatPolicyRefusals = "wechat_policy_refusals", Count, Writers::Wechat;
    WechatRateLimits = "wechat_rate_limits", Count, Writers::Wechat;
    WechatConfigErrors = "wechat_config_errors", Count, Writers::Wechat;
    WechatTokenErrors = "wechat_token_errors", Count, Writers::Wechat;
    WechatBugs = "wechat_bugs", Count, Writers::Wechat;
    WechatUnknownErrcodes = "wechat_unknown_errcodes", Count, Writers::Wechat;
    // The call failed without an error code.
    WechatFailures = "wechat_failures", Count, Writers::Wechat;
    WechatBreakerOpened = "wechat_breaker_opened", Count, Writers::Wechat;

    // Uploads.
    Tickets = "tickets", Count, Writers::Only("presign");
    UploadEvents = "upload_events", Count, Writers::Only("s3-event");
    UploadsReady = "uploads_ready", Count, Writers::Uploads;
    UploadsRejected = "uploads_rejected", Count, Writers::Uploads;
    OrphansRemoved = "orphans_removed", Count, Writers::Only("s3-event");

    // Content checks.
    ChecksAsked = "checks_asked", Count, Writers::Only("moderation");
    ChecksPostponed = "checks_postponed", Count, Writers::Only("moderation");
    ChecksPassed = "checks_passed", Count, Writers::Only("moderation");
    ChecksRisky = "checks_risky", Count, Writers::Only("moderation");
    ChecksToReview = "checks_to_review", Count, Writers::Only("moderation");

    // WeChat's message push.
    PushesQueued = "pushes_queued", Count, Writers::Only("wechat-push");
    PushesIgnored = "pushes_ignored", Count, Writers::Only("wechat-push");
    PushesRefused = "pushes_refused", Count, Writers::Only("wechat-push");
    PushKeyMismatches = "push_key_mismatches", Count, Writers::Only("wechat-push");

    // Deleted accounts.
    PurgedRecords = "purged_records", Count, Writers::Only("purge");
    PurgedObjects = "purged_objects", Count, Writers::Only("purge");
    PurgesFinished = "purges_finished", Count, Writers::Only("purge");
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn each_metric_has_a_name_of_its_own() {
        let names: HashSet<_> = Metric::ALL.iter().map(|metric| metric.name()).collect();
        assert_eq!(names.len(), Metric::ALL.len());
    }
}

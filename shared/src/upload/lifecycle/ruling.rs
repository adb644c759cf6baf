//! What is said of a version after it was verified: by WeChat's content check, or by a moderator.

use crate::upload::lifecycle::{Snapshot, UploadStatus};

/// What is said of the version that a record references.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ruling {
    /// The check found nothing.
    Passed,
    /// The check found what must not be shown.
    Risky,
    /// The check is not sure, cannot be made, or has no result in time.
    Unsure,
    /// A moderator lets it be shown.
    Approved,
    /// A moderator does not.
    Denied,
}

impl Ruling {
    /// Every ruling, for tests.
    pub const ALL: [Self; 5] = [
        Self::Passed,
        Self::Risky,
        Self::Unsure,
        Self::Approved,
        Self::Denied,
    ];

    /// The state in which a ruling expects the record. A handler assumes it and writes conditionally, which saves a read.
    pub const fn expected_status(self) -> UploadStatus {
        match self {
            Self::Passed | Self::Risky | Self::Unsure => UploadStatus::Checking,
            Self::Approved | Self::Denied => UploadStatus::Review,
        }
    }
}

/// What a ruling does to the record. Each change is one conditional write, refused if the record is no longer as
/// [`judge`] was given it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// The record becomes `ready`, and an avatar is shown on the profile.
    Show,
    /// The record becomes `review`.
    Hold,
    /// The record becomes `rejected` and lists the version until it is removed from the bucket.
    Withdraw,
    /// Nothing to do; the reason is logged.
    Ignore(&'static str),
}

/// Decides on `ruling` of `version`. `record` is `None` if the table holds none.
pub fn judge(record: Option<&Snapshot>, version: &str, ruling: Ruling) -> Judgement {
    use UploadStatus::{Checking, Ready, Review};
    let Some(record) = record.filter(|record| record.references(version)) else {
        return Judgement::Ignore("no record references the version");
    };
    match (ruling, record.status) {
        (Ruling::Passed, Checking) | (Ruling::Approved, Checking | Review) => Judgement::Show,
        (Ruling::Unsure, Checking) => Judgement::Hold,
        (Ruling::Risky, Checking) | (Ruling::Denied, Checking | Review | Ready) => {
            Judgement::Withdraw
        }
        _ => Judgement::Ignore("the upload has been decided on"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::sample::select;

    const SHOW: Judgement = Judgement::Show;
    const HOLD: Judgement = Judgement::Hold;
    const WITHDRAW: Judgement = Judgement::Withdraw;
    const IGNORE: Judgement = Judgement::Ignore("the upload has been decided on");

    fn record(status: UploadStatus) -> Snapshot {
        Snapshot {
            status,
            // An earlier release left the version on records that no longer reference it.
            version: Some("referenced".to_owned()),
            declared_size: Some(10),
        }
    }

    /// The table in the module's documentation, written out.
    #[test]
    fn a_ruling_changes_what_waits_for_it() {
        for (status, expected) in [
            (
                UploadStatus::Checking,
                [SHOW, WITHDRAW, HOLD, SHOW, WITHDRAW],
            ),
            (
                UploadStatus::Review,
                [IGNORE, IGNORE, IGNORE, SHOW, WITHDRAW],
            ),
            (
                UploadStatus::Ready,
                [IGNORE, IGNORE, IGNORE, IGNORE, WITHDRAW],
            ),
        ] {
            let judged =
                Ruling::ALL.map(|ruling| judge(Some(&record(status)), "referenced", ruling));
            assert_eq!(judged, expected, "{status:?}");
        }
    }

    #[test]
    fn a_ruling_expects_a_state_that_it_changes() {
        for ruling in Ruling::ALL {
            let expected = record(ruling.expected_status());
            let judged = judge(Some(&expected), "referenced", ruling);
            assert!(!matches!(judged, Judgement::Ignore(_)), "{ruling:?}");
        }
    }

    proptest! {
        /// Nothing but a moderator's word changes what is shown or waits for a moderator, and nothing at all changes what
        /// references no version or another one.
        #[test]
        fn a_ruling_about_anything_else_is_ignored(
            status in select(&UploadStatus::ALL[..]), ruling in select(&Ruling::ALL[..]),
            version in select(&["referenced", "other"][..]), is_known: bool,
        ) {
            let record = record(status);
            let record = is_known.then_some(&record);
            let is_ignored = matches!(judge(record, version, ruling), Judgement::Ignore(_));
            let is_moderators = matches!(ruling, Ruling::Approved | Ruling::Denied);
            let waits = match status {
                UploadStatus::Checking => true,
                UploadStatus::Review => is_moderators,
                UploadStatus::Ready => ruling == Ruling::Denied,
                _ => false,
            };
            prop_assert_eq!(is_ignored, !(is_known && waits && version == "referenced"));
        }

        /// A version that was withdrawn is never shown again.
        #[test]
        fn what_is_withdrawn_stays_so(ruling in select(&Ruling::ALL[..])) {
            let judged = judge(Some(&record(UploadStatus::Rejected)), "referenced", ruling);
            prop_assert!(matches!(judged, Judgement::Ignore(_)));
        }
    }
}

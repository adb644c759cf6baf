//! The kinds of findings.

use std::fmt;

/// Declares the kinds with their texts, which name no id and never change.
macro_rules! kinds {
    ($($name:ident = $text:literal,)*) => {
        /// What has been violated.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $(#[doc = $text] $name,)*
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The kind as text.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

kinds! {
    // The table
    UnknownItem = "an item that no rule knows",
    UnknownAttribute = "an attribute that no rule knows",
    // Accounts
    UserRemoved = "a user item was removed",
    EpochWentBack = "epoch went back",
    EpochWithoutDeletion = "epoch and deletion do not go together",
    VersionWentBack = "version went back",
    FenceWentBack = "fence went back",
    FenceNotRaised = "a write that orders others did not raise the fence",
    SessionsEndedAtWentBack = "sessions_ended_at went back",
    StatusPath = "the account's status took a way that does not exist",
    DeletedAccountHasData = "a deleted account has personal data",
    DeletedAccountHasSession = "a deleted account has a session",
    LiveAccountIncomplete = "a live account lacks an attribute",
    ChangeWithoutVersion = "a visible change did not raise the version",
    UpdatedAtNotLater = "updated_at did not become later",
    FixedAttributeChanged = "an attribute of the account changed that never does",
    EditTwice = "an edit was written twice",
    LoginTwice = "a login was written twice",
    LoginWithoutSession = "a login left no session of its own",
    AccessChangeWithoutAudit = "role or status changed without an entry in the audit",
    // Sessions
    SessionReturned = "a session came back",
    TokenReturned = "a session went back to an older token",
    SessionForked = "a session's token does not follow the one before",
    SessionNumberChanged = "a session's number changed or is not its login's",
    EndedSessionRefreshed = "a session was refreshed that had ended",
    // Names
    ReservationTaken = "a reservation was taken from its owner",
    ReservationWithoutUser = "a reservation without a user who has the name",
    UserWithoutReservation = "a name without a reservation",
    NameWithoutForm = "a name and its compared form do not go together",
    // Uploads
    UploadPath = "an upload's status took a way that does not exist",
    UploadIncomplete = "an upload's attributes do not fit its status",
    UploadFixedChanged = "an attribute of an upload changed that never does",
    VersionReplaced = "a referenced version was replaced by another",
    UnverifiedReferenced = "a record references what was not verified",
    UploadWithoutAccount = "an upload was created without an active account",
    UploadRemovedEarly = "a record was removed while its account was there",
    AvatarNotReady = "the profile shows a picture that is not ready",
    // The owner state
    OwnerStateDisagrees = "the owner state disagrees with the account",
    // Quotas
    OpenTicketUncounted = "a live ticket is not counted as open",
    TooManyOpen = "more tickets are open than the limit allows",
    TooManyToday = "more tickets were issued on a day than the limit allows",
    TicketUncounted = "a ticket was issued without being counted",
    BytesUncounted = "fewer bytes are counted than are stored or reserved",
    QuotaWithoutAccount = "a quota was raised for an account that is not active",
    // Idempotency
    IdempotencyForeign = "an idempotency key leads to uploads of another request",
    IdempotencyChanged = "an idempotency item changed before it expired",
    // The audit
    AuditChanged = "an entry of the audit was changed",
    AuditIncomplete = "an entry of the audit lacks an attribute",
    AuditByNobody = "an administrative write by somebody who is no administrator",
    AuditDisagrees = "an entry of the audit is not what was written",
    // The bucket
    ObjectChanged = "a stored version changed",
    // At the end
    PurgeUnfinished = "a deletion was never finished",
    PurgeLeftRecord = "a purge left a record",
    PurgeLeftQuota = "a purge left a quota",
    PurgeLeftObject = "a purge left an object",
    UnreferencedVersion = "a stored version is referenced by no record",
    ListedVersionLeft = "a version is left that a tombstone lists for removal",
    MarkerLeft = "a delete marker is left",
    ReferencedVersionMissing = "a record references a version that is not there",
    PendingWithObject = "an upload is pending although its object was stored",
    MessageLeft = "a message is left in a queue",
    DeadLetter = "a message was given up after few faults",
    // Responses
    ServerError = "a response with status 500",
    ResponseShape = "a response that is not of the documented shape",
    WrongStatus = "a request got a response that it cannot get",
    ForeignData = "somebody else's data was shown",
    // The reference model
    ChangeLost = "an acknowledged change was lost",
    ChangeTwice = "a change was made more often than it was asked for",
    ChangeFromNowhere = "a change that nobody asked for",
    RefusedChangeMade = "a refused change was made",
    LateChange = "a late write undid a later change",
    AnswerDiffers = "a response differs from what was written",
    TokenFork = "a refresh token has two successors",
    TokenUnknown = "a refresh token that is not its session's",
    EndedTokenGood = "a token was good although its session or generation had ended",
    SessionLost = "a session was lost though nothing ended it",
    DeletedUploadShown = "a deleted upload was shown",
    UploadLost = "an upload was lost",
    LinkBroken = "a link does not give the verified bytes",
    IdempotencyBroken = "a repeated request got other uploads",
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

//! What actors can do.

use std::fmt;
use std::str::FromStr;

/// What an action is about, and who can do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    Account,
    Upload,
    Admin,
}

/// Declares the actions by subject, each with its name in scripts and its weight in random histories.
macro_rules! actions {
    ($($subject:ident { $($(#[doc = $doc:literal])+ $name:ident = $text:literal, $weight:literal;)* })*) => {
        /// One thing that an actor does.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action {
            $($($(#[doc = $doc])+ $name,)*)*
        }

        impl Action {
            /// Every action.
            pub const ALL: &[Self] = &[$($(Self::$name,)*)*];

            /// The action's name in scripts.
            pub const fn name(self) -> &'static str {
                match self { $($(Self::$name => $text,)*)* }
            }

            pub(super) const fn subject(self) -> Subject {
                match self { $($(Self::$name => Subject::$subject,)*)* }
            }

            pub(super) const fn weight(self) -> u32 {
                match self { $($(Self::$name => $weight,)*)* }
            }
        }
    };
}

actions! {
    Account {
        /// Logs in with a fresh code.
        Login = "login", 10;
        /// Logs in without making an account.
        LoginQuietly = "login-quietly", 4;
        /// Refreshes with the token at hand.
        Refresh = "refresh", 14;
        /// Refreshes twice at once.
        RefreshTwice = "refresh-twice", 6;
        /// Refreshes with the token before the one at hand.
        RefreshOld = "refresh-old", 2;
        /// Reads its own profile.
        Read = "read", 6;
        /// Reads its own profile if it has changed.
        ReadChanged = "read-changed", 2;
        /// Reads somebody else's profile.
        ReadOther = "read-other", 2;
        /// Reads several profiles.
        Profiles = "profiles", 1;
        /// Takes a username that others want.
        RenameA = "rename-a", 8;
        /// Takes another one.
        RenameB = "rename-b", 6;
        /// Takes one whose former form is another.
        RenameC = "rename-c", 3;
        /// Gives its username up.
        ClearName = "clear-name", 3;
        /// Takes a nickname that nobody had before.
        Nickname = "nickname", 8;
        /// Takes an e-mail address that others want.
        EmailA = "email-a", 3;
        /// Takes another one.
        EmailB = "email-b", 2;
        /// Gives its e-mail address up.
        ClearEmail = "clear-email", 1;
        /// Changes nickname and names in one request.
        EditAll = "edit-all", 3;
        /// Changes the nickname if nobody else has changed anything.
        EditMatching = "edit-matching", 5;
        /// The same by a tag that it got earlier.
        EditStale = "edit-stale", 2;
        /// Takes a username by the tag at hand.
        RenameMatching = "rename-matching", 3;
        /// Stores the phone number.
        Phone = "phone", 2;
        /// Tries to change somebody else.
        EditOther = "edit-other", 1;
        /// Tries to make itself an administrator.
        Promote = "promote", 1;
        /// Repeats the last change of its account.
        Repeat = "repeat", 6;
        /// Uses a token that it should have forgotten.
        UseOldToken = "use-old-token", 5;
        /// Ends its session.
        Logout = "logout", 5;
        /// Ends all sessions.
        LogoutAll = "logout-all", 4;
        /// Deletes its account.
        DeleteAccount = "delete-account", 4;
        /// Deletes its account by the tag at hand.
        DeleteMatching = "delete-matching", 1;
    }
    Upload {
        /// Asks for a ticket with which to POST a file.
        TicketPost = "ticket-post", 5;
        /// Asks for a ticket with which to PUT a file.
        TicketPut = "ticket-put", 4;
        /// Asks for a ticket for a picture.
        TicketAvatar = "ticket-avatar", 7;
        /// Asks for a ticket with a key of its own.
        TicketKeyed = "ticket-keyed", 4;
        /// Repeats the last request with a key.
        TicketAgain = "ticket-again", 5;
        /// Uses the last key for another request.
        TicketOther = "ticket-other", 1;
        /// Asks for several tickets with one key.
        Batch = "batch", 4;
        /// Sends the right object with the ticket at hand.
        Send = "send", 16;
        /// Sends it twice.
        SendTwice = "send-twice", 3;
        /// Sends an object whose bytes are of another type.
        SendWrong = "send-wrong", 3;
        /// Sends an object that is too large.
        SendLarge = "send-large", 1;
        /// Sends the object after the ticket has ended.
        SendLate = "send-late", 1;
        /// Gets a picture and sends it.
        NewAvatar = "new-avatar", 8;
        /// Puts the last picture on the profile.
        ChooseAvatar = "choose-avatar", 4;
        /// Takes the picture off the profile.
        ClearAvatar = "clear-avatar", 2;
        /// Lists its uploads, page by page.
        ListUploads = "list-uploads", 3;
        /// Reads the last upload.
        ReadUpload = "read-upload", 5;
        /// Reads an upload of somebody else's.
        ReadForeign = "read-foreign", 1;
        /// Follows the link of the last upload.
        FollowLink = "follow-link", 3;
        /// Deletes the last upload.
        DeleteUpload = "delete-upload", 5;
        /// Deletes an upload of somebody else's.
        DeleteForeign = "delete-foreign", 1;
        /// An operator hides the last upload's object behind a delete marker.
        HideObject = "hide-object", 2;
        /// An operator removes the version that the last upload references.
        RemoveVersion = "remove-version", 2;
    }
    Admin {
        /// Registers somebody ahead of their first login.
        CreateUser = "create-user", 4;
        /// Lists all users.
        ListUsers = "list-users", 2;
        /// Looks for who has a name.
        FindUser = "find-user", 2;
        /// Reads somebody.
        ReadUser = "read-user", 2;
        /// Changes somebody's nickname.
        EditUser = "edit-user", 3;
        /// Gives somebody a username that others want.
        RenameUser = "rename-user", 3;
        /// Makes somebody an editor.
        MakeEditor = "make-editor", 2;
        /// Makes somebody an administrator.
        MakeAdmin = "make-admin", 1;
        /// Makes somebody a user again.
        MakeUser = "make-user", 2;
        /// Shuts somebody's account.
        Disable = "disable", 4;
        /// Opens it again.
        Enable = "enable", 4;
        /// Deletes somebody's account.
        DeleteUser = "delete-user", 3;
        /// Lists somebody's uploads.
        ListUploadsOf = "list-uploads-of", 2;
        /// Deletes somebody's upload.
        DeleteUploadOf = "delete-upload-of", 4;
        /// Reads the audit.
        Audit = "audit", 2;
    }
}

impl Action {
    /// Whether it is about uploads.
    pub fn is_about_uploads(self) -> bool {
        self.subject() == Subject::Upload
    }

    /// Whether only an administrator does it.
    pub fn is_of_admin(self) -> bool {
        self.subject() == Subject::Admin
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names no action.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no action")]
pub struct ParseActionError(String);

impl FromStr for Action {
    type Err = ParseActionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.iter().find(|action| action.name() == text);
        found
            .copied()
            .ok_or_else(|| ParseActionError(text.to_owned()))
    }
}

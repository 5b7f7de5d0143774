use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

use serde::Serialize;

macro_rules! keys {
    ($($(#[$doc:meta])* $name:ident,)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIntError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )+};
}

keys! {
    /// The key of a row in `accounts`.
    AccountId,
    /// The key of a row in `account_notices`.
    AccountNoticeId,
    /// The key of a row in `activity`. A later row has a greater key.
    ActivityId,
    /// The key of a row in `challenges`.
    ChallengeId,
    /// The key of a row in `known_browsers`, by which the limits count.
    KnownBrowserId,
    /// The key of a row in `pending_revocations`.
    RevocationId,
    /// The key of a row in `sessions`. It is not secret, unlike the session's token.
    SessionId,
    /// The key of a row in `wrong_tries`.
    WrongTryId,
}

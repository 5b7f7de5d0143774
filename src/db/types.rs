//! The column types of the domain types.
//!
//! A plain [`Token`](crate::domain::Token) or [`SignInCode`](crate::domain::SignInCode) has no column
//! type: only their hashes are stored.

use std::str::FromStr;

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{BigInt, Binary, Text};
use diesel::sqlite::{Sqlite, SqliteValue};

use crate::domain::{
    AccountId, AccountNotice, AccountNoticeId, ActivityId, ActivityKind, AdmittedBy,
    AuthenticationMethod, ChallengeId, CodeHash, CodeOutcome, CodeSalt, Email, KnownBrowserId,
    ReturnTo, RevocationId, Role, SessionId, SignInMethod, Stored, Timestamp, TokenHash, WayIn,
    WrongTryId,
};

/// Lets Diesel bind values of a type, and read them, as one SQL type.
macro_rules! column {
    ($type:ty as $sql:ty) => {
        const _: () = {
            #[derive(AsExpression, FromSqlRow)]
            #[diesel(foreign_derive, sql_type = $sql)]
            #[expect(dead_code, reason = "names the type that the derives are for")]
            struct Proxy($type);
        };
    };
}

macro_rules! integer {
    ($($type:ident),+ $(,)?) => {$(
        column!($type as BigInt);

        impl ToSql<BigInt, Sqlite> for $type {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
                out.set_value(self.0);
                Ok(IsNull::No)
            }
        }

        impl FromSql<BigInt, Sqlite> for $type {
            fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
                FromSql::<BigInt, Sqlite>::from_sql(value).map(Self)
            }
        }
    )+};
}

integer!(
    Timestamp,
    AccountId,
    AccountNoticeId,
    ActivityId,
    ChallengeId,
    KnownBrowserId,
    RevocationId,
    SessionId,
    WrongTryId,
);

macro_rules! bytes {
    ($($type:ident, $as_bytes:expr, $from_bytes:expr;)+) => {$(
        column!($type as Binary);

        impl ToSql<Binary, Sqlite> for $type {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
                let as_bytes: fn(&$type) -> &[u8] = $as_bytes;
                out.set_value(as_bytes(self));
                Ok(IsNull::No)
            }
        }

        impl FromSql<Binary, Sqlite> for $type {
            fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
                let bytes = <Vec<u8> as FromSql<Binary, Sqlite>>::from_sql(value)?;
                let from_bytes: fn(&[u8]) -> Option<$type> = $from_bytes;
                from_bytes(&bytes).ok_or_else(|| format!("{} bytes are too few or too many", bytes.len()).into())
            }
        }
    )+};
}

bytes! {
    TokenHash, |hash| hash.as_bytes(), |bytes| TokenHash::from_bytes(bytes);
    CodeHash, |hash| &hash.0, |bytes| bytes.try_into().ok().map(CodeHash);
    CodeSalt, |salt| &salt.0, |bytes| bytes.try_into().ok().map(CodeSalt);
}

macro_rules! text {
    ($($type:ident, $as_str:expr, $from_string:expr;)+) => {$(
        column!($type as Text);

        impl ToSql<Text, Sqlite> for $type {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
                let as_str: fn(&$type) -> &str = $as_str;
                out.set_value(as_str(self));
                Ok(IsNull::No)
            }
        }

        impl FromSql<Text, Sqlite> for $type {
            fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
                let from_string: fn(String) -> $type = $from_string;
                <String as FromSql<Text, Sqlite>>::from_sql(value).map(from_string)
            }
        }
    )+};
}

text! {
    AuthenticationMethod, |method| method.as_str(), AuthenticationMethod::from_database;
    Email, |email| email.as_str(), Email::from_database;
    ReturnTo, |path| path.as_str(), |path| ReturnTo::parse(&path);
}

macro_rules! word {
    ($($type:ident),+ $(,)?) => {$(
        column!($type as Text);

        impl ToSql<Text, Sqlite> for $type {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
                out.set_value(self.into_str());
                Ok(IsNull::No)
            }
        }

        // Rows read `Stored<…>` instead where a newer version may have written another word.
        impl FromSql<Text, Sqlite> for $type {
            fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
                let word = <String as FromSql<Text, Sqlite>>::from_sql(value)?;
                word.parse::<Self>().map_err(Into::into)
            }
        }
    )+};
}

word!(
    AccountNotice,
    ActivityKind,
    AdmittedBy,
    CodeOutcome,
    Role,
    SignInMethod,
    WayIn
);

impl<T: FromStr> FromSql<Text, Sqlite> for Stored<T> {
    fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        <String as FromSql<Text, Sqlite>>::from_sql(value).map(Self::from)
    }
}

impl<T: FromStr> deserialize::Queryable<Text, Sqlite> for Stored<T> {
    type Row = Self;

    fn build(row: Self) -> deserialize::Result<Self> {
        Ok(row)
    }
}

/// A word in a column that is not nullable and holds an empty text for “none”.
#[derive(FromSqlRow)]
pub struct EmptyIsNone<T: FromStr>(Option<Stored<T>>);

impl<T: FromStr> FromSql<Text, Sqlite> for EmptyIsNone<T> {
    fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        let word = <String as FromSql<Text, Sqlite>>::from_sql(value)?;
        Ok(Self((!word.is_empty()).then(|| word.into())))
    }
}

impl<T: FromStr> From<EmptyIsNone<T>> for Option<Stored<T>> {
    fn from(column: EmptyIsNone<T>) -> Self {
        column.0
    }
}

#[cfg(test)]
mod tests {
    use std::marker::PhantomData;

    use diesel::prelude::*;

    use super::*;
    use crate::domain::{SignInCode, Token};

    struct IsColumn<T>(PhantomData<T>);

    trait NoColumn {
        const VALUE: bool = false;
    }

    impl<T> NoColumn for IsColumn<T> {}

    // An inherent constant takes precedence over a trait's constant, if the bounds of its `impl` hold.
    impl<T: ToSql<Text, Sqlite>> IsColumn<T> {
        const VALUE: bool = true;
    }

    // SECURITY rule 4: nothing stores a plain code or token.
    #[test]
    fn a_plain_code_or_token_is_no_column() {
        const { assert!(IsColumn::<Email>::VALUE) };
        const { assert!(!IsColumn::<Token>::VALUE) };
        const { assert!(!IsColumn::<SignInCode>::VALUE) };
    }

    #[test]
    fn a_hash_of_another_length_is_an_error() {
        let mut c = SqliteConnection::establish(":memory:").unwrap();
        for (bytes, is_read) in [(31, false), (32, true), (33, false)] {
            let query = diesel::dsl::sql::<Binary>(&format!("SELECT zeroblob({bytes})"));
            let read: QueryResult<TokenHash> = query.get_result(&mut c);
            assert_eq!(read.is_ok(), is_read, "{bytes} bytes");
        }
    }

    #[test]
    fn an_unknown_word_is_read_and_an_empty_one_is_none() {
        let mut c = SqliteConnection::establish(":memory:").unwrap();
        let mut read = |word: &str| -> Option<Stored<CodeOutcome>> {
            let query = diesel::dsl::sql::<Text>(&format!("SELECT '{word}'"));
            query
                .get_result::<EmptyIsNone<CodeOutcome>>(&mut c)
                .unwrap()
                .into()
        };
        assert_eq!(read("queued"), Some(Stored::Known(CodeOutcome::Queued)));
        assert_eq!(read("lost"), Some(Stored::Unknown("lost".to_owned())));
        assert_eq!(read(""), None);
    }
}

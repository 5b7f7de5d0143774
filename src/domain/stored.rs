use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// A word read from the database.
///
/// During an upgrade a newer version may write a word that this version does not know. Such a row is
/// still listed, under the word itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stored<T> {
    Known(T),
    Unknown(String),
}

impl<T: Copy> Stored<T> {
    /// `None` for a word of a newer version.
    pub fn known(&self) -> Option<T> {
        match self {
            Self::Known(value) => Some(*value),
            Self::Unknown(_) => None,
        }
    }
}

impl<T: Copy + Into<&'static str>> Stored<T> {
    /// The word as the database has it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Known(value) => (*value).into(),
            Self::Unknown(word) => word,
        }
    }
}

impl<T: FromStr> From<String> for Stored<T> {
    fn from(word: String) -> Self {
        word.parse().map_or(Self::Unknown(word), Self::Known)
    }
}

impl<T: PartialEq> PartialEq<T> for Stored<T> {
    fn eq(&self, other: &T) -> bool {
        matches!(self, Self::Known(value) if value == other)
    }
}

impl<T: Copy + Into<&'static str>> fmt::Display for Stored<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<T: Copy + Into<&'static str>> Serialize for Stored<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Role;

    #[test]
    fn a_word_of_a_newer_version_keeps_its_text_and_equals_nothing_known() {
        let known: Stored<Role> = "admin".to_owned().into();
        assert_eq!(known, Role::Admin);
        assert_eq!(
            (known.known(), known.as_str()),
            (Some(Role::Admin), "admin")
        );

        let unknown: Stored<Role> = "owner".to_owned().into();
        assert_ne!(unknown, Role::Admin);
        assert_eq!((unknown.known(), unknown.as_str()), (None, "owner"));
        assert_eq!(serde_json::to_string(&unknown).unwrap(), r#""owner""#);
    }
}

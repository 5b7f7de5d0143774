use std::fmt;
use std::str::FromStr;

/// The key of a row in `accounts`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(pub i64);

/// The key of a row in `sessions`. It is no secret: the token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(pub i64);

/// What an account may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Signs in.
    Member,
    /// Signs in, and lets others in and out.
    Admin,
}

impl Role {
    /// The word kept in the database and typed on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "member" => Ok(Self::Member),
            "admin" => Ok(Self::Admin),
            _ => Err(format!(
                "“{word}” is not a role. Write “member” or “admin”."
            )),
        }
    }
}

/// How a session was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Six digits from a mail.
    EmailCode,
    /// WorkOS AuthKit, or another OpenID Provider.
    WorkOs,
}

impl Method {
    /// The word kept in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EmailCode => "email_code",
            Self::WorkOs => "workos",
        }
    }

    /// What it is called on a page.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::EmailCode => "email code",
            Self::WorkOs => "WorkOS",
        }
    }

    /// Reads the database's word; `None` for any other.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::EmailCode, Self::WorkOs]
            .into_iter()
            .find(|method| method.as_str() == word)
    }
}

/// What let somebody in, as the activity and the mail about a new browser tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WayIn {
    /// Six digits from a mail.
    EmailCode,
    /// Six digits that an operator told them; the session is one by email code (SECURITY rule 2).
    OperatorCode,
    /// WorkOS AuthKit, or another OpenID Provider.
    WorkOs,
}

impl WayIn {
    /// The word kept in the activity.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EmailCode => Method::EmailCode.as_str(),
            Self::OperatorCode => "operator_code",
            Self::WorkOs => Method::WorkOs.as_str(),
        }
    }

    /// What it is called on a page.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::EmailCode => Method::EmailCode.describe(),
            Self::OperatorCode => "operator’s code",
            Self::WorkOs => Method::WorkOs.describe(),
        }
    }

    /// Reads the activity's word; `None` for any other.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::EmailCode, Self::OperatorCode, Self::WorkOs]
            .into_iter()
            .find(|way| way.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_in_a_database_stay_as_they_are_and_lead_back_to_what_they_meant() {
        for (role, word) in [(Role::Member, "member"), (Role::Admin, "admin")] {
            assert_eq!(role.as_str(), word);
            assert_eq!(role.to_string(), word);
            assert_eq!(word.parse(), Ok(role));
        }
        assert!("owner".parse::<Role>().unwrap_err().contains("owner"));
        for (method, word) in [
            (Method::EmailCode, "email_code"),
            (Method::WorkOs, "workos"),
        ] {
            assert_eq!(method.as_str(), word);
            assert_eq!(Method::from_word(word), Some(method));
        }
        assert_eq!(Method::from_word("password"), None);
        for (way_in, word) in [
            (WayIn::EmailCode, "email_code"),
            (WayIn::OperatorCode, "operator_code"),
            (WayIn::WorkOs, "workos"),
        ] {
            assert_eq!(way_in.as_str(), word);
            assert_eq!(WayIn::from_word(word), Some(way_in));
        }
        assert_eq!(WayIn::from_word(""), None);
    }

    #[test]
    fn each_way_in_is_called_by_its_name_on_a_page() {
        let names = [WayIn::EmailCode, WayIn::OperatorCode, WayIn::WorkOs].map(WayIn::describe);
        assert_eq!(names, ["email code", "operator’s code", "WorkOS"]);
    }
}

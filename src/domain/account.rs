use strum::{Display, EnumString, IntoStaticStr, VariantArray};
use thiserror::Error;

use super::authentication_method::AuthenticationMethod;

/// The permissions of an account. The database and the command line use these words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Display, EnumString, IntoStaticStr, VariantArray)]
#[strum(
    serialize_all = "snake_case",
    const_into_str,
    parse_err_ty = UnknownRole,
    parse_err_fn = UnknownRole::of
)]
pub enum Role {
    /// May sign in.
    Member,
    /// May sign in and manage accounts.
    Admin,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("“{0}” is not a role. Write “member” or “admin”.")]
pub struct UnknownRole(String);

impl UnknownRole {
    fn of(word: &str) -> Self {
        Self(word.to_owned())
    }
}

/// Why an account may sign in with WorkOS. The database stores these words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Display, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum AdmittedBy {
    /// An admin or an operator added or confirmed the account.
    Invitation,
    /// Its owner is a member of the WorkOS organization.
    Organization,
    /// Its owner has a verified address in an allowed domain.
    Domain,
}

/// The sign-in method of a session. The database stores these words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Display, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum SignInMethod {
    /// Six digits from a mail.
    EmailCode,
    /// WorkOS AuthKit, or another OpenID Provider.
    #[strum(serialize = "workos")]
    WorkOs,
}

impl SignInMethod {
    /// The name on a page.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::EmailCode => "email code",
            Self::WorkOs => "WorkOS",
        }
    }
}

/// The credential of a sign-in, as the activity and the mail about a new browser show it. It distinguishes more cases
/// than [`SignInMethod`]. The detail of an activity row begins with one of these words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Display, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum WayIn {
    /// Six digits from a mail.
    EmailCode,
    /// Six digits that an operator made on the terminal. The session's method is
    /// [`SignInMethod::EmailCode`] (SECURITY rule 2).
    OperatorCode,
    /// WorkOS AuthKit, or another OpenID Provider.
    #[strum(serialize = "workos")]
    WorkOs,
}

impl WayIn {
    /// The name on a page.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::EmailCode => SignInMethod::EmailCode.describe(),
            Self::OperatorCode => "operator’s code",
            Self::WorkOs => SignInMethod::WorkOs.describe(),
        }
    }

    /// The detail of a sign-in's activity row.
    pub fn to_detail(self, authentication: Option<&AuthenticationMethod>) -> String {
        let word = self.into_str();
        authentication.map_or_else(
            || word.to_owned(),
            |method| format!("{word} {}", method.as_str()),
        )
    }

    /// Reads what [`WayIn::to_detail`] wrote. `None` for a word of a newer version.
    pub fn from_detail(detail: &str) -> Option<(Self, Option<&str>)> {
        let (word, method) = match detail.split_once(' ') {
            Some((word, method)) => (word, Some(method)),
            None => (detail, None),
        };
        Some((word.parse().ok()?, method))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_in_the_database_do_not_change_and_can_be_read_back() {
        for (role, word) in [(Role::Member, "member"), (Role::Admin, "admin")] {
            assert_eq!(role.into_str(), word);
            assert_eq!(role.to_string(), word);
            assert_eq!(word.parse(), Ok(role));
        }
        let unknown = "owner".parse::<Role>().unwrap_err();
        assert!(unknown.to_string().contains("owner"));
        for (method, word) in [
            (SignInMethod::EmailCode, "email_code"),
            (SignInMethod::WorkOs, "workos"),
        ] {
            assert_eq!(method.into_str(), word);
            assert_eq!(word.parse(), Ok(method));
        }
        assert!("password".parse::<SignInMethod>().is_err());
        for (way_in, word) in [
            (WayIn::EmailCode, "email_code"),
            (WayIn::OperatorCode, "operator_code"),
            (WayIn::WorkOs, "workos"),
        ] {
            assert_eq!(way_in.into_str(), word);
            assert_eq!(word.parse(), Ok(way_in));
        }
        assert!("".parse::<WayIn>().is_err());
    }

    #[test]
    fn the_detail_of_a_sign_in_is_read_back() {
        let method = AuthenticationMethod::from_foreign("pwd + otp");
        assert_eq!(WayIn::WorkOs.to_detail(method.as_ref()), "workos pwd + otp");
        assert_eq!(WayIn::EmailCode.to_detail(None), "email_code");
        for (detail, read) in [
            ("workos pwd + otp", Some((WayIn::WorkOs, Some("pwd + otp")))),
            ("email_code", Some((WayIn::EmailCode, None))),
            ("passkey SSO", None),
            ("", None),
        ] {
            assert_eq!(WayIn::from_detail(detail), read);
        }
    }

    #[test]
    fn each_way_in_has_its_own_name_on_a_page() {
        let names: Vec<_> = WayIn::VARIANTS.iter().map(|way| way.describe()).collect();
        assert_eq!(names, ["email code", "operator’s code", "WorkOS"]);
    }
}

use strum::{Display, EnumString, IntoStaticStr, VariantArray};

use super::Role;

/// What the owner of an account is told by mail (SECURITY rule 42). The database stores these words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Display, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum AccountNotice {
    /// The account was linked to WorkOS.
    #[strum(serialize = "linked_to_workos")]
    LinkedToWorkOs,
    /// The account is an admin's now.
    NowAdmin,
    /// The account is a member's now.
    NowMember,
    /// The account was unlinked from WorkOS.
    MovedBack,
    /// Many wrong codes were entered for the account.
    WrongCodes,
}

impl AccountNotice {
    pub const fn of_role(role: Role) -> Self {
        match role {
            Role::Admin => Self::NowAdmin,
            Role::Member => Self::NowMember,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // A renamed variant would make rows of older versions unreadable.
    #[test]
    fn the_words_in_the_database_do_not_change() {
        let words: Vec<_> = AccountNotice::VARIANTS
            .iter()
            .map(|notice| notice.into_str())
            .collect();
        assert_eq!(
            words.join(" "),
            "linked_to_workos now_admin now_member moved_back wrong_codes"
        );
        for notice in AccountNotice::VARIANTS {
            assert_eq!(notice.to_string().parse(), Ok(*notice));
        }
    }
}

use crate::db::accounts::AccountRow;
use crate::domain::{AccountId, AdmittedBy, Email, Role, Stored, Timestamp};

#[derive(Debug, Clone)]
pub struct Account {
    pub id: AccountId,
    pub email: Email,
    /// May be empty.
    pub name: String,
    pub role: Stored<Role>,
    /// When an admin, or a provider, confirmed the address.
    pub confirmed_at: Option<Timestamp>,
    pub suspended_at: Option<Timestamp>,
    /// When the account first signed in with WorkOS.
    pub moved_at: Option<Timestamp>,
    pub admitted_by: Stored<AdmittedBy>,
    /// The newest sign-in; `None` when none is known.
    pub last_sign_in_at: Option<Timestamp>,
}

impl From<AccountRow> for Account {
    fn from(row: AccountRow) -> Self {
        Self {
            id: row.id,
            email: row.email,
            name: row.name,
            role: row.role,
            confirmed_at: row.confirmed_at,
            suspended_at: row.suspended_at,
            moved_at: row.moved_at,
            admitted_by: row.admitted_by,
            last_sign_in_at: row.last_sign_in_at,
        }
    }
}

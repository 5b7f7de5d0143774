//! The table `accounts`: who may sign in.

use diesel::prelude::*;

use super::schema::accounts;
use crate::domain::{AccountId, Email, Role, Timestamp};

/// One account.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = accounts, check_for_backend(diesel::sqlite::Sqlite))]
pub struct AccountRow {
    /// Its key.
    pub id: i64,
    /// The address as the admin wrote it; mail goes here.
    pub email: String,
    /// What the person is called; may be empty.
    pub name: String,
    /// “member” or “admin”.
    pub role: String,
    /// When an admin, or a provider, vouched for the address.
    pub confirmed_at: Option<i64>,
    /// Since when the account is shut.
    pub suspended_at: Option<i64>,
    /// Since when it signs in with WorkOS.
    pub moved_at: Option<i64>,
}

impl AccountRow {
    /// The key, typed.
    pub fn account_id(&self) -> AccountId {
        AccountId(self.id)
    }

    /// Confirmed and not suspended.
    pub fn may_sign_in(&self) -> bool {
        self.confirmed_at.is_some() && self.suspended_at.is_none()
    }
}

/// Finds the account of an address, in any case of its ASCII letters. Where there is none it reads the one that
/// comes next, or the first where none does: a row is read, whether or not it is the address's own
/// (SECURITY rule 5).
///
/// # Errors
/// When the query fails.
pub fn find_by_email(
    connection: &mut SqliteConnection,
    email: &Email,
) -> QueryResult<Option<AccountRow>> {
    let in_order = accounts::table
        .order(accounts::email)
        .select(AccountRow::as_select());
    let at_or_after = in_order
        .filter(accounts::email.ge(email.as_str()))
        .first(connection)
        .optional()?;
    let found = match at_or_after {
        Some(account) => Some(account),
        None => in_order.first(connection).optional()?,
    };
    Ok(found.filter(|account| account.email.eq_ignore_ascii_case(email.as_str())))
}

/// Finds an account by its key.
///
/// # Errors
/// When the query fails.
pub fn find(connection: &mut SqliteConnection, id: AccountId) -> QueryResult<Option<AccountRow>> {
    accounts::table
        .find(id.0)
        .select(AccountRow::as_select())
        .get_result(connection)
        .optional()
}

/// What a new account is made of.
#[derive(Debug, Clone)]
pub struct NewAccount<'a> {
    /// The address.
    pub email: &'a Email,
    /// What the person is called; may be empty. At most 200 characters.
    pub name: &'a str,
    /// What they may do.
    pub role: Role,
    /// Whether somebody vouches for the address.
    pub confirmed: bool,
}

/// Adds a confirmed account; `None` when the address has one already.
///
/// # Errors
/// When the query fails.
pub fn add(
    connection: &mut SqliteConnection,
    email: &Email,
    name: &str,
    role: Role,
    now: Timestamp,
) -> QueryResult<Option<AccountId>> {
    let new = NewAccount {
        email,
        name,
        role,
        confirmed: true,
    };
    insert(connection, &new, now)
}

/// Adds an account; `None` when the address has one already.
///
/// # Errors
/// When the query fails.
pub fn insert(
    connection: &mut SqliteConnection,
    new: &NewAccount<'_>,
    now: Timestamp,
) -> QueryResult<Option<AccountId>> {
    diesel::insert_into(accounts::table)
        .values((
            accounts::email.eq(new.email.as_str()),
            accounts::name.eq(new.name),
            accounts::role.eq(new.role.as_str()),
            accounts::confirmed_at.eq(new.confirmed.then_some(now.0)),
            accounts::created_at.eq(now.0),
        ))
        .on_conflict_do_nothing()
        .returning(accounts::id)
        .get_result(connection)
        .optional()
        .map(|id| id.map(AccountId))
}

/// Makes sure that a confirmed admin has this address. A suspended one stays suspended: that was
/// somebody's decision.
///
/// # Errors
/// When the query fails.
pub fn ensure_admin(
    connection: &mut SqliteConnection,
    email: &Email,
    now: Timestamp,
) -> QueryResult<()> {
    if add(connection, email, "", Role::Admin, now)?.is_some() {
        return Ok(());
    }
    let this = accounts::table.filter(accounts::email.eq(email.as_str()));
    diesel::update(this.filter(accounts::role.ne(Role::Admin.as_str())))
        .set(accounts::role.eq(Role::Admin.as_str()))
        .execute(connection)?;
    diesel::update(this.filter(accounts::confirmed_at.is_null()))
        .set(accounts::confirmed_at.eq(now.0))
        .execute(connection)?;
    Ok(())
}

/// Marks an account as moved to WorkOS, the first time, and fills an empty name.
///
/// # Errors
/// When the query fails.
pub fn note_provider_sign_in(
    connection: &mut SqliteConnection,
    id: AccountId,
    name: &str,
    now: Timestamp,
) -> QueryResult<()> {
    let this = accounts::table.find(id.0);
    diesel::update(this.filter(accounts::moved_at.is_null()))
        .set(accounts::moved_at.eq(now.0))
        .execute(connection)?;
    if !name.is_empty() {
        diesel::update(this.filter(accounts::name.eq("")))
            .set(accounts::name.eq(name))
            .execute(connection)?;
    }
    Ok(())
}

/// The addresses of the admins who may sign in.
///
/// # Errors
/// When the query fails.
pub fn admin_addresses(connection: &mut SqliteConnection) -> QueryResult<Vec<String>> {
    accounts::table
        .filter(accounts::role.eq(Role::Admin.as_str()))
        .filter(accounts::confirmed_at.is_not_null())
        .filter(accounts::suspended_at.is_null())
        .select(accounts::email)
        .load(connection)
}

/// How many admins who may sign in there are beside this account.
///
/// # Errors
/// When the query fails.
pub fn admins_beside(connection: &mut SqliteConnection, id: AccountId) -> QueryResult<i64> {
    accounts::table
        .filter(accounts::role.eq(Role::Admin.as_str()))
        .filter(accounts::confirmed_at.is_not_null())
        .filter(accounts::suspended_at.is_null())
        .filter(accounts::id.ne(id.0))
        .count()
        .get_result(connection)
}

/// Confirms an account.
///
/// # Errors
/// When the query fails.
pub fn set_confirmed(
    connection: &mut SqliteConnection,
    id: AccountId,
    now: Timestamp,
) -> QueryResult<()> {
    diesel::update(accounts::table.find(id.0))
        .set(accounts::confirmed_at.eq(now.0))
        .execute(connection)?;
    Ok(())
}

/// Shuts an account, or opens it again.
///
/// # Errors
/// When the query fails.
pub fn set_suspended(
    connection: &mut SqliteConnection,
    id: AccountId,
    since: Option<Timestamp>,
) -> QueryResult<()> {
    diesel::update(accounts::table.find(id.0))
        .set(accounts::suspended_at.eq(since.map(|at| at.0)))
        .execute(connection)?;
    Ok(())
}

/// Changes what an account may do.
///
/// # Errors
/// When the query fails.
pub fn set_role(connection: &mut SqliteConnection, id: AccountId, role: Role) -> QueryResult<()> {
    diesel::update(accounts::table.find(id.0))
        .set(accounts::role.eq(role.as_str()))
        .execute(connection)?;
    Ok(())
}

/// Changes what the person is called.
///
/// # Errors
/// When the query fails.
pub fn set_name(connection: &mut SqliteConnection, id: AccountId, name: &str) -> QueryResult<()> {
    diesel::update(accounts::table.find(id.0))
        .set(accounts::name.eq(name))
        .execute(connection)?;
    Ok(())
}

/// Marks an account as not moved to WorkOS.
///
/// # Errors
/// When the query fails.
pub fn unset_moved(connection: &mut SqliteConnection, id: AccountId) -> QueryResult<()> {
    diesel::update(accounts::table.find(id.0))
        .set(accounts::moved_at.eq(None::<i64>))
        .execute(connection)?;
    Ok(())
}

/// Removes an account, its sessions, challenges and links with it.
///
/// # Errors
/// When the query fails.
pub fn delete(connection: &mut SqliteConnection, id: AccountId) -> QueryResult<()> {
    diesel::delete(accounts::table.find(id.0)).execute(connection)?;
    Ok(())
}

//! The table `accounts`.

use diesel::prelude::*;

use super::schema::accounts;
use crate::domain::{AccountId, AdmittedBy, Email, Role, Stored, Timestamp};

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = accounts, check_for_backend(diesel::sqlite::Sqlite))]
pub struct AccountRow {
    pub id: AccountId,
    /// The address as the admin wrote it. Mail goes here.
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
    /// The newest sign-in. `None` for an account that has never signed in, or not within the activity that was kept when
    /// this column was added.
    pub last_sign_in_at: Option<Timestamp>,
    /// When the provider showed that no rule admits the account any more. An invited account needs no rule.
    pub left_at: Option<Timestamp>,
}

impl AccountRow {
    /// Confirmed and not suspended.
    pub fn may_sign_in(&self) -> bool {
        self.confirmed_at.is_some() && self.suspended_at.is_none()
    }
}

/// Finds the account of an address; ASCII case does not matter. For an unknown address the query reads
/// the next account in order, or else the first: one row is read in every case (SECURITY rule 5).
pub fn find_by_email(
    connection: &mut SqliteConnection,
    email: &Email,
) -> QueryResult<Option<AccountRow>> {
    accounts::table
        .filter(accounts::email.eq(email))
        .select(AccountRow::as_select())
        .first(connection)
        .optional()
}

pub fn find(connection: &mut SqliteConnection, id: AccountId) -> QueryResult<Option<AccountRow>> {
    accounts::table
        .find(id)
        .select(AccountRow::as_select())
        .get_result(connection)
        .optional()
}

#[derive(Debug, Clone)]
pub struct NewAccount<'a> {
    pub email: &'a Email,
    /// May be empty; at most 200 characters.
    pub name: &'a str,
    pub role: Role,
    pub confirmed: bool,
}

/// Adds a confirmed account; `None` when the address has one already.
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
pub fn insert(
    connection: &mut SqliteConnection,
    new: &NewAccount<'_>,
    now: Timestamp,
) -> QueryResult<Option<AccountId>> {
    diesel::insert_into(accounts::table)
        .values((
            accounts::email.eq(new.email),
            accounts::name.eq(new.name),
            accounts::role.eq(new.role),
            accounts::confirmed_at.eq(new.confirmed.then_some(now)),
            accounts::created_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .returning(accounts::id)
        .get_result(connection)
        .optional()
}

/// Adds a confirmed admin with this address, or promotes and confirms the account that has it. A
/// suspended account stays suspended. Returns the account that was promoted.
pub fn ensure_admin(
    connection: &mut SqliteConnection,
    email: &Email,
    now: Timestamp,
) -> QueryResult<Option<AccountId>> {
    if add(connection, email, "", Role::Admin, now)?.is_some() {
        return Ok(None);
    }
    let this = accounts::table.filter(accounts::email.eq(email));
    let promoted = diesel::update(this.filter(accounts::role.ne(Role::Admin)))
        .set(accounts::role.eq(Role::Admin))
        .returning(accounts::id)
        .get_result(connection)
        .optional()?;
    diesel::update(this.filter(accounts::confirmed_at.is_null()))
        .set(accounts::confirmed_at.eq(now))
        .execute(connection)?;
    diesel::update(this)
        .set(accounts::admitted_by.eq(AdmittedBy::Invitation))
        .execute(connection)?;
    Ok(promoted)
}

/// Marks the account as moved to WorkOS unless it already is, and fills in an empty name.
pub fn note_provider_sign_in(
    connection: &mut SqliteConnection,
    id: AccountId,
    name: &str,
    now: Timestamp,
) -> QueryResult<()> {
    let this = accounts::table.find(id);
    diesel::update(this.filter(accounts::moved_at.is_null()))
        .set(accounts::moved_at.eq(now))
        .execute(connection)?;
    if !name.is_empty() {
        diesel::update(this.filter(accounts::name.eq("")))
            .set(accounts::name.eq(name))
            .execute(connection)?;
    }
    Ok(())
}

/// Records a sign-in. It changes nothing that a session remembers, so the revision does not advance.
pub fn set_last_sign_in(
    connection: &mut SqliteConnection,
    id: AccountId,
    now: Timestamp,
) -> QueryResult<()> {
    diesel::update(accounts::table.find(id))
        .set(accounts::last_sign_in_at.eq(now))
        .execute(connection)?;
    Ok(())
}

/// The addresses of the admins who may sign in.
pub fn admin_addresses(connection: &mut SqliteConnection) -> QueryResult<Vec<Email>> {
    accounts::table
        .filter(accounts::role.eq(Role::Admin))
        .filter(accounts::confirmed_at.is_not_null())
        .filter(accounts::suspended_at.is_null())
        .select(accounts::email)
        .load(connection)
}

/// Counts the other admins who may sign in.
pub fn admins_beside(connection: &mut SqliteConnection, id: AccountId) -> QueryResult<i64> {
    accounts::table
        .filter(accounts::role.eq(Role::Admin))
        .filter(accounts::confirmed_at.is_not_null())
        .filter(accounts::suspended_at.is_null())
        .filter(accounts::id.ne(id))
        .count()
        .get_result(connection)
}

pub fn set_confirmed(
    connection: &mut SqliteConnection,
    id: AccountId,
    now: Timestamp,
) -> QueryResult<()> {
    diesel::update(accounts::table.find(id))
        .set((
            accounts::confirmed_at.eq(now),
            accounts::admitted_by.eq(AdmittedBy::Invitation),
        ))
        .execute(connection)?;
    Ok(())
}

/// Records the rule that admitted a new account.
pub fn set_admitted_by(
    connection: &mut SqliteConnection,
    id: AccountId,
    admitted_by: AdmittedBy,
) -> QueryResult<()> {
    diesel::update(accounts::table.find(id))
        .set(accounts::admitted_by.eq(admitted_by))
        .execute(connection)?;
    Ok(())
}

/// Notes that no rule admits the account any more, or with `None` that one does again.
pub fn set_left(
    connection: &mut SqliteConnection,
    id: AccountId,
    left_at: Option<Timestamp>,
) -> QueryResult<()> {
    diesel::update(accounts::table.find(id))
        .set(accounts::left_at.eq(left_at))
        .execute(connection)?;
    Ok(())
}

/// Suspends the account, or lifts the suspension with `None`.
pub fn set_suspended(
    connection: &mut SqliteConnection,
    id: AccountId,
    since: Option<Timestamp>,
) -> QueryResult<()> {
    diesel::update(accounts::table.find(id))
        .set(accounts::suspended_at.eq(since))
        .execute(connection)?;
    Ok(())
}

pub fn set_role(connection: &mut SqliteConnection, id: AccountId, role: Role) -> QueryResult<()> {
    diesel::update(accounts::table.find(id))
        .set(accounts::role.eq(role))
        .execute(connection)?;
    Ok(())
}

pub fn set_name(connection: &mut SqliteConnection, id: AccountId, name: &str) -> QueryResult<()> {
    diesel::update(accounts::table.find(id))
        .set(accounts::name.eq(name))
        .execute(connection)?;
    Ok(())
}

pub fn unset_moved(connection: &mut SqliteConnection, id: AccountId) -> QueryResult<()> {
    diesel::update(accounts::table.find(id))
        .set(accounts::moved_at.eq(None::<Timestamp>))
        .execute(connection)?;
    Ok(())
}

/// Also deletes its sessions, known browsers, challenges and identities, by foreign keys.
pub fn delete(connection: &mut SqliteConnection, id: AccountId) -> QueryResult<()> {
    diesel::delete(accounts::table.find(id)).execute(connection)?;
    Ok(())
}

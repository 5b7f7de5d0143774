//! The table `activity`: the audit log.

use diesel::dsl::max;
use diesel::prelude::*;

use super::schema::activity;
use super::types::EmptyIsNone;
use crate::domain::{
    AccountId, ActivityId, ActivityKind, BrowserName, ClientIp, CodeOutcome, Email, Stored,
    Timestamp,
};

/// In characters. A mail server's answer may be of any length.
const LONGEST_DETAIL: usize = 1000;
/// In characters. A provider may send a name of any length.
const LONGEST_ACTOR: usize = 254;

/// How many of the newest rows may hold a code that still waits. Far fewer rows are written during the
/// lifetime of a code.
const NEWEST: i64 = 10_000;

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = activity, check_for_backend(diesel::sqlite::Sqlite))]
pub struct ActivityRow {
    pub id: ActivityId,
    pub at: Timestamp,
    pub kind: Stored<ActivityKind>,
    /// `None` for a stranger, and after the account was deleted.
    pub account_id: Option<AccountId>,
    /// The address at that time; may be empty.
    pub email: String,
    /// Another person who did it: an admin's address, or “command line”. Empty for the account itself.
    pub actor: String,
    /// The client's address; may be empty.
    pub ip: String,
    /// Browser and system in words; may be empty.
    pub browser: String,
    /// For a request of a code.
    #[diesel(deserialize_as = EmptyIsNone<CodeOutcome>)]
    pub outcome: Option<Stored<CodeOutcome>>,
    pub detail: String,
}

#[derive(Debug, Clone, Default)]
pub struct NewActivity<'a> {
    pub account_id: Option<AccountId>,
    pub email: &'a str,
    /// Empty for the account itself.
    pub actor: &'a str,
    pub ip: Option<ClientIp>,
    pub browser: Option<&'a BrowserName>,
    /// For a request of a code.
    pub outcome: Option<CodeOutcome>,
    /// Never a code, token or cookie (SECURITY rule 4).
    pub detail: &'a str,
}

/// The default matches every row.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub account_id: Option<AccountId>,
    /// ASCII case does not matter.
    pub email: Option<String>,
    /// Empty for all kinds.
    pub kinds: Vec<ActivityKind>,
    /// Inclusive.
    pub from: Option<Timestamp>,
    /// Exclusive.
    pub before: Option<Timestamp>,
    /// The last row of the page before.
    pub older_than: Option<ActivityId>,
}

pub fn add(
    connection: &mut SqliteConnection,
    kind: ActivityKind,
    new: &NewActivity<'_>,
    now: Timestamp,
) -> QueryResult<ActivityId> {
    diesel::insert_into(activity::table)
        .values((
            activity::at.eq(now),
            activity::kind.eq(kind),
            activity::account_id.eq(new.account_id),
            activity::email.eq(new.email),
            activity::actor.eq(new.actor.chars().take(LONGEST_ACTOR).collect::<String>()),
            activity::ip.eq(new.ip.map_or_else(String::new, |ip| ip.to_string())),
            activity::browser.eq(new.browser.map_or("", BrowserName::as_str)),
            activity::outcome.eq(new.outcome.map_or("", |outcome| outcome.into_str())),
            activity::detail.eq(shortened(new.detail)),
        ))
        .returning(activity::id)
        .get_result(connection)
}

pub fn set_outcome(
    connection: &mut SqliteConnection,
    id: ActivityId,
    outcome: CodeOutcome,
    detail: &str,
) -> QueryResult<()> {
    diesel::update(activity::table.find(id))
        .set((
            activity::outcome.eq(outcome),
            activity::detail.eq(shortened(detail)),
        ))
        .execute(connection)?;
    Ok(())
}

/// Marks the code mails as given up that were in the memory of an earlier process when it ended, and
/// counts them. Only the newest rows are searched, so that the start stays quick with a long log.
pub fn give_up_queued(connection: &mut SqliteConnection, detail: &str) -> QueryResult<usize> {
    let newest: Option<ActivityId> = activity::table
        .select(max(activity::id))
        .first(connection)?;
    let queued = activity::table
        .filter(activity::id.gt(newest.map_or(0, |id| id.0) - NEWEST))
        .filter(activity::outcome.eq(CodeOutcome::Queued));
    diesel::update(queued)
        .set((
            activity::outcome.eq(CodeOutcome::GivenUp),
            activity::detail.eq(detail),
        ))
        .execute(connection)
}

pub fn find(connection: &mut SqliteConnection, id: ActivityId) -> QueryResult<Option<ActivityRow>> {
    activity::table
        .find(id)
        .select(ActivityRow::as_select())
        .get_result(connection)
        .optional()
}

/// Rows, the newest first.
pub fn list(
    connection: &mut SqliteConnection,
    filter: &Filter,
    at_most: i64,
) -> QueryResult<Vec<ActivityRow>> {
    let mut query = activity::table
        .select(ActivityRow::as_select())
        .order((activity::at.desc(), activity::id.desc()))
        .limit(at_most)
        .into_boxed();
    if let Some(id) = filter.account_id {
        query = query.filter(activity::account_id.eq(id));
    }
    if let Some(email) = &filter.email {
        query = query.filter(activity::email.eq(email.clone()));
    }
    // For one kind SQLite reads an index in order; several kinds have to be sorted.
    match filter.kinds.as_slice() {
        [] => {}
        [kind] => query = query.filter(activity::kind.eq(*kind)),
        kinds => query = query.filter(activity::kind.eq_any(kinds.to_vec())),
    }
    if let Some(from) = filter.from {
        query = query.filter(activity::at.ge(from));
    }
    // Only one upper bound: with two, SQLite may seek by the wrong one.
    let before = filter.before.unwrap_or(Timestamp(i64::MAX));
    match place_of(connection, filter.older_than)? {
        Some((at, id)) if at < before => {
            let earlier = activity::at.lt(at).or(activity::id.lt(id));
            query = query.filter(activity::at.le(at)).filter(earlier);
        }
        _ if filter.before.is_some() => query = query.filter(activity::at.lt(before)),
        _ => {}
    }
    query.load(connection)
}

/// The position in time after which the next page begins. If the row has been deleted, the nearest older row is used.
fn place_of(
    connection: &mut SqliteConnection,
    older_than: Option<ActivityId>,
) -> QueryResult<Option<(Timestamp, ActivityId)>> {
    let Some(id) = older_than else {
        return Ok(None);
    };
    let nearest = activity::table
        .filter(activity::id.le(id))
        .select(max(activity::id))
        .get_result::<Option<ActivityId>>(connection)?
        .unwrap_or(ActivityId(0));
    let at = activity::table
        .find(nearest)
        .select(activity::at)
        .get_result(connection)
        .optional()?;
    let first = if nearest == id {
        id
    } else {
        ActivityId(nearest.0 + 1)
    };
    Ok(Some((at.unwrap_or(Timestamp(i64::MIN)), first)))
}

/// Deletes up to `at_most` rows older than `before`.
pub fn delete_before(
    connection: &mut SqliteConnection,
    before: Timestamp,
    at_most: i64,
) -> QueryResult<usize> {
    let old = activity::table
        .filter(activity::at.lt(before))
        .select(activity::id)
        .limit(at_most)
        .load::<ActivityId>(connection)?;
    diesel::delete(activity::table.filter(activity::id.eq_any(old))).execute(connection)
}

/// Deletes up to `at_most` rows older than `before` that belong to no account. Any visitor can cause such rows.
pub fn delete_strangers_before(
    connection: &mut SqliteConnection,
    before: Timestamp,
    at_most: i64,
) -> QueryResult<usize> {
    let strangers = [
        ActivityKind::CodeRequested,
        ActivityKind::WrongCode,
        ActivityKind::TurnedAway,
    ];
    let old = activity::table
        .filter(activity::account_id.is_null())
        .filter(activity::at.lt(before))
        .filter(activity::kind.eq_any(strangers))
        .select(activity::id)
        .limit(at_most)
        .load::<ActivityId>(connection)?;
    diesel::delete(activity::table.filter(activity::id.eq_any(old))).execute(connection)
}

/// When the oldest of the `most` newest rows without an account was written. `None` when there are fewer rows.
pub fn newest_strangers_since(
    connection: &mut SqliteConnection,
    most: i64,
) -> QueryResult<Option<Timestamp>> {
    activity::table
        .filter(activity::account_id.is_null())
        .order(activity::at.desc())
        .offset(most - 1)
        .limit(1)
        .select(activity::at)
        .first(connection)
        .optional()
}

/// Counts the rows without an account.
pub fn count_strangers(connection: &mut SqliteConnection) -> QueryResult<i64> {
    activity::table
        .filter(activity::account_id.is_null())
        .count()
        .get_result(connection)
}

/// Counts the requests for a code since `since` that no limit refused.
pub fn requests_of_address(
    connection: &mut SqliteConnection,
    email: &Email,
    since: Timestamp,
) -> QueryResult<i64> {
    activity::table
        .filter(activity::email.eq(email))
        .filter(activity::kind.eq(ActivityKind::CodeRequested))
        .filter(activity::outcome.ne(CodeOutcome::Limited))
        .filter(activity::at.gt(since))
        .count()
        .get_result(connection)
}

fn shortened(text: &str) -> String {
    text.chars().take(LONGEST_DETAIL).collect()
}

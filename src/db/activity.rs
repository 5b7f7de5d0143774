//! The table `activity`: what happened, to whom, and who did it.

use diesel::dsl::max;
use diesel::prelude::*;

use super::accounts::AccountRow;
use super::schema::activity;
use crate::domain::{
    AccountId, ActivityKind, BrowserName, ClientIp, CodeOutcome, Email, Timestamp,
};

/// The longest detail that is kept, in characters: a mail server's answer may have no end.
const LONGEST_DETAIL: usize = 1000;
/// The same for who did it: a provider may name somebody at any length.
const LONGEST_ACTOR: usize = 254;

/// Far more than happens while a code can still be waiting.
const NEWEST: i64 = 10_000;

/// Something that happened.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = activity, check_for_backend(diesel::sqlite::Sqlite))]
pub struct ActivityRow {
    /// Its key; what happened later has a greater one.
    pub id: i64,
    /// When.
    pub at: i64,
    /// What; the word of an [`ActivityKind`].
    pub kind: String,
    /// To which account, while there is one.
    pub account_id: Option<i64>,
    /// The address it was about, as it was then.
    pub email: String,
    /// Who did it, when that is somebody else: an admin's address, or “command line”.
    pub actor: String,
    /// From where; may be empty.
    pub ip: String,
    /// With which browser, in words; may be empty.
    pub browser: String,
    /// The word of a [`CodeOutcome`], for a code that was asked for.
    pub outcome: String,
    /// What else there is to say.
    pub detail: String,
}

/// What is written down of something that happens.
#[derive(Debug, Clone, Default)]
pub struct NewActivity<'a> {
    /// To which account.
    pub account_id: Option<AccountId>,
    /// The address it is about.
    pub email: &'a str,
    /// Who does it, when that is somebody else.
    pub actor: &'a str,
    /// From where.
    pub ip: Option<ClientIp>,
    /// With which browser.
    pub browser: Option<&'a BrowserName>,
    /// For a code that is asked for.
    pub outcome: Option<CodeOutcome>,
    /// What else there is to say. No code, token or cookie (SECURITY rule 4).
    pub detail: &'a str,
}

/// Which part of it is looked at; everything where nothing is said.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this account alone.
    pub account_id: Option<AccountId>,
    /// About this address alone, in any case of its ASCII letters.
    pub email: Option<String>,
    /// Of these kinds alone; of all when empty.
    pub kinds: Vec<ActivityKind>,
    /// From this moment on.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub before: Option<Timestamp>,
    /// Older than this row: the page after it.
    pub older_than: Option<i64>,
}

/// Writes it down.
///
/// # Errors
/// When the query fails.
pub fn add(
    connection: &mut SqliteConnection,
    kind: ActivityKind,
    new: &NewActivity<'_>,
    now: Timestamp,
) -> QueryResult<i64> {
    diesel::insert_into(activity::table)
        .values((
            activity::at.eq(now.0),
            activity::kind.eq(kind.as_str()),
            activity::account_id.eq(new.account_id.map(|id| id.0)),
            activity::email.eq(new.email),
            activity::actor.eq(new.actor.chars().take(LONGEST_ACTOR).collect::<String>()),
            activity::ip.eq(new.ip.map_or_else(String::new, |ip| ip.to_string())),
            activity::browser.eq(new.browser.map_or("", BrowserName::as_str)),
            activity::outcome.eq(new.outcome.map_or("", CodeOutcome::as_str)),
            activity::detail.eq(shortened(new.detail)),
        ))
        .returning(activity::id)
        .get_result(connection)
}

/// Writes down what became of a request for a code.
///
/// # Errors
/// When the query fails.
pub fn set_outcome(
    connection: &mut SqliteConnection,
    id: i64,
    outcome: CodeOutcome,
    detail: &str,
) -> QueryResult<()> {
    diesel::update(activity::table.find(id))
        .set((
            activity::outcome.eq(outcome.as_str()),
            activity::detail.eq(shortened(detail)),
        ))
        .execute(connection)?;
    Ok(())
}

/// Gives up the codes that an earlier server had not mailed when it ended: they waited in its memory. Only the
/// newest rows are looked at, so that a start takes no longer where much has happened. How many there were.
///
/// # Errors
/// When a query fails.
pub fn give_up_queued(connection: &mut SqliteConnection, detail: &str) -> QueryResult<usize> {
    let newest: Option<i64> = activity::table
        .select(max(activity::id))
        .first(connection)?;
    let queued = activity::table
        .filter(activity::id.gt(newest.unwrap_or_default() - NEWEST))
        .filter(activity::outcome.eq(CodeOutcome::Queued.as_str()));
    diesel::update(queued)
        .set((
            activity::outcome.eq(CodeOutcome::GivenUp.as_str()),
            activity::detail.eq(detail),
        ))
        .execute(connection)
}

/// Finds a row by its key.
///
/// # Errors
/// When the query fails.
pub fn find(connection: &mut SqliteConnection, id: i64) -> QueryResult<Option<ActivityRow>> {
    activity::table
        .find(id)
        .select(ActivityRow::as_select())
        .get_result(connection)
        .optional()
}

/// Reads a part of it, the newest first, up to `at_most` rows.
///
/// # Errors
/// When the query fails.
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
        query = query.filter(activity::account_id.eq(id.0));
    }
    if let Some(email) = &filter.email {
        query = query.filter(activity::email.eq(email.clone()));
    }
    // An index is followed in its order for one kind; several would have to be sorted.
    match filter.kinds.as_slice() {
        [] => {}
        [kind] => query = query.filter(activity::kind.eq(kind.as_str())),
        kinds => {
            let words: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
            query = query.filter(activity::kind.eq_any(words));
        }
    }
    if let Some(from) = filter.from {
        query = query.filter(activity::at.ge(from.0));
    }
    // One upper bound and not two: SQLite would seek by either of them.
    let before = filter.before.map_or(i64::MAX, |before| before.0);
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

/// Where in the order of time the page after a row begins. The row may have been forgotten since: then
/// the one before it says so.
fn place_of(
    connection: &mut SqliteConnection,
    older_than: Option<i64>,
) -> QueryResult<Option<(i64, i64)>> {
    let Some(id) = older_than else {
        return Ok(None);
    };
    let nearest = activity::table
        .filter(activity::id.le(id))
        .select(max(activity::id))
        .get_result::<Option<i64>>(connection)?
        .unwrap_or(0);
    let at = activity::table
        .find(nearest)
        .select(activity::at)
        .get_result(connection)
        .optional()?;
    let first = if nearest == id { id } else { nearest + 1 };
    Ok(Some((at.unwrap_or(i64::MIN), first)))
}

/// When an account last signed in, as far as is still known.
///
/// # Errors
/// When the query fails.
pub fn last_sign_in(
    connection: &mut SqliteConnection,
    account: &AccountRow,
) -> QueryResult<Option<i64>> {
    // The address leads to the index; the key keeps out whoever had the address before.
    activity::table
        .filter(activity::email.eq(&account.email))
        .filter(activity::kind.eq(ActivityKind::SignedIn.as_str()))
        .filter(activity::account_id.eq(account.id))
        .select(max(activity::at))
        .get_result(connection)
}

/// Whether an account has ever signed in, as far as is still known.
///
/// # Errors
/// When the query fails.
pub fn has_signed_in(
    connection: &mut SqliteConnection,
    account_id: AccountId,
) -> QueryResult<bool> {
    let sign_ins = activity::table
        .filter(activity::account_id.eq(account_id.0))
        .filter(activity::kind.eq(ActivityKind::SignedIn.as_str()));
    diesel::select(diesel::dsl::exists(sign_ins)).get_result(connection)
}

/// Forgets up to `at_most` rows from before `before`.
///
/// # Errors
/// When the query fails.
pub fn delete_before(
    connection: &mut SqliteConnection,
    before: Timestamp,
    at_most: i64,
) -> QueryResult<usize> {
    let old = activity::table
        .filter(activity::at.lt(before.0))
        .select(activity::id)
        .limit(at_most)
        .load::<i64>(connection)?;
    diesel::delete(activity::table.filter(activity::id.eq_any(old))).execute(connection)
}

/// Whether this has been written down of an address since then, with this detail.
///
/// # Errors
/// When the query fails.
pub fn is_written_down(
    connection: &mut SqliteConnection,
    kind: ActivityKind,
    email: &str,
    detail: &str,
    since: Timestamp,
) -> QueryResult<bool> {
    let such = activity::table
        .filter(activity::email.eq(email))
        .filter(activity::at.ge(since.0))
        .filter(activity::kind.eq(kind.as_str()))
        .filter(activity::detail.eq(detail));
    diesel::select(diesel::dsl::exists(such)).get_result(connection)
}

/// Forgets up to `at_most` rows from before `before` that are about nobody's account: a visitor
/// decides how many of those there are.
///
/// # Errors
/// When the query fails.
pub fn delete_strangers_before(
    connection: &mut SqliteConnection,
    before: Timestamp,
    at_most: i64,
) -> QueryResult<usize> {
    let strangers = [
        ActivityKind::CodeRequested.as_str(),
        ActivityKind::WrongCode.as_str(),
    ];
    let old = activity::table
        .filter(activity::account_id.is_null())
        .filter(activity::at.lt(before.0))
        .filter(activity::kind.eq_any(strangers))
        .select(activity::id)
        .limit(at_most)
        .load::<i64>(connection)?;
    diesel::delete(activity::table.filter(activity::id.eq_any(old))).execute(connection)
}

/// How often a code was asked for with an address since `since`, and no limit refused.
///
/// # Errors
/// When the query fails.
pub fn requests_of_address(
    connection: &mut SqliteConnection,
    email: &Email,
    since: Timestamp,
) -> QueryResult<i64> {
    activity::table
        .filter(activity::email.eq(email.as_str()))
        .filter(activity::kind.eq(ActivityKind::CodeRequested.as_str()))
        .filter(activity::outcome.ne(CodeOutcome::Limited.as_str()))
        .filter(activity::at.gt(since.0))
        .count()
        .get_result(connection)
}

fn shortened(text: &str) -> String {
    text.chars().take(LONGEST_DETAIL).collect()
}

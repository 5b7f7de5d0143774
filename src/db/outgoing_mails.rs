//! The table `outgoing_mails`: mail without secrets that waits to be sent.

use diesel::prelude::*;

use super::schema::outgoing_mails;
use crate::domain::Timestamp;

/// One waiting mail.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = outgoing_mails, check_for_backend(diesel::sqlite::Sqlite))]
pub struct OutgoingMailRow {
    /// The same for each attempt, so that a mail sent twice is seen once (RFC 5322, 3.6.4).
    pub message_id: String,
    /// The address it goes to.
    pub recipient: String,
    /// Its subject.
    pub subject: String,
    /// Its words.
    pub body_text: String,
    /// The same, for mail programs that show HTML.
    pub body_html: String,
    /// How often it was tried.
    pub attempts: i64,
    /// When it was written.
    pub created_at: i64,
    /// When to try next.
    pub next_attempt_at: i64,
    /// When to stop trying.
    pub give_up_at: i64,
}

/// Puts a mail in the queue.
///
/// # Errors
/// When the query fails.
pub fn insert(connection: &mut SqliteConnection, mail: &OutgoingMailRow) -> QueryResult<()> {
    diesel::insert_into(outgoing_mails::table)
        .values(mail)
        .execute(connection)?;
    Ok(())
}

/// The mails whose turn has come, the longest waiting first.
///
/// # Errors
/// When the query fails.
pub fn due(
    connection: &mut SqliteConnection,
    now: Timestamp,
    at_most: i64,
) -> QueryResult<Vec<OutgoingMailRow>> {
    outgoing_mails::table
        .filter(outgoing_mails::next_attempt_at.le(now.0))
        .order(outgoing_mails::next_attempt_at.asc())
        .limit(at_most)
        .select(OutgoingMailRow::as_select())
        .load(connection)
}

/// How much mail waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// How many mails.
    pub count: i64,
    /// When the oldest of them was written.
    pub oldest: Option<Timestamp>,
}

/// How much mail waits.
///
/// # Errors
/// When the query fails.
pub fn waiting(connection: &mut SqliteConnection) -> QueryResult<Waiting> {
    let (count, oldest): (i64, Option<i64>) = outgoing_mails::table
        .select((
            diesel::dsl::count_star(),
            diesel::dsl::min(outgoing_mails::created_at),
        ))
        .get_result(connection)?;
    Ok(Waiting {
        count,
        oldest: oldest.map(Timestamp),
    })
}

/// Sets the time of the next attempt.
///
/// # Errors
/// When the query fails.
pub fn postpone(
    connection: &mut SqliteConnection,
    message_id: &str,
    next_attempt_at: Timestamp,
) -> QueryResult<()> {
    let this = outgoing_mails::table.filter(outgoing_mails::message_id.eq(message_id));
    diesel::update(this)
        .set((
            outgoing_mails::attempts.eq(outgoing_mails::attempts + 1),
            outgoing_mails::next_attempt_at.eq(next_attempt_at.0),
        ))
        .execute(connection)?;
    Ok(())
}

/// Takes a mail out of the queue: it was sent, or never will be.
///
/// # Errors
/// When the query fails.
pub fn delete(connection: &mut SqliteConnection, message_id: &str) -> QueryResult<()> {
    let this = outgoing_mails::table.filter(outgoing_mails::message_id.eq(message_id));
    diesel::delete(this).execute(connection)?;
    Ok(())
}

/// Takes every mail to an address out of the queue.
///
/// # Errors
/// When the query fails.
pub fn delete_to(connection: &mut SqliteConnection, recipient: &str) -> QueryResult<()> {
    let theirs = outgoing_mails::table.filter(outgoing_mails::recipient.eq(recipient));
    diesel::delete(theirs).execute(connection)?;
    Ok(())
}

//! The table `outgoing_mails`: queued mail that holds no secret.

use diesel::prelude::*;

use super::schema::outgoing_mails;
use crate::domain::{Email, Timestamp};

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = outgoing_mails, check_for_backend(diesel::sqlite::Sqlite))]
pub struct OutgoingMailRow {
    /// The same for every attempt, so that a mail program shows a mail sent twice once (RFC 5322, 3.6.4).
    pub message_id: String,
    /// Text, since one unreadable address must not stop the queue.
    pub recipient: String,
    pub subject: String,
    pub body_text: String,
    pub body_html: String,
    pub attempts: i64,
    pub created_at: Timestamp,
    pub next_attempt_at: Timestamp,
    /// No attempt is made after this.
    pub give_up_at: Timestamp,
}

pub fn insert(connection: &mut SqliteConnection, mail: &OutgoingMailRow) -> QueryResult<()> {
    diesel::insert_into(outgoing_mails::table)
        .values(mail)
        .execute(connection)?;
    Ok(())
}

/// The mails whose next attempt is due, the longest overdue first.
pub fn due(
    connection: &mut SqliteConnection,
    now: Timestamp,
    at_most: i64,
) -> QueryResult<Vec<OutgoingMailRow>> {
    outgoing_mails::table
        .filter(outgoing_mails::next_attempt_at.le(now))
        .order(outgoing_mails::next_attempt_at.asc())
        .limit(at_most)
        .select(OutgoingMailRow::as_select())
        .load(connection)
}

/// The length of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    pub count: i64,
    /// When the oldest mail was queued.
    pub oldest: Option<Timestamp>,
}

pub fn waiting(connection: &mut SqliteConnection) -> QueryResult<Waiting> {
    let (count, oldest) = outgoing_mails::table
        .select((
            diesel::dsl::count_star(),
            diesel::dsl::min(outgoing_mails::created_at),
        ))
        .get_result(connection)?;
    Ok(Waiting { count, oldest })
}

/// Counts a failed attempt and sets the time of the next one.
pub fn postpone(
    connection: &mut SqliteConnection,
    message_id: &str,
    next_attempt_at: Timestamp,
) -> QueryResult<()> {
    let this = outgoing_mails::table.filter(outgoing_mails::message_id.eq(message_id));
    diesel::update(this)
        .set((
            outgoing_mails::attempts.eq(outgoing_mails::attempts + 1),
            outgoing_mails::next_attempt_at.eq(next_attempt_at),
        ))
        .execute(connection)?;
    Ok(())
}

pub fn delete(connection: &mut SqliteConnection, message_id: &str) -> QueryResult<()> {
    let this = outgoing_mails::table.filter(outgoing_mails::message_id.eq(message_id));
    diesel::delete(this).execute(connection)?;
    Ok(())
}

pub fn delete_to(connection: &mut SqliteConnection, recipient: &Email) -> QueryResult<()> {
    let theirs = outgoing_mails::table.filter(outgoing_mails::recipient.eq(recipient));
    diesel::delete(theirs).execute(connection)?;
    Ok(())
}

//! What the file itself is like: for those who watch it, and for those who wonder what is wrong.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

#[derive(QueryableByName)]
struct Size {
    #[diesel(sql_type = BigInt)]
    bytes: i64,
}

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = Text)]
    version: String,
}

#[derive(QueryableByName)]
struct Finding {
    #[diesel(sql_type = Text)]
    quick_check: String,
}

/// How large it is, in bytes, without what waits in the write-ahead log.
///
/// # Errors
/// When the query fails.
pub fn size(connection: &mut SqliteConnection) -> QueryResult<i64> {
    diesel::sql_query(
        "SELECT page_count * page_size AS bytes FROM pragma_page_count(), pragma_page_size()",
    )
    .get_result::<Size>(connection)
    .map(|size| size.bytes)
}

/// Which SQLite reads it.
///
/// # Errors
/// When the query fails.
pub fn sqlite_version(connection: &mut SqliteConnection) -> QueryResult<String> {
    diesel::sql_query("SELECT sqlite_version() AS version")
        .get_result::<Version>(connection)
        .map(|row| row.version)
}

/// The newest migration that was run on it.
///
/// # Errors
/// When the query fails.
pub fn newest_migration(connection: &mut SqliteConnection) -> QueryResult<Option<String>> {
    diesel::sql_query(
        "SELECT version FROM __diesel_schema_migrations ORDER BY version DESC LIMIT 1",
    )
    .get_result::<Version>(connection)
    .optional()
    .map(|row| row.map(|row| row.version))
}

/// What SQLite finds damaged; nothing, in a file that is whole.
///
/// # Errors
/// When the file is too damaged for the question.
pub fn damage(connection: &mut SqliteConnection) -> QueryResult<Vec<String>> {
    let found: Vec<Finding> = diesel::sql_query("PRAGMA quick_check(5)").load(connection)?;
    let words = found.into_iter().map(|finding| finding.quick_check);
    Ok(words.filter(|word| word != "ok").collect())
}

//! The database file: its size, its permissions, its versions and its damage.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use diesel::prelude::*;
use diesel::sql_types::Text;

use super::engine::paths::{behind_links, with_beside};

const OTHERS_MAY_READ: u32 = 0o004;
const OTHERS_MAY_ENTER: u32 = 0o001;

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

/// The size of a database on the disk in bytes, its write-ahead log included.
pub fn size(database: &Path) -> i64 {
    let sizes = files(database).into_iter().map(fs::metadata);
    let bytes: u64 = sizes.flatten().map(|file| file.len()).sum();
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// Whether the database or a file beside it is world-readable: other users may read the file and enter every folder
/// above it.
///
/// # Errors
/// When the permissions of a folder cannot be read.
pub fn is_open_to_others(database: &Path) -> io::Result<bool> {
    let lets = |path: &Path, bit| fs::metadata(path).map(|it| it.permissions().mode() & bit != 0);
    let files = files(database);
    if !files
        .iter()
        .any(|file| lets(file, OTHERS_MAY_READ).unwrap_or(false))
    {
        return Ok(false);
    }
    for folder in database.canonicalize()?.ancestors().skip(1) {
        if !lets(folder, OTHERS_MAY_ENTER)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The database and the files beside it. Symbolic links are followed.
fn files(database: &Path) -> Vec<PathBuf> {
    with_beside(&behind_links(database)).collect()
}

pub fn sqlite_version(connection: &mut SqliteConnection) -> QueryResult<String> {
    diesel::sql_query("SELECT sqlite_version() AS version")
        .get_result::<Version>(connection)
        .map(|row| row.version)
}

/// The newest migration that was applied.
pub fn newest_migration(connection: &mut SqliteConnection) -> QueryResult<Option<String>> {
    diesel::sql_query(
        "SELECT version FROM __diesel_schema_migrations ORDER BY version DESC LIMIT 1",
    )
    .get_result::<Version>(connection)
    .optional()
    .map(|row| row.map(|row| row.version))
}

/// The damage that SQLite's `quick_check` finds; empty for an intact file.
///
/// # Errors
/// When the file is too damaged to be checked.
pub fn damage(connection: &mut SqliteConnection) -> QueryResult<Vec<String>> {
    let found: Vec<Finding> = diesel::sql_query("PRAGMA quick_check(5)").load(connection)?;
    let words = found.into_iter().map(|finding| finding.quick_check);
    Ok(words.filter(|word| word != "ok").collect())
}

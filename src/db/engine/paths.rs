//! The paths of a database and of the files that SQLite keeps beside it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The endings of the files that SQLite may keep beside a database.
pub const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// The path with an ending appended to the file name.
pub fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut whole = OsString::from(path);
    whole.push(end);
    PathBuf::from(whole)
}

/// The file behind a symbolic link. SQLite keeps its other files beside that file.
pub fn behind_links(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// The database, and every file that SQLite may keep beside it.
pub fn with_beside(database: &Path) -> impl Iterator<Item = PathBuf> {
    let beside = BESIDE.map(|end| with_end(database, end));
    std::iter::once(database.to_owned()).chain(beside)
}

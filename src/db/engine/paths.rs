//! The paths of a database and of the files that SQLite keeps beside it.

use std::ffi::OsString;
use std::fs::File;
use std::io;
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

/// The folder of a file. A bare file name lies in the working folder.
pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Syncs the folder of a file to the disk, so that a new or renamed file survives a power cut.
pub fn sync_folder_of(path: &Path) -> io::Result<()> {
    File::open(folder_of(path))?.sync_all()
}

/// The database, and every file that SQLite may keep beside it.
pub fn with_beside(database: &Path) -> impl Iterator<Item = PathBuf> {
    let beside = BESIDE.map(|end| with_end(database, end));
    std::iter::once(database.to_owned()).chain(beside)
}

//! Database files that take their place atomically when they are complete.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::db::engine::paths::{BESIDE, folder_of, sync_folder_of, with_end};

/// An incomplete database file, mode 0600, in the folder of its final place. Dropping it removes the file and
/// everything that SQLite has put beside it.
pub(super) struct Draft {
    // Closed and removed first: SQLite must not find a file without its journal.
    file: NamedTempFile,
    _journals: Journals,
}

impl Draft {
    /// Creates an empty draft of the file `place`.
    pub(super) fn of(place: &Path) -> io::Result<Self> {
        let name = place.file_name().ok_or(ErrorKind::InvalidFilename)?;
        let file = tempfile::Builder::new()
            .prefix(&format!(".{}.", name.to_string_lossy()))
            .tempfile_in(folder_of(place))?;
        let journals = Journals(file.path().to_owned());
        Ok(Self {
            file,
            _journals: journals,
        })
    }

    pub(super) fn path(&self) -> &Path {
        self.file.path()
    }

    /// Moves the draft to `place`, which must not exist, and syncs it to the disk.
    pub(super) fn persist_new(self, place: &Path) -> io::Result<()> {
        self.file.as_file().sync_all()?;
        self.file.persist_noclobber(place)?;
        sync_folder_of(place)
    }

    /// Replaces `place` in one step, and syncs the new file to the disk.
    pub(super) fn persist_over(self, place: &Path) -> io::Result<()> {
        self.file.as_file().sync_all()?;
        self.file.persist(place)?;
        sync_folder_of(place)
    }
}

/// Removes the files beside a database when dropped.
struct Journals(PathBuf);

impl Drop for Journals {
    fn drop(&mut self) {
        for end in BESIDE {
            // Most of them never existed.
            let _removed = fs::remove_file(with_end(&self.0, end));
        }
    }
}

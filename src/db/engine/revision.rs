//! The newest session revision, read from the table only after a commit.
//!
//! Every commit of every process changes the header of SQLite's WAL index, which SQLite maps into shared memory
//! (<https://sqlite.org/walformat.html>, section 2.1). Comparing 48 bytes replaces a query. Three invariants:
//!
//! 1. The descriptor of the index is opened once and closed after every connection of this process. When a process
//!    closes any descriptor of a file, POSIX drops all its locks on that file, SQLite's own included
//!    (<https://sqlite.org/howtocorrupt.html>, section 2.2).
//! 2. The index is read only while a connection is open. SQLite then never truncates the start of the file.
//! 3. The header is read before the table. A commit between the two reads is then seen at the next call.

use std::cell::Cell;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use thread_local::ThreadLocal;
use vm_memory::{FileOffset, MmapRegion, VolatileMemory};

use super::connection::DatabaseError;
use super::paths::{behind_links, with_end};
use crate::db::sessions::Revision;

/// The size of the first copy of the header.
const HEADER_BYTES: usize = 48;

type Header = [u64; HEADER_BYTES / 8];

/// Watches the WAL index of a database. Each thread keeps its own last result, so that no thread waits for another.
#[derive(Clone)]
pub(super) struct RevisionWatch(Arc<Watch>);

struct Watch {
    path: PathBuf,
    file: OnceLock<Arc<File>>,
    opening: Mutex<()>,
    index: OnceLock<MmapRegion>,
    seen: ThreadLocal<Cell<Option<(Header, Revision)>>>,
}

impl RevisionWatch {
    pub(super) fn of(database: &Path) -> Self {
        Self(Arc::new(Watch {
            path: with_end(&behind_links(database), "-shm"),
            file: OnceLock::new(),
            opening: Mutex::new(()),
            index: OnceLock::new(),
            seen: ThreadLocal::new(),
        }))
    }

    /// The newest revision. `read` reads the table on a connection that stays open.
    pub(super) fn newest(
        &self,
        read: impl Fn() -> Result<Revision, DatabaseError>,
    ) -> Result<Revision, DatabaseError> {
        if self.0.index.get().is_none() {
            // Opens this thread's connection (invariant 2).
            read()?;
        }
        let header = self.header();
        let seen = self.0.seen.get_or_default();
        if let (Some(now), Some((then, revision))) = (header, seen.get())
            && now == then
        {
            return Ok(revision);
        }
        let revision = read()?;
        seen.set(header.map(|header| (header, revision)));
        Ok(revision)
    }

    /// `None` when there is no index; the table is read then.
    fn header(&self) -> Option<Header> {
        let index = match self.0.index.get() {
            Some(index) => index,
            None => {
                let mapped = mapped(Arc::clone(self.0.file()?))?;
                self.0.index.get_or_init(|| mapped)
            }
        };
        let mut header = Header::default();
        let whole = index.as_volatile_slice().copy_to(&mut header) == header.len();
        whole.then_some(header)
    }
}

impl Watch {
    fn file(&self) -> Option<&Arc<File>> {
        if let Some(file) = self.file.get() {
            return Some(file);
        }
        // Of two descriptors, one would be closed (invariant 1).
        let _alone = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        if self.file.get().is_none() {
            let opened = File::open(&self.path).ok()?;
            self.file.get_or_init(|| Arc::new(opened));
        }
        self.file.get()
    }
}

fn mapped(index: Arc<File>) -> Option<MmapRegion> {
    // Memory past the end of a file can be mapped, but not read.
    if index.metadata().ok()?.len() < HEADER_BYTES as u64 {
        return None;
    }
    let from_the_start = Some(FileOffset::from_arc(index, 0));
    MmapRegion::build(
        from_the_start,
        HEADER_BYTES,
        libc::PROT_READ,
        libc::MAP_SHARED,
    )
    .ok()
}

#[cfg(test)]
mod tests {
    use diesel::connection::SimpleConnection;

    use super::*;
    use crate::db::engine::pool::Database;

    #[test]
    fn the_header_changes_with_every_commit_of_any_connection() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        let watch = RevisionWatch::of(&path);
        let database = Database::open(&path).unwrap();
        let write = |sql: &'static str| {
            database
                .write_blocking(move |c| c.batch_execute(sql))
                .unwrap()
        };
        write("CREATE TABLE t (n INTEGER)");
        let before = watch.header().unwrap();
        assert_eq!(watch.header().unwrap(), before);
        write("INSERT INTO t VALUES (1)");
        assert_ne!(watch.header().unwrap(), before);
        drop(database);
    }
}

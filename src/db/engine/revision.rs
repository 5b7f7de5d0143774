//! The counters of `session_revision`, read again only after somebody has committed something.

use std::cell::Cell;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use thread_local::ThreadLocal;
use vm_memory::{FileOffset, MmapRegion, VolatileMemory};

use super::paths::{behind_links, with_end};
use super::pool::{Database, DatabaseError};
use crate::db::sessions::{self, Revision};

/// The first copy of the WAL index's header. Every commit of every process changes it
/// (<https://sqlite.org/walformat.html>, section 2.1).
const HEADER_BYTES: usize = 48;

type Header = [u64; HEADER_BYTES / 8];

/// Knows the newest [`Revision`], at the price of looking at 48 bytes of memory that SQLite shares between
/// processes. Each thread remembers its own, so that none waits for another.
#[derive(Clone)]
pub(super) struct RevisionWatch(Arc<Watch>);

struct Watch {
    path: PathBuf,
    /// Opened once, and not closed while a connection is open: POSIX takes away all locks that a process has
    /// on a file with the first descriptor of it that is closed, and SQLite's own are among them
    /// (<https://sqlite.org/howtocorrupt.html>, section 2.2).
    file: OnceLock<Arc<File>>,
    opening: Mutex<()>,
    index: OnceLock<MmapRegion>,
    seen: ThreadLocal<Cell<Option<(Header, Revision)>>>,
}

impl RevisionWatch {
    /// Of the database in this file.
    pub(super) fn of(database: &Path) -> Self {
        Self(Arc::new(Watch {
            path: with_end(&behind_links(database), "-shm"),
            file: OnceLock::new(),
            opening: Mutex::new(()),
            index: OnceLock::new(),
            seen: ThreadLocal::new(),
        }))
    }

    /// `None` where there is no index to look at; then the table has to be asked.
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
    /// The file is there as soon as a connection has read or written, and SQLite never cuts off its beginning
    /// while one is open: it maps it just so.
    fn file(&self) -> Option<&Arc<File>> {
        if let Some(file) = self.file.get() {
            return Some(file);
        }
        // Two that open it together would leave one to be closed.
        let _alone = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        if self.file.get().is_none() {
            let opened = File::open(&self.path).ok()?;
            self.file.get_or_init(|| Arc::new(opened));
        }
        self.file.get()
    }
}

fn mapped(index: Arc<File>) -> Option<MmapRegion> {
    // Memory past a file's end is there, until somebody looks at it.
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

impl Database {
    /// The newest revision: whatever was committed before this call, by any process, is in it.
    pub fn session_revision(&self) -> Result<Revision, DatabaseError> {
        if self.revision_watch().0.index.get().is_none() {
            // From then on this thread has a connection that keeps the index where it is.
            self.read_in_place(sessions::revision)?;
        }
        // Before the table is read: a commit in between is then seen the next time.
        let header = self.revision_watch().header();
        let seen = self.revision_watch().0.seen.get_or_default();
        if let (Some(now), Some((then, revision))) = (header, seen.get())
            && now == then
        {
            return Ok(revision);
        }
        let revision = self.read_in_place(sessions::revision)?;
        seen.set(header.map(|header| (header, revision)));
        Ok(revision)
    }
}

#[cfg(test)]
mod tests {
    use diesel::connection::SimpleConnection;

    use super::*;

    #[test]
    fn the_index_is_looked_at_and_changes_with_every_commit_of_anybody() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        // Dropped the other way round: the descriptor is to be closed after all connections.
        let ours = Database::open(&path).unwrap();
        let theirs = Database::open(&path).unwrap();
        let write = |sql: &'static str| {
            theirs
                .write_blocking(move |c| c.batch_execute(sql))
                .unwrap()
        };
        write("CREATE TABLE t (n INTEGER)");
        ours.read_in_place(|c| c.batch_execute("SELECT n FROM t"))
            .unwrap();
        let header = || ours.revision_watch().header().unwrap();
        let before = header();
        assert_eq!(header(), before);
        write("INSERT INTO t VALUES (1)");
        assert_ne!(header(), before);
    }
}

//! Files that are written beside their place first, so that a failure leaves nothing half.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use crate::db::engine::paths::with_beside;

/// How often a long copy says how far it is; a short one says nothing.
const SAY_EVERY: Duration = Duration::from_millis(500);
const MEGABYTE: u64 = 1_000_000;

/// A file on its way, for the owner's eyes only. It goes when it is dropped, with all beside it.
pub(super) struct Draft(PathBuf);

impl Draft {
    /// Makes it, empty, in the place of one that was left over.
    pub(super) fn make(path: PathBuf) -> io::Result<Self> {
        let draft = Self(path);
        draft.remove();
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&draft.0)?;
        Ok(draft)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Puts it at `place`, where nothing may be yet.
    pub(super) fn put_at_free(&self, place: &Path) -> io::Result<()> {
        File::open(&self.0)?.sync_all()?;
        keep_as(&self.0, place)?;
        sync_folder_of(place)
    }

    /// Puts it at `place`, in one step, whatever is there.
    pub(super) fn put_over(&self, place: &Path) -> io::Result<()> {
        File::open(&self.0)?.sync_all()?;
        fs::rename(&self.0, place)?;
        sync_folder_of(place)
    }

    fn remove(&self) {
        for path in with_beside(&self.0) {
            let _not_there = fs::remove_file(path);
        }
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Gives a file a second name, where nothing may be yet. Where the file system knows no second
/// names, the file is moved.
pub(super) fn keep_as(path: &Path, place: &Path) -> io::Result<()> {
    match fs::hard_link(path, place) {
        Err(e) if e.kind() != ErrorKind::AlreadyExists && !place.exists() => {
            fs::rename(path, place)
        }
        linked => linked,
    }
}

/// The folder that a file lies in.
pub(super) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn sync_folder_of(path: &Path) -> io::Result<()> {
    File::open(folder_of(path))?.sync_all()
}

/// Does what fills a file of about `whole` bytes; a terminal is told now and then how far it is.
pub(super) fn showing_progress<T>(filling: &Path, whole: u64, work: impl FnOnce() -> T) -> T {
    if !io::stderr().is_terminal() {
        return work();
    }
    std::thread::scope(|scope| {
        let (done, is_done) = channel::<()>();
        scope.spawn(move || {
            let mut shown = false;
            while is_done.recv_timeout(SAY_EVERY) == Err(RecvTimeoutError::Timeout) {
                let so_far = fs::metadata(filling).map_or(0, |file| file.len());
                let (so_far, whole) = (so_far / MEGABYTE, whole.div_ceil(MEGABYTE));
                shown |= write!(io::stderr(), "\r  {so_far} of about {whole} MB").is_ok();
            }
            if shown {
                let _nobody_listens = write!(io::stderr(), "\r{:40}\r", "");
            }
        });
        let outcome = work();
        drop(done);
        outcome
    })
}

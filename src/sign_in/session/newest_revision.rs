use std::sync::atomic::{AtomicI64, Ordering};

use crate::db::sessions::Revision;

/// The newest revision that any request has read.
#[derive(Default)]
pub(super) struct NewestRevision {
    ended: AtomicI64,
    begun: AtomicI64,
}

impl NewestRevision {
    /// Returns whether a session may have ended since the last call.
    pub(super) fn store(&self, revision: Revision) -> bool {
        // The usual case. A load keeps the cache line shared between the cores.
        if self.load() == revision {
            return false;
        }
        self.begun.fetch_max(revision.begun, Ordering::AcqRel);
        self.ended.fetch_max(revision.ended, Ordering::AcqRel) < revision.ended
    }

    pub(super) fn load(&self) -> Revision {
        Revision {
            ended: self.ended.load(Ordering::Acquire),
            begun: self.begun.load(Ordering::Acquire),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_newer_says_that_a_session_may_have_ended() {
        let newest = NewestRevision::default();
        let store = |ended, begun| newest.store(Revision { ended, begun });
        assert!(!store(0, 1));
        assert!(store(1, 1));
        assert!(!store(1, 2));
        assert!(store(3, 2));
        assert!(!store(2, 3));
        assert!(store(4, 3));
        assert!(!store(4, 3));
    }
}

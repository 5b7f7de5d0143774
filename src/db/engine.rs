//! The SQLite engine: connections, the pool, the writer thread, revisions and migrations.

pub(super) mod checked;
pub mod migrations;
pub mod paths;
pub(super) mod pool;
pub(super) mod revision;
pub(super) mod writer;

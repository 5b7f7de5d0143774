//! The SQLite engine: connections, the pool, the writer thread, revisions and migrations.

pub(super) mod checked;
pub(super) mod connection;
pub mod file;
pub mod migrations;
pub mod paths;
pub(super) mod pool;
mod revision;
mod writer;

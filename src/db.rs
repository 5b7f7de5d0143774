//! SQLite through diesel: one file per table. What it returns is a `QueryResult`; what a row means
//! to a person is decided in `auth`.

pub mod account_search;
pub mod accounts;
pub mod activity;
pub mod challenges;
pub mod engine;
pub mod identities;
pub mod limit_clearances;
pub mod listings;
pub mod notices;
pub mod operator_codes;
pub mod outgoing_mails;
pub mod pending_revocations;
pub mod provider_sessions;
mod schema;
pub mod sessions;
pub mod state;
pub mod wrong_tries;

pub use diesel::QueryResult;
pub use diesel::sqlite::SqliteConnection;
pub use engine::pool::{Database, DatabaseError, Hindrance};
pub use engine::writer::WriteTrouble;

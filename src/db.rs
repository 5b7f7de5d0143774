//! SQLite through Diesel: one file per table. Queries return a `QueryResult`; the layers above decide what
//! a row means.

pub mod account_notices;
pub mod account_search;
pub mod accounts;
pub mod activity;
pub mod challenges;
pub mod engine;
pub mod identities;
pub mod known_browsers;
pub mod limit_clearances;
pub mod listings;
pub mod notices;
pub mod operator_codes;
pub mod outgoing_mails;
pub mod pending_revocations;
pub mod provider_logouts;
pub mod provider_sessions;
mod schema;
pub mod sessions;
pub mod state;
pub mod types;
pub mod wrong_tries;

pub use diesel::QueryResult;
pub use diesel::sqlite::SqliteConnection;
pub use engine::checked::TransactionError;
pub use engine::connection::{DatabaseError, SqliteProblem};
pub use engine::pool::{Database, OpenError, WriteTrouble};

//! Accounts: what admins and people change, and the record of what happened.

pub mod activity;
pub mod changes;
pub mod directory;
pub mod end_sessions;
pub mod import;
pub mod own_account;
mod paging;

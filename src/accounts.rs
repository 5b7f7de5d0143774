//! Accounts: changes by admins and by their owners, the import, and the activity log.

pub mod account;
pub mod activity;
pub mod changes;
pub mod directory;
pub mod end_sessions;
pub mod import;
pub mod own_account;
mod paging;

//! What the product does, in the words of those who use it. It knows neither HTTP nor HTML.

pub mod accounts;
pub mod address_limits;
pub mod client;
pub mod code_hash;
pub mod directory;
pub mod email_code;
pub mod end_sessions;
mod hash_pool;
pub mod health;
pub mod housekeeping;
pub mod import;
pub mod journal;
pub mod key_rotation;
pub mod keys;
pub mod known_browsers;
pub mod limits;
pub mod operator_code;
pub mod own_account;
mod paging;
pub mod provider;
pub mod public_address;
pub mod seal;
pub mod session;
pub mod try_budget;
pub mod workos;

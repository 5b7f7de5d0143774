//! For operators: health, housekeeping, backup and restore, migrations, accounts by address, and probes.

pub mod address_limits;
pub mod address_probe;
pub mod backup;
pub mod compromised_key;
pub mod data_dir;
pub mod database;
mod draft;
pub mod health;
pub mod housekeeping;
pub mod mail_probe;
pub mod operator_accounts;
pub mod operator_code;
pub mod restore;
pub mod sender_domain;
pub mod storage_probe;

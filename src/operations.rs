//! What operators need: health, housekeeping, operator codes, limits, and probes.

pub mod address_limits;
pub mod address_probe;
pub mod health;
pub mod housekeeping;
pub mod mail_probe;
pub mod operator_code;
pub mod sender_domain;

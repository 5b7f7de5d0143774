//! Signing in: email codes, providers, sessions, and the limits on all of them.

pub mod client;
pub mod email_code;
pub mod known_browsers;
pub mod limits;
pub mod oidc;
pub mod provider;
pub mod session;

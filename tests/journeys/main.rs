//! Journeys through the real application; each test's name is a sentence. Every test starts its own
//! server with a private database, clock and outbox. Rule numbers refer to `docs/testing.md`.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets the unexpected has failed, and says so"
)]

mod account;
mod account_mails;
mod addresses;
mod admin;
mod branding;
#[cfg(feature = "browser")]
mod browser;
mod cli;
mod command_line;
mod doctor;
mod documentation;
mod email_codes;
mod floods;
mod guessing;
mod health;
mod http_rules;
mod known_browsers;
mod limits;
mod logs;
mod mail;
mod mail_replies;
mod mail_server;
mod metrics;
mod migrations;
mod operator;
mod origins;
mod process;
mod provider;
mod return_to;
mod session_cookies;
mod sessions;
mod sign_in;
mod static_files;
pub mod support;
mod uniform_answers;
mod words;
mod workos;

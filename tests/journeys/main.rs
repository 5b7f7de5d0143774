//! Journeys through the real application, each named as a sentence. Every test has a server, a
//! database, a clock and an outbox of its own. The numbers are those of the rules in
//! `tests/README.md`.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets the unexpected has failed, and says so"
)]

mod account;
mod addresses;
mod admin;
mod branding;
#[cfg(feature = "browser")]
mod browser;
mod cli;
mod command_line;
mod doctor;
mod email_codes;
mod guessing;
mod health;
mod http_rules;
mod limits;
mod logs;
mod mail;
mod mail_server;
mod metrics;
mod migrations;
mod operator;
mod origins;
mod process;
mod provider;
mod readme;
mod return_to;
mod session_cookies;
mod sessions;
mod sign_in;
mod static_files;
pub mod support;
mod uniform_answers;
mod words;
mod workos;

//! Journeys through the real application, each named as a sentence. Every test has a server, a
//! database, a clock and an outbox of its own. The numbers are those of the rules in the README's
//! table “What must hold”.
#![expect(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets the unexpected has failed, and says so"
)]

mod command_line;
mod mail;
mod mail_server;
mod migrations;
mod process;
mod sign_in;
pub mod support;
mod words;

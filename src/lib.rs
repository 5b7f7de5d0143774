//! Vestibule, the sign-in console that small teams host themselves.
//!
//! The layers, from the top. A module imports from the layers below it only:
//! `cli`, `server` → `routes` → `web` → `operations` → `accounts` → `sign_in` → `mail`, `keys` → `db` →
//! `config` → `domain`. `views` takes plain data; `error`, `clock`, `logging` and `metrics` serve every layer.
//!
//! | module | what is in it |
//! |---|---|
//! | [`domain`] | values that cannot be wrong |
//! | [`config`] | every setting, typed |
//! | [`db`] | SQLite through diesel: the engine, and one file per table |
//! | [`keys`] | secret keys, sealing, rotation |
//! | [`mail`] | the queue, SMTP and the outbox, one file per message |
//! | [`sign_in`] | email codes, OpenID Connect, sessions, limits |
//! | [`accounts`] | changes to accounts, the import, the activity |
//! | [`operations`] | health, housekeeping, operator codes, probes |
//! | [`web`] | HTTP: state, extractors, middleware; and one file per page |
//! | [`views`] | HTML in maud, one file per page |
//! | [`routes`] | every URL in one table, with who may call it |
//! | [`server`] | wires the application together and runs it |
//! | [`cli`] | the command line, one file per subcommand |
//! | [`error`] | one error per HTTP meaning |
//! | [`clock`] | the time, which a test can set |
//! | [`logging`] | the log's format, with the id of the request |
//! | [`metrics`] | counters for Prometheus |

pub mod accounts;
pub mod cli;
pub mod clock;
pub mod config;
pub mod db;
pub mod domain;
pub mod error;
pub mod keys;
pub mod logging;
pub mod mail;
pub mod metrics;
pub mod operations;
pub mod routes;
pub mod server;
pub mod sign_in;
pub mod views;
pub mod web;

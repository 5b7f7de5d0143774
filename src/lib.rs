//! Vestibule, the sign-in console that small teams host themselves.
//!
//! Arrows point one way: [`web`] → [`auth`] → [`db`], [`mail`], [`domain`]. `domain` imports nothing
//! of ours, [`views`] take plain data, only `web`, [`routes`] and [`server`] know actix, and only
//! `db` knows which tables there are.
//!
//! | module | what is in it |
//! |---|---|
//! | [`config`] | every setting, typed, judged in one go |
//! | [`server`] | wires the application together and runs it |
//! | [`routes`] | every URL in one table, grouped by who may call it |
//! | [`error`] | one error by HTTP meaning |
//! | [`clock`] | the time, which a test can hold still |
//! | [`metrics`] | what is counted, for whoever watches; every layer may count |
//! | [`domain`] | plain types that cannot hold a wrong value |
//! | [`auth`] | what the product does: email codes, sessions, limits |
//! | [`db`] | SQLite through diesel, one file per table |
//! | [`mail`] | the queue, the ways out, one file per message |
//! | [`web`] | handlers, one file per page; extractors and middleware |
//! | [`views`] | maud, one file per page |
//! | [`cli`] | one file per subcommand |

pub mod auth;
pub mod cli;
pub mod clock;
pub mod config;
pub mod db;
pub mod domain;
pub mod error;
pub mod mail;
pub mod metrics;
pub mod routes;
pub mod server;
pub mod views;
pub mod web;

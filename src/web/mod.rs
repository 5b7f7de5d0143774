//! Handlers, one file per page: parse, one verb, render.

pub mod account;
pub mod admin;
pub mod answer;
pub mod console;
pub mod cookies;
pub mod dashboard;
pub mod email_step;
pub mod extract;
pub mod flow_cookies;
pub mod front;
pub mod health;
pub mod middleware;
pub mod not_me;
pub mod problem;
pub mod refusal;
pub mod session_cookie;
pub mod sign_in;
pub mod sign_out;
pub mod static_files;
pub mod verify_code;
pub mod workos;

pub use console::Console;

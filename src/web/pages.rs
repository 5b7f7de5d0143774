//! Handlers, one file per page. Each handler parses the request, calls one verb and renders the result.

pub mod account;
pub mod admin;
pub mod code_refusal;
pub mod code_step;
pub mod dashboard;
pub mod email_step;
pub mod health;
mod health_presenter;
pub mod metrics;
pub mod not_me;
pub mod root;
pub mod sign_in;
pub mod sign_out;
pub mod static_files;
pub mod workos;
pub mod workos_problem;

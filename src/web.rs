//! The web interface: [`http`] underneath, [`pages`] on top.

pub mod http;
pub mod pages;

pub use http::state::AppState;

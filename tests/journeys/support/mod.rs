//! The application, and those who use it.

pub mod app;
pub mod outbox;
pub mod visitor;

pub use app::TestApp;
pub use visitor::{Answer, Visitor};

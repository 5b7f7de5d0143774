//! The application, and those who use it.

pub mod app;
#[cfg(feature = "browser")]
pub mod browser;
#[cfg(feature = "browser")]
pub mod chromium;
pub mod outbox;
pub mod process;
pub mod smtp;
pub mod visitor;

pub use app::TestApp;
pub use process::Workplace;
pub use visitor::{Answer, Visitor, other_than};

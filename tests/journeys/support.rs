//! The application, and those who use it.

pub mod app;
#[cfg(feature = "browser")]
pub mod browser;
#[cfg(feature = "browser")]
pub mod chromium;
pub mod hostile;
pub mod outbox;
#[cfg(feature = "browser")]
pub mod peers;
pub mod process;
pub mod signing_keys;
pub mod smtp;
pub mod visitor;

use std::time::Duration;

pub use app::TestApp;
pub use process::Workplace;
pub use visitor::{Answer, Visitor, how_many, other_than};

/// Installs the cryptography for `reqwest` and `thirtyfour` in the tests: the product's choice of features
/// gives them none. The product does not depend on this.
pub fn use_ring() {
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
}

/// Waits until this is so.
pub async fn until(what: &str, condition: impl AsyncFn() -> bool) {
    let waited = tokio::time::timeout(Duration::from_secs(30), async {
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        while !condition().await {
            ticks.tick().await;
        }
    });
    assert!(waited.await.is_ok(), "waited in vain until {what}");
}

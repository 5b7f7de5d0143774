//! The pictures in the README. With `UPDATE_IMAGES=1` they are written to docs/images, without it to
//! target/screenshots.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{MIRA, ask_for_code};
use crate::support::browser::{Browser, Theme};
use crate::workos::console_and_provider;

const FOLDER: &str = env!("CARGO_MANIFEST_DIR");
const MOST_BYTES: u64 = 150_000;

fn picture(name: &str) -> PathBuf {
    let folder = match env::var_os("UPDATE_IMAGES") {
        Some(_) => "docs/images",
        None => "target/screenshots/readme",
    };
    Path::new(FOLDER).join(folder).join(name)
}

async fn take(browser: &Browser, name: &str) {
    let path = picture(name);
    browser.photograph_to(&path).await;
    let bytes = fs::metadata(&path).unwrap().len();
    assert!(bytes < MOST_BYTES, "{name} has {bytes} bytes");
}

#[actix_web::test]
async fn the_sign_in_page_and_the_dashboard_are_photographed_for_the_readme() {
    let brand = "Acme Console".to_owned();
    let (app, _provider) = console_and_provider(|settings| settings.brand_name = Some(brand)).await;
    app.add_account(MIRA, "Mira Bell");
    let browser = Browser::open(&app).await;
    browser.resize_to(1000, 560, 1.0).await;
    browser.prefer(Theme::Light, "reduce").await;

    ask_for_code(&browser).await;
    browser.type_keys(app.newest_code(MIRA).await).await;
    browser.read("h1", "Welcome, Mira").await;
    app.later(Duration::from_mins(2));
    app.sql("UPDATE sessions SET ip = '203.0.113.7'");
    app.sql(
        "INSERT INTO sessions (token_hash, account_id, method, browser, ip, created_at, last_seen_at)
         SELECT randomblob(32), account_id, 'email_code', 'Safari on iPhone', '198.51.100.20',
                created_at - 21600000, created_at - 10800000 FROM sessions",
    );
    browser.visit("/dashboard").await;
    browser.read(".row", "Safari on iPhone").await;
    take(&browser, "dashboard.png").await;

    browser.click(".menu summary").await;
    browser.click(".sheet button").await;
    browser.read("h1", "You’re signed out").await;
    browser.visit("/sign-in").await;
    browser.read("h1", "Sign in to Acme Console").await;
    // The test's port changes with every run; 8080 is the default.
    browser
        .ask::<i64>("document.querySelector('footer').textContent = 'localhost:8080'; return 0")
        .await;
    take(&browser, "sign-in.png").await;
    browser.close(&[]).await;
}

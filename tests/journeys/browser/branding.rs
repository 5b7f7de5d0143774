//! A team's name, accent and logo on every page, light and dark.

use std::fs;

use super::tour::{FAILURES, tour};
use super::{MIRA, app_with_mira};
use crate::support::TestApp;
use crate::support::browser::{Browser, Theme};
use tempfile::TempDir;

const LOGO: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 40"><rect width="40" height="40" rx="10" fill="#ffd400"/><path d="M12 29 20 11l8 18M15 23h10" fill="none" stroke="#000" stroke-width="3"/><rect x="50" y="14" width="70" height="12" rx="6" fill="#8a8d94"/></svg>"##;

/// The computed colour of a button.
const BUTTON: &str = "return getComputedStyle(document.querySelector('.button')).backgroundColor";

async fn app_with(accent: &str) -> (TestApp, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("logo.svg"), LOGO).unwrap();
    let path = folder.path().to_string_lossy().into_owned();
    let app = TestApp::spawn_with(|settings| {
        settings.brand_name = Some("Acme Console".to_owned());
        settings.brand_accent = Some(accent.to_owned());
        settings.static_dir = Some(path);
        settings.code_limit_address = Some("2".to_owned());
    })
    .await;
    app.add_account(MIRA, "Mira Bell");
    (app, folder)
}

#[actix_web::test]
async fn an_accent_with_little_contrast_leaves_every_page_readable_in_light_and_dark() {
    let (app, _folder) = app_with("#ffd400").await;
    let browser = Browser::open(&app).await;
    tour(&app, &browser, async |name| {
        for theme in Theme::BOTH {
            browser.prefer(theme, "reduce").await;
            let violations = browser.violations().await;
            assert!(violations.is_empty(), "{name}, {theme:?}: {violations:#?}");
            let name = format!("branded-{name}-{}", theme.name());
            browser.photograph(&name).await;
        }
    })
    .await;
    browser.close(&FAILURES).await;
}

#[actix_web::test]
async fn extreme_accents_can_be_read_and_buttons_have_the_accent() {
    for (accent, painted) in [
        ("#ffffff", "rgb(255, 255, 255)"),
        ("#000000", "rgb(0, 0, 0)"),
        ("#7f8c1d", "rgb(127, 140, 29)"),
    ] {
        let (app, _folder) = app_with(accent).await;
        let browser = Browser::open(&app).await;
        browser.visit("/sign-in/email").await;
        for theme in Theme::BOTH {
            browser.prefer(theme, "reduce").await;
            let button: String = browser.ask(BUTTON).await;
            assert_eq!(button, painted);
            let violations = browser.violations().await;
            assert!(
                violations.is_empty(),
                "{accent}, {theme:?}: {violations:#?}"
            );
            let name = format!("accent-{}-{}", &accent[1..], theme.name());
            browser.photograph(&name).await;
        }
        browser.close(&[]).await;
    }
}

#[actix_web::test]
async fn the_logo_is_as_high_as_the_mark_and_the_heading_stays_in_place() {
    const BOX: &str = "
        const { height } = document.querySelector('.mark').getBoundingClientRect();
        return [height, document.querySelector('h1').getBoundingClientRect().top];";
    let (branded, _folder) = app_with("#1f5eff").await;
    let plain = app_with_mira().await;
    let mut boxes: Vec<[f64; 2]> = Vec::new();
    for app in [&branded, &plain] {
        let browser = Browser::open(app).await;
        browser.visit("/sign-in").await;
        browser.see(".mark").await;
        boxes.push(browser.ask(BOX).await);
        browser.close(&[]).await;
    }
    assert_eq!(boxes[0], boxes[1]);
    assert!((boxes[0][0] - 40.0).abs() < 0.1, "{boxes:?}");
}

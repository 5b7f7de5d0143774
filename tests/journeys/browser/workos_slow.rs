//! What a person sees while the provider is slow.

use super::workos::assert_no_callback;
use crate::support::browser::Browser;
use crate::support::hostile::{Gate, Hostile};
use crate::support::{TestApp, until};
use crate::workos::with_mira;

const TOKENS: &str = "/user_management/authenticate";

/// Opens the page that says that the provider is slow and waits until the page is painted. The provider
/// answers when the gate opens.
async fn waiting(app: &TestApp, provider: &Hostile, javascript: bool) -> (Browser, Gate) {
    let gate = provider.hold(TOKENS);
    let browser = Browser::open_restlessly(app, javascript).await;
    browser.visit("/sign-in?return_to=%2Fdashboard%3Fx").await;
    browser.click("a.button").await;
    until("the page says that it waits", async || {
        waits(&browser).await
    })
    .await;
    let name = format!("workos-slow-javascript-{javascript}");
    until("it is painted", async || {
        browser.photograph_in_passing(&name).await
    })
    .await;
    assert!(waits(&browser).await, "painted only when the wait was over");
    (browser, gate)
}

async fn waits(browser: &Browser) -> bool {
    let tab = browser.tab().await;
    tab.is_some_and(|(address, title)| {
        title == "Signing you in…" && address.contains("/auth/workos/")
    })
}

async fn slowly_in(javascript: bool) {
    let (app, provider) = with_mira().await;
    let (browser, gate) = waiting(&app, &provider, javascript).await;
    if javascript {
        // The query is stripped before the provider answers.
        let (address, _) = browser.tab().await.unwrap();
        assert!(address.contains("/auth/workos/finish?"), "{address}");
        for trace in ["code=", "state=", "#"] {
            assert!(!address.contains(trace), "{address}");
        }
    }
    gate.open();
    browser.at("/dashboard?x").await;
    browser.read(".lead", "with WorkOS").await;
    assert_no_callback(&browser.history().await);
    browser.driver.back().await.unwrap();
    browser.at("/dashboard?x").await;
    browser.read(".lead", "with WorkOS").await;
    assert_no_callback(&browser.history().await);
    assert_eq!(app.number("SELECT count(*) FROM sessions"), 1);
    assert_eq!(provider.script().heard.len(), 1);
    browser.close(&[]).await;
}

#[actix_web::test]
async fn with_javascript_the_page_for_a_slow_provider_has_a_clean_address() {
    slowly_in(true).await;
}

#[actix_web::test]
async fn without_javascript_a_slow_provider_delays_the_sign_in_only() {
    slowly_in(false).await;
}

#[actix_web::test]
async fn a_slow_provider_that_fails_leads_to_a_sign_in_page_with_the_reason() {
    for javascript in [true, false] {
        // The failure begins a probe, which may begin an outage on a busy machine.
        let (app, provider) = with_mira().await;
        let (browser, gate) = waiting(&app, &provider, javascript).await;
        provider.script().refuse(TOKENS, 503, "");
        gate.open();
        browser.read("#problem", "can’t be reached right now").await;
        assert_no_callback(&browser.history().await);
        browser.close(&[]).await;
    }
}

// Checks the label only: a browser that is leaving for another site answers no script.
#[actix_web::test]
async fn a_click_on_the_button_changes_its_label_immediately() {
    let (app, _provider) = with_mira().await;
    let browser = Browser::open(&app).await;
    browser.visit("/sign-in").await;
    browser.read("a.button", "Continue with WorkOS").await;
    let click = "
        const link = document.querySelector('a.button');
        window.addEventListener('click', (event) => event.preventDefault(), { once: true });
        link.click();
        return link.textContent;";
    assert_eq!(browser.ask::<String>(click).await, "Opening WorkOS…");
    browser.close(&[]).await;
}

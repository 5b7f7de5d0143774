//! What a person sees while the provider is slow.

use super::workos::assert_no_callback;
use crate::support::browser::Browser;
use crate::support::hostile::{Gate, Hostile};
use crate::support::{TestApp, until};
use crate::workos::with_mira;

const TOKENS: &str = "/user_management/authenticate";

/// On the page that says that the provider is slow, which has been painted: the provider answers
/// when the gate opens.
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
        // The address is clean already.
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
async fn with_javascript_a_slow_provider_is_waited_for_at_a_clean_address() {
    slowly_in(true).await;
}

#[actix_web::test]
async fn without_javascript_a_slow_provider_is_waited_for_too() {
    slowly_in(false).await;
}

#[actix_web::test]
async fn a_slow_provider_that_fails_leads_back_to_the_reason() {
    let (app, provider) = with_mira().await;
    for javascript in [true, false] {
        let (browser, gate) = waiting(&app, &provider, javascript).await;
        provider.script().refuse(TOKENS, 503, "");
        gate.open();
        browser.read("#problem", "can’t be reached right now").await;
        assert_no_callback(&browser.history().await);
        browser.close(&[]).await;
    }
}

// The words alone: what the browser does while it leaves for another site cannot be asked of it.
#[actix_web::test]
async fn the_button_answers_at_once() {
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

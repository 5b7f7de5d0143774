//! A real Chromium, driven by WebDriver. No step sleeps: each waits for what a person would wait for, and
//! fails with the text that the page shows instead.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::PageLoadStrategy;
use thirtyfour::prelude::*;

use super::app::TestApp;
use super::chromium::{Chromedriver, HOW_TO_INSTALL, capabilities};

const AXE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/peers/node_modules/axe-core/axe.min.js"
);
const SCREENSHOTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/screenshots");
/// Long enough for a machine that is busy with a build.
const PATIENCE: Duration = Duration::from_secs(20);
const GLANCE: Duration = Duration::from_millis(25);

#[derive(Debug, Clone, Copy)]
pub enum Theme {
    Light,
    Dark,
}

impl Theme {
    pub const BOTH: [Self; 2] = [Self::Light, Self::Dark];

    pub fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// A browser window on the application. [`Browser::close`] must read its console at the end.
pub struct Browser {
    pub driver: WebDriver,
    base: String,
    closed: bool,
    _chromedriver: Chromedriver,
    _profile: TempDir,
}

impl Browser {
    /// A fresh browser with JavaScript, 1280 pixels wide.
    pub async fn open(app: &TestApp) -> Self {
        Self::open_with(app, json!({}), PageLoadStrategy::Normal).await
    }

    /// The same with JavaScript switched off, as in Chromium's settings.
    pub async fn open_without_javascript(app: &TestApp) -> Self {
        Self::open_with(app, without_javascript(), PageLoadStrategy::Normal).await
    }

    /// A browser that does not wait for pages to load, so that a test sees a page while the next one loads.
    pub async fn open_restlessly(app: &TestApp, javascript: bool) -> Self {
        let preferences = if javascript {
            json!({})
        } else {
            without_javascript()
        };
        Self::open_with(app, preferences, PageLoadStrategy::None).await
    }

    async fn open_with(app: &TestApp, preferences: Value, patience: PageLoadStrategy) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let chromedriver = Chromedriver::start();
        let url = format!("http://localhost:{}", chromedriver.port);
        let mut chrome = capabilities(profile.path(), preferences);
        chrome.set_page_load_strategy(patience).unwrap();
        let driver = WebDriver::new(url, chrome)
            .await
            .unwrap_or_else(|error| panic!("chromium does not start: {error}. {HOW_TO_INSTALL}"));
        let browser = Self {
            driver,
            base: app.url(),
            closed: false,
            _chromedriver: chromedriver,
            _profile: profile,
        };
        browser.resize(1280, 1.0).await;
        browser
    }

    /// Opens a path of the application.
    pub async fn visit(&self, path: &str) {
        self.driver
            .goto(format!("{}{path}", self.base))
            .await
            .unwrap();
    }

    /// Waits until the address bar shows this path.
    pub async fn at(&self, path: &str) {
        let url = format!("{}{path}", self.base);
        let shows_it = move |page: WebElement| {
            let url = url.clone();
            async move { Ok(page.handle().current_url().await?.as_str() == url) }
        };
        let query = self.query("html").with_filter(shows_it);
        let arrived = query.exists().await.unwrap();
        assert!(arrived, "never at {path}; {}", self.what_shows().await);
    }

    /// Waits until an element that matches is on the screen.
    pub async fn see(&self, selector: &str) -> WebElement {
        match self.query(selector).and_displayed().first().await {
            Ok(element) => element,
            Err(_) => panic!("never saw {selector}; {}", self.what_shows().await),
        }
    }

    /// Waits until an element that matches contains this text.
    pub async fn read(&self, selector: &str, text: &str) -> WebElement {
        let wanted = text.to_owned();
        let says_it = move |element: WebElement| {
            let wanted = wanted.clone();
            async move {
                Ok(element
                    .text()
                    .await
                    .is_ok_and(|text| text.contains(&wanted)))
            }
        };
        match self.query(selector).with_filter(says_it).first().await {
            Ok(element) => element,
            Err(_) => panic!(
                "never read “{text}” in {selector}; {}",
                self.what_shows().await
            ),
        }
    }

    /// Waits until no element that matches is on the screen.
    pub async fn lose(&self, selector: &str) {
        let wanted = selector.to_owned();
        let without_it = move |page: WebElement| {
            let wanted = wanted.clone();
            async move {
                for element in page.find_all(By::Css(wanted)).await? {
                    // An element that is being replaced is checked again in the next round.
                    if element.is_displayed().await.unwrap_or(true) {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
        };
        let query = self.query("html").with_filter(without_it);
        let gone = query.exists().await.unwrap();
        assert!(gone, "{selector} stays; {}", self.what_shows().await);
    }

    /// Waits until this element is no longer part of the page.
    pub async fn replaced(&self, element: WebElement) {
        let gone = element.wait_until().wait(PATIENCE, GLANCE).stale().await;
        assert!(gone.is_ok(), "nothing changes; {}", self.what_shows().await);
    }

    /// Waits until this element has the focus.
    pub async fn focus_is_in(&self, selector: &str) {
        self.see(&format!("{selector}:focus")).await;
    }

    /// Clicks on the element that matches.
    pub async fn click(&self, selector: &str) {
        self.see(selector).await.click().await.unwrap();
    }

    /// Double-clicks on the element that matches.
    pub async fn double_click(&self, selector: &str) {
        let element = self.see(selector).await;
        let clicks = self.driver.action_chain().double_click_element(&element);
        clicks.perform().await.unwrap();
    }

    /// Types into the element that has the focus.
    pub async fn type_keys(&self, keys: impl Into<TypingData>) {
        let typing = self.driver.action_chain().send_keys(keys);
        typing.perform().await.unwrap();
    }

    /// Types into the element that matches.
    pub async fn type_into(&self, selector: &str, keys: impl Into<TypingData>) {
        self.see(selector).await.send_keys(keys).await.unwrap();
    }

    /// Presses a key together with Control.
    pub async fn press_control(&self, key: char) {
        let chord = self.driver.action_chain().key_down(Key::Control);
        let chord = chord.send_keys(key.to_string()).key_up(Key::Control);
        chord.perform().await.unwrap();
    }

    /// Presses Tab until this element has a visible focus.
    pub async fn tab_to(&self, selector: &str) {
        for _ in 0..12 {
            self.type_keys(Key::Tab + "").await;
            let ringed = format!("{selector}:focus-visible");
            if self.query(&ringed).nowait().exists().await.unwrap() {
                return;
            }
        }
        panic!("Tab never reaches {selector}; {}", self.what_shows().await);
    }

    /// Sets the page's width in CSS pixels. `scale` is the number of device pixels per CSS pixel.
    pub async fn resize(&self, width: u32, scale: f64) {
        self.resize_to(width, 800, scale).await;
    }

    pub async fn resize_to(&self, width: u32, height: u32, scale: f64) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": scale, "mobile": false });
        self.cdp("Emulation.setDeviceMetricsOverride", metrics)
            .await;
    }

    /// Sets the reader's preferred colour scheme and motion.
    pub async fn prefer(&self, theme: Theme, motion: &str) {
        let features = json!([
            { "name": "prefers-color-scheme", "value": theme.name() },
            { "name": "prefers-reduced-motion", "value": motion },
        ]);
        self.cdp(
            "Emulation.setEmulatedMedia",
            json!({ "features": features }),
        )
        .await;
    }

    /// Every address in this tab's history, the oldest first.
    pub async fn history(&self) -> Vec<String> {
        let method = "Page.getNavigationHistory";
        let history = self.driver.cdp().send_raw(method, json!({})).await.unwrap();
        let entries = history["entries"].as_array().unwrap().iter();
        entries
            .map(|entry| entry["url"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The address and the title of the tab, without waiting for a page that is loading. `None` while the
    /// page changes.
    pub async fn tab(&self) -> Option<(String, String)> {
        let method = "Page.getNavigationHistory";
        let history = self.driver.cdp().send_raw(method, json!({})).await.ok()?;
        let index = usize::try_from(history["currentIndex"].as_u64().unwrap()).unwrap();
        let text = |name: &str| history["entries"][index][name].as_str().unwrap().to_owned();
        Some((text("url"), text("title")))
    }

    /// Writes a picture of the page while the next one loads. `false`: the page was just replaced, try again.
    pub async fn photograph_in_passing(&self, name: &str) -> bool {
        let method = "Page.captureScreenshot";
        let Ok(taken) = self.driver.cdp().send_raw(method, json!({})).await else {
            return false;
        };
        let picture = STANDARD.decode(taken["data"].as_str().unwrap()).unwrap();
        fs::create_dir_all(SCREENSHOTS).unwrap();
        let path = Path::new(SCREENSHOTS).join(format!("{name}.png"));
        fs::write(path, picture).unwrap();
        true
    }

    async fn cdp(&self, method: &str, params: Value) {
        self.driver.cdp().send_raw(method, params).await.unwrap();
    }

    /// Runs a script in the page and returns its result.
    pub async fn ask<T: DeserializeOwned>(&self, script: &str) -> T {
        let answer = self.driver.execute(script, Vec::new()).await.unwrap();
        answer.convert().unwrap()
    }

    /// Opens this HTML as a mail program would.
    pub async fn show(&self, html: &str) {
        let encoded = STANDARD.encode(html);
        let url = format!("data:text/html;charset=utf-8;base64,{encoded}");
        self.driver.goto(url).await.unwrap();
    }

    /// Every violation of WCAG 2.2 AA that axe-core finds, without its rules of best practice for pages.
    pub async fn wcag_violations(&self) -> Vec<String> {
        self.axe(
            5,
            "{ runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'] }",
        )
        .await
    }

    /// Every violation that axe-core finds on the page as it is now, WCAG 2.2's target size included.
    pub async fn violations(&self) -> Vec<String> {
        self.axe(11, "{ rules: { 'target-size': { enabled: true } } }")
            .await
    }

    async fn axe(&self, least_passes: usize, options: &str) -> Vec<String> {
        let axe = fs::read_to_string(AXE).unwrap_or_else(|error| {
            panic!("{AXE} cannot be read: {error}. tests/run installs it.")
        });
        if self.ask("return typeof axe === 'undefined'").await {
            self.driver.execute(axe, Vec::new()).await.unwrap();
        }
        let script = r"
            const done = arguments[0];
            axe.run(document, OPTIONS).then(({ passes, violations }) => done([
                passes.length,
                violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html).join(' ')}`),
            ]));";
        let script = script.replace("OPTIONS", options);
        let answer = self.driver.execute_async(script, Vec::new()).await.unwrap();
        let (passes, violations): (usize, _) = answer.convert().unwrap();
        assert!(passes >= least_passes, "axe-core checked almost nothing");
        violations
    }

    /// Writes a picture of the visible part of the page to target/screenshots.
    pub async fn photograph(&self, name: &str) {
        let path = Path::new(SCREENSHOTS).join(format!("{name}.png"));
        self.photograph_to(&path).await;
    }

    /// Writes a picture of the visible part of the page to this file.
    pub async fn photograph_to(&self, path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        self.driver.screenshot(path).await.unwrap();
    }

    /// Ends the browser. Its console must hold exactly these failures, each a status or an error of Chromium
    /// (SECURITY rule 13: a CSP violation would be in the console too).
    pub async fn close(mut self, failures: &[&str]) {
        self.closed = true;
        let mut console = self.driver.browser_log().await.unwrap();
        console.retain(|entry| entry.level != "INFO");
        let said = |message: &str| failure_in(message).unwrap_or(message).to_owned();
        let said: BTreeSet<String> = console.iter().map(|entry| said(&entry.message)).collect();
        let expected = failures.iter().map(|&failure| failure.to_owned()).collect();
        assert_eq!(said, expected, "the console says: {console:#?}");
        self.driver.clone().quit().await.unwrap();
    }

    fn query(&self, selector: &str) -> thirtyfour::extensions::query::ElementQuery {
        self.driver.query(By::Css(selector)).wait(PATIENCE, GLANCE)
    }

    async fn what_shows(&self) -> String {
        let url = self.driver.current_url().await.unwrap();
        let body = self.driver.find(By::Css("body")).await.unwrap();
        format!("{url} shows:\n{}", body.text().await.unwrap())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Killing chromedriver ends the browser too, which is faster than a WebDriver request.
        let _ = self.driver.clone().leak();
        assert!(
            self.closed || std::thread::panicking(),
            "the console was not checked: end the test with Browser::close"
        );
    }
}

fn without_javascript() -> Value {
    json!({ "profile.managed_default_content_settings.javascript": 2 })
}

/// The status or error in a console message about a failed request, as in “422” or “net::ERR_FAILED”. htmx
/// reports a request that got no answer in a different form.
fn failure_in(message: &str) -> Option<&str> {
    if message.contains("htmx:error: Failed to fetch") {
        return Some("Failed to fetch");
    }
    let (_, failure) = message.split_once("Failed to load resource: ")?;
    match failure.strip_prefix("the server responded with a status of ") {
        Some(status) => status.split(' ').next(),
        None => Some(failure),
    }
}

//! A person in front of a real Chromium, driven by WebDriver. Nothing here sleeps: every step waits
//! for what the person would wait for, and fails with what the page shows instead.

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
/// Long enough for a machine that builds something else at the same time.
const PATIENCE: Duration = Duration::from_secs(20);
const GLANCE: Duration = Duration::from_millis(25);

/// A light or a dark room.
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

    /// For a person who looks at a page while the next one is still on its way.
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

    /// Types an address of the application into the address bar.
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

    /// Waits until something that matches is on the screen.
    pub async fn see(&self, selector: &str) -> WebElement {
        match self.query(selector).and_displayed().first().await {
            Ok(element) => element,
            Err(_) => panic!("never saw {selector}; {}", self.what_shows().await),
        }
    }

    /// Waits until something that matches shows this text, among other text perhaps.
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

    /// Waits until nothing that matches is left on the screen.
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

    /// Waits until what was seen before is no longer part of the page: an answer took its place.
    pub async fn replaced(&self, element: WebElement) {
        let gone = element.wait_until().wait(PATIENCE, GLANCE).stale().await;
        assert!(gone.is_ok(), "nothing changes; {}", self.what_shows().await);
    }

    /// Waits until the focus is here.
    pub async fn focus_is_in(&self, selector: &str) {
        self.see(&format!("{selector}:focus")).await;
    }

    /// Clicks on what matches.
    pub async fn click(&self, selector: &str) {
        self.see(selector).await.click().await.unwrap();
    }

    /// Clicks twice, as fast as people who are used to desktops do.
    pub async fn double_click(&self, selector: &str) {
        let element = self.see(selector).await;
        let clicks = self.driver.action_chain().double_click_element(&element);
        clicks.perform().await.unwrap();
    }

    /// Types on the keyboard, wherever the focus is.
    pub async fn type_keys(&self, keys: impl Into<TypingData>) {
        let typing = self.driver.action_chain().send_keys(keys);
        typing.perform().await.unwrap();
    }

    /// Types into what matches.
    pub async fn type_into(&self, selector: &str, keys: impl Into<TypingData>) {
        self.see(selector).await.send_keys(keys).await.unwrap();
    }

    /// Presses a key together with Control.
    pub async fn press_control(&self, key: char) {
        let chord = self.driver.action_chain().key_down(Key::Control);
        let chord = chord.send_keys(key.to_string()).key_up(Key::Control);
        chord.perform().await.unwrap();
    }

    /// Presses Tab until the focus is here; a ring has to show where it is.
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

    /// Makes the page so many CSS pixels wide; `scale` is how many of the screen's each one takes.
    pub async fn resize(&self, width: u32, scale: f64) {
        let metrics =
            json!({ "width": width, "height": 800, "deviceScaleFactor": scale, "mobile": false });
        self.cdp("Emulation.setDeviceMetricsOverride", metrics)
            .await;
    }

    /// Says what the reader's system asks for.
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

    /// Leaves a picture of what is painted at this moment, although the next page is on its way.
    /// Whether there is one: a page that has just come has to be asked again.
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

    /// What a script in the page returns.
    pub async fn ask<T: DeserializeOwned>(&self, script: &str) -> T {
        let answer = self.driver.execute(script, Vec::new()).await.unwrap();
        answer.convert().unwrap()
    }

    /// Every violation that axe-core finds on the page as it is now, WCAG 2.2's target size included.
    pub async fn violations(&self) -> Vec<String> {
        let axe = fs::read_to_string(AXE).unwrap_or_else(|error| {
            panic!("{AXE} cannot be read: {error}. tests/run installs it.")
        });
        if self.ask("return typeof axe === 'undefined'").await {
            self.driver.execute(axe, Vec::new()).await.unwrap();
        }
        let script = r"
            const done = arguments[0];
            axe.run(document, { rules: { 'target-size': { enabled: true } } }).then(({ passes, violations }) => done([
                passes.length,
                violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html).join(' ')}`),
            ]));";
        let answer = self.driver.execute_async(script, Vec::new()).await.unwrap();
        let (passes, violations): (usize, _) = answer.convert().unwrap();
        assert!(passes > 10, "axe-core looked at next to nothing");
        violations
    }

    /// Leaves a picture of the whole page in target/screenshots.
    pub async fn photograph(&self, name: &str) {
        fs::create_dir_all(SCREENSHOTS).unwrap();
        let path = Path::new(SCREENSHOTS).join(format!("{name}.png"));
        self.driver.screenshot(&path).await.unwrap();
    }

    /// Ends the browser. Its console has nothing to warn of but that these requests failed: a status,
    /// or one of Chromium's own errors (SECURITY rule 13: a violated CSP would be there too).
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
        // chromedriver takes the browser with it, which is quicker than to ask both to end.
        let _ = self.driver.clone().leak();
        assert!(
            self.closed || std::thread::panicking(),
            "nobody read the console: end the test with Browser::close"
        );
    }
}

fn without_javascript() -> Value {
    json!({ "profile.managed_default_content_settings.javascript": 2 })
}

/// “422” or “net::ERR_FAILED” in what Chromium says of a request that failed; htmx says in its own
/// words that one never arrived.
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

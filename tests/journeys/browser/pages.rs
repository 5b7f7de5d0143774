//! Rules for all pages: axe-core finds no violation, the content fits the screen, and animations are short.

use std::cell::Cell;

use super::tour::{FAILURES, app, tour};
use crate::support::browser::{Browser, Theme};

/// The elements that are wider than the screen or cut off. The tabs alone may scroll sideways.
const SPILLED: &str = r"
    const wide = document.documentElement.clientWidth;
    return [...document.querySelectorAll('body, body *:not(svg *, .tabs, .tabs *)')]
        .filter((e) => e.checkVisibility())
        .filter((e) => e.getBoundingClientRect().right > wide + 0.5 || e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0 && e.tagName !== 'INPUT')
        .map((e) => e.outerHTML.slice(0, 120));";

/// The controls that are lower than 44 pixels.
const TOO_SMALL: &str = r"
    return [...document.querySelectorAll('a, button, summary, input')]
        .filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 44)
        .map((e) => `${e.getBoundingClientRect().height} px: ${e.outerHTML.slice(0, 120)}`);";

/// The longest transition or animation of anything on the page, in seconds.
const LONGEST_MOTION: &str = r"
    const seconds = (list) => Math.max(...list.split(', ').map((time) => parseFloat(time) * (time.endsWith('ms') ? 0.001 : 1)));
    return Math.max(...[...document.querySelectorAll('*')].map((e) => getComputedStyle(e))
        .flatMap((style) => [seconds(style.transitionDuration), seconds(style.animationDuration)]));";

/// Whether the page is a step of the sign-in, which has a card.
const IS_A_STEP: &str = "return document.querySelector('.door') !== null";

const PLACE_OF_HEADING: &str = r"
    const { left, top } = document.querySelector('h1').getBoundingClientRect();
    return [left, top + window.scrollY];";

#[actix_web::test]
async fn axe_finds_no_violation_on_any_page_in_light_or_dark() {
    let app = app().await;
    let browser = Browser::open(&app).await;
    tour(&app, &browser, async |name| {
        for theme in Theme::BOTH {
            browser.prefer(theme, "reduce").await;
            let violations = browser.violations().await;
            assert!(violations.is_empty(), "{name}, {theme:?}: {violations:#?}");
        }
    })
    .await;
    browser.close(&FAILURES).await;
}

#[actix_web::test]
async fn every_page_fits_a_phone_a_desktop_and_a_reader_who_zooms_to_200_percent() {
    let app = app().await;
    let browser = Browser::open(&app).await;
    browser.prefer(Theme::Light, "reduce").await;
    tour(&app, &browser, async |name| {
        for (width, scale, text) in [
            (320, 1.0, "100%"),
            (1280, 1.0, "100%"),
            (640, 2.0, "100%"),
            (640, 1.0, "200%"),
        ] {
            browser.resize(width, scale).await;
            let text_size = format!("document.documentElement.style.fontSize = '{text}'");
            browser.ask::<()>(&text_size).await;
            let spilled: Vec<String> = browser.ask(SPILLED).await;
            assert!(
                spilled.is_empty(),
                "{name}, {width} px, text at {text}: {spilled:#?}"
            );
            let too_small: Vec<String> = browser.ask(TOO_SMALL).await;
            assert!(too_small.is_empty(), "{name}, {width} px: {too_small:#?}");
        }
        browser.resize(1280, 1.0).await;
        browser
            .ask::<()>("document.documentElement.style.fontSize = ''")
            .await;
    })
    .await;
    browser.close(&FAILURES).await;
}

#[actix_web::test]
async fn the_heading_stays_in_the_same_place_in_every_step() {
    let app = app().await;
    let browser = Browser::open(&app).await;
    let place: Cell<Option<[[f64; 2]; 2]>> = Cell::new(None);
    tour(&app, &browser, async |name| {
        if !browser.ask::<bool>(IS_A_STEP).await {
            return;
        }
        let mut here = [[0.0; 2]; 2];
        for (at, width) in here.iter_mut().zip([320, 1280]) {
            browser.resize(width, 1.0).await;
            *at = browser.ask(PLACE_OF_HEADING).await;
        }
        let before = place.replace(Some(here)).unwrap_or(here);
        assert_eq!(before, here, "{name}: the heading moved");
    })
    .await;
    browser.close(&FAILURES).await;
}

#[actix_web::test]
async fn animations_are_short_and_absent_with_reduced_motion() {
    let app = app().await;
    let browser = Browser::open(&app).await;
    tour(&app, &browser, async |name| {
        browser.prefer(Theme::Light, "reduce").await;
        let still: f64 = browser.ask(LONGEST_MOTION).await;
        assert!(still == 0.0, "{name}: something moves for {still} s");
        browser.prefer(Theme::Light, "no-preference").await;
        let longest: f64 = browser.ask(LONGEST_MOTION).await;
        assert!(longest < 0.15, "{name}: something moves for {longest} s");
    })
    .await;
    browser.close(&FAILURES).await;
}

#[actix_web::test]
async fn no_page_is_heavier_than_50_kilobytes() {
    const WEIGHT: &str = r"
        const loaded = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
        return [loaded.length, loaded.reduce((sum, entry) => sum + entry.encodedBodySize + 300, 0)];";
    let app = app().await;
    let browser = Browser::open(&app).await;
    for path in ["/sign-in", "/sign-in/email", "/signed-out"] {
        browser.visit(path).await;
        let (files, bytes): (usize, u64) = browser.ask(WEIGHT).await;
        assert!(files >= 4, "{path}: only {files} files were weighed");
        assert!(bytes < 50_000, "{path} weighs {bytes} bytes");
    }
    browser.close(&[]).await;
}

#[actix_web::test]
async fn every_page_is_photographed_light_and_dark_narrow_and_wide() {
    let app = app().await;
    let browser = Browser::open(&app).await;
    tour(&app, &browser, async |name| {
        for theme in Theme::BOTH {
            browser.prefer(theme, "reduce").await;
            for width in [320, 1280] {
                browser.resize(width, 1.0).await;
                let name = format!("{name}-{}-{width}", theme.name());
                browser.photograph(&name).await;
            }
        }
    })
    .await;
    browser.close(&FAILURES).await;
}

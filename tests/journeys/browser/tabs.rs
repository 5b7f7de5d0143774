//! The tabs of a section stay in one row. On a narrow screen the row scrolls sideways.

use super::{MIRA, app_with_mira, ask_for_code};
use crate::support::browser::Browser;

/// The number of rows that the tabs take.
const ROWS: &str = r"
    return new Set([...document.querySelectorAll('.tabs a')].map((e) => e.getBoundingClientRect().top)).size;";

/// Whether the whole of an element can be seen inside the row of tabs.
const IS_IN_VIEW: &str = r"
    const row = document.querySelector('.tabs').getBoundingClientRect();
    const tab = document.querySelector('.tabs SELECTOR').getBoundingClientRect();
    return tab.left >= row.left - 0.5 && tab.right <= row.right + 0.5;";

const PAGE_SCROLLS_SIDEWAYS: &str =
    "return document.documentElement.scrollWidth > document.documentElement.clientWidth";

#[actix_web::test]
async fn the_tabs_stay_in_one_row_and_the_current_and_the_focused_one_are_in_view() {
    let app = app_with_mira().await;
    app.sql("UPDATE accounts SET role = 'admin'");
    let browser = Browser::open(&app).await;
    ask_for_code(&browser).await;
    browser.type_keys(app.newest_code(MIRA).await).await;
    browser.at("/dashboard").await;
    for width in [320, 1280] {
        browser.resize(width, 1.0).await;
        for path in ["/admin/health", "/admin/accounts"] {
            browser.visit(path).await;
            browser.see(".tabs").await;
            assert_eq!(browser.ask::<usize>(ROWS).await, 1, "{path}, {width} px");
            assert!(!browser.ask::<bool>(PAGE_SCROLLS_SIDEWAYS).await);
            let current = IS_IN_VIEW.replace("SELECTOR", "[aria-current]");
            assert!(browser.ask::<bool>(&current).await, "{path}, {width} px");
        }
        // From the first tab, the keyboard brings the last one into view.
        browser.tab_to(".tabs a:last-child").await;
        let focused = IS_IN_VIEW.replace("SELECTOR", ":focus-visible");
        assert!(browser.ask::<bool>(&focused).await, "{width} px");
    }
    browser.close(&[]).await;
}

//! What every page has around it. A page contains its fragment: there is no second template.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::account_menu::{Viewer, menu};

/// What every page needs to know of the site.
#[derive(Debug, Clone)]
pub struct Site {
    /// What the console is called.
    pub brand: String,
    /// What people know the console by, such as `console.example.com`.
    pub host: String,
    /// Where pages find what they load.
    pub assets: Assets,
    pub(super) mark: Markup,
    head: Markup,
}

/// Addresses of what pages load.
#[derive(Debug, Clone)]
pub struct Assets {
    /// The style sheet.
    pub css: String,
    /// The style sheet with the team's own accent, if they have one.
    pub accent_css: Option<String>,
    /// The team's own logo, shown in place of our mark.
    pub logo: Option<String>,
    /// Our script.
    pub js: String,
    /// htmx.
    pub htmx: String,
    /// The landing page's script.
    pub landing_js: String,
    /// The icon.
    pub icon: String,
}

impl Site {
    /// What is the same on every page is written once, here.
    pub fn new(brand: String, host: String, assets: Assets) -> Self {
        Self {
            mark: mark(assets.logo.as_deref()),
            head: head(&assets),
            brand,
            host,
            assets,
        }
    }
}

/// What the card shows: a page at its own address, or swapped into the card by htmx.
#[derive(Debug)]
pub struct Screen {
    /// The page's title.
    pub title: String,
    /// What stands in the card, below the mark.
    pub body: Markup,
}

impl Screen {
    /// The screen alone, for a card that is there already. htmx takes the title for the window.
    pub fn fragment(&self, site: &Site) -> Markup {
        html! {
            title { (self.title) " – " (site.brand) }
            (self.content(site))
        }
    }

    /// The screen in its card on its page.
    pub fn page(&self, site: &Site) -> Markup {
        document(
            site,
            &self.title,
            &html! {
                main.door { div #card .card { (self.content(site)) } }
                footer.foot { (site.host) }
            },
        )
    }

    fn content(&self, site: &Site) -> Markup {
        html! {
            (site.mark)
            (self.body)
        }
    }
}

/// A page of the console, for someone signed in.
pub fn console_page(site: &Site, title: &str, viewer: &Viewer<'_>, content: &Markup) -> Markup {
    document(
        site,
        title,
        &html! {
            header.bar {
                a.brand href="/dashboard" { (site.mark) (site.brand) }
                (menu(viewer))
            }
            main.wide {
                @if let Some(impersonator) = viewer.impersonator {
                    p #impersonated .notice role="status" {
                        "This is " b { (viewer.email) } " as seen by " b { (impersonator) } " through WorkOS."
                    }
                }
                (content)
            }
        },
    )
}

/// Joined once their lengths are known: the page is not moved about in memory while it grows.
fn document(site: &Site, title: &str, body: &Markup) -> Markup {
    let title = html! { title { (title) " – " (site.brand) } };
    let parts = [
        DOCTYPE.0,
        r#"<html lang="en"><head>"#,
        &site.head.0,
        &title.0,
        "</head><body>",
        &body.0,
        "</body></html>",
    ];
    PreEscaped(parts.concat())
}

/// The head, but for the title.
fn head(assets: &Assets) -> Markup {
    html! {
        meta charset="utf-8";
        meta name="viewport" content="width=device-width, initial-scale=1";
        meta name="color-scheme" content="light dark";
        // htmx neither keeps pages for “back”, which are personal, nor brings styles of its own.
        meta name="htmx-config" content=r#"{"history":"reload","includeIndicatorCSS":false}"#;
        link rel="icon" href=(assets.icon) type="image/svg+xml";
        (style_sheets(assets))
        script src=(assets.htmx) defer {}
        script src=(assets.js) defer {}
    }
}

/// What a page looks like: our style sheet, and the team's own accent after it.
pub(super) fn style_sheets(assets: &Assets) -> Markup {
    html! {
        link rel="stylesheet" href=(assets.css);
        @if let Some(accent) = &assets.accent_css { link rel="stylesheet" href=(accent); }
    }
}

/// The team's logo, or the mark. The console's name stands beside it in words.
fn mark(logo: Option<&str>) -> Markup {
    html! {
        @match logo {
            Some(logo) => img.mark src=(logo) alt="" width="40" height="40";,
            None => (MARK),
        }
    }
}

/// The mark: a doorway within a doorway.
const MARK: PreEscaped<&str> = PreEscaped(
    r#"<svg class="mark" viewBox="0 0 40 40" fill="none" stroke="currentColor" stroke-width="3" aria-hidden="true"><path d="M8 36V14a12 12 0 0 1 24 0v22M15 36V17a5 5 0 0 1 10 0v19"/><path d="M4 36h32" stroke-linecap="round"/></svg>"#,
);

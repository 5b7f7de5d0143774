//! The frame of every page. A page contains its fragment: there is no second template.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::account_menu::{Viewer, menu};

/// The parts that are the same on every page.
#[derive(Debug, Clone)]
pub struct Site {
    /// The console's name.
    pub brand: String,
    /// As in `console.example.com`; with the port where it is not the scheme's default.
    pub host: String,
    pub assets: Assets,
    pub(super) mark: Markup,
    head: Markup,
}

/// The paths of the files that pages load.
#[derive(Debug, Clone)]
pub struct Assets {
    pub css: String,
    /// The style sheet with the team's accent.
    pub accent_css: Option<String>,
    /// The team's logo, which replaces the mark.
    pub logo: Option<String>,
    pub js: String,
    pub htmx: String,
    pub landing_js: String,
    pub icon: String,
}

impl Site {
    /// Renders the shared parts once.
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

/// The content of the card: a whole page, or a fragment that htmx swaps into the card.
#[derive(Debug)]
pub struct Screen {
    pub title: String,
    /// The part below the mark.
    pub body: Markup,
}

impl Screen {
    /// The content alone, for a page that already has the card. htmx sets the window's title from `title`.
    pub fn fragment(&self, site: &Site) -> Markup {
        html! {
            title { (self.title) " – " (site.brand) }
            (self.content(site))
        }
    }

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

/// A page for a signed-in person.
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
                        b { (impersonator) } " is viewing the account " b { (viewer.email) } " through WorkOS."
                    }
                }
                (content)
            }
        },
    )
}

/// Joins the parts with one allocation of the right size.
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

/// The head without the title.
fn head(assets: &Assets) -> Markup {
    html! {
        meta charset="utf-8";
        meta name="viewport" content="width=device-width, initial-scale=1";
        meta name="color-scheme" content="light dark";
        // htmx must not cache pages for “back”, since they are personal, and must not inject styles.
        meta name="htmx-config" content=r#"{"history":"reload","includeIndicatorCSS":false}"#;
        link rel="icon" href=(assets.icon) type="image/svg+xml";
        (style_sheets(assets))
        script src=(assets.htmx) defer {}
        script src=(assets.js) defer {}
    }
}

/// The built-in style sheet, followed by the team's accent.
pub(super) fn style_sheets(assets: &Assets) -> Markup {
    html! {
        link rel="stylesheet" href=(assets.css);
        @if let Some(accent) = &assets.accent_css { link rel="stylesheet" href=(accent); }
    }
}

/// The team's logo, or the mark. Its `alt` text is empty because the console's name stands beside it.
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

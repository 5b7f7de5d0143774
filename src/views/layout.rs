//! What every page has around it. A page contains its fragment: there is no second template.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::account_menu::{Who, menu};

/// What the console is called.
pub const BRAND: &str = "Vestibule";

/// What every page needs to know of the site.
#[derive(Debug, Clone)]
pub struct Site {
    /// What people know the console by, such as `console.example.com`.
    pub host: String,
    /// Address of the style sheet.
    pub css: String,
    /// Address of our script.
    pub js: String,
    /// Address of htmx.
    pub htmx: String,
    /// Address of the landing page's script.
    pub landing_js: String,
    /// Address of the icon.
    pub icon: String,
}

/// What the card shows: a page at its own address, or swapped into the card by htmx.
#[derive(Debug)]
pub struct Screen {
    /// The page's title.
    pub title: String,
    /// What stands in the card.
    pub body: Markup,
}

impl Screen {
    /// The screen alone, for a card that is there already. htmx takes the title for the window.
    pub fn fragment(&self) -> Markup {
        html! {
            title { (self.title) " – " (BRAND) }
            (self.body)
        }
    }

    /// The screen in its card on its page.
    pub fn page(&self, site: &Site) -> Markup {
        document(
            site,
            &self.title,
            &html! {
                main.door { div #card .card { (self.body) } }
                footer.foot { (site.host) }
            },
        )
    }
}

/// A page of the console, for someone signed in.
pub fn console_page(site: &Site, title: &str, who: &Who<'_>, content: &Markup) -> Markup {
    document(
        site,
        title,
        &html! {
            header.bar {
                a.brand href="/dashboard" { (MARK) (BRAND) }
                (menu(who))
            }
            main.wide {
                @if let Some(impersonator) = who.impersonator {
                    p #impersonated .notice role="status" {
                        "This is " b { (who.email) } " as seen by " b { (impersonator) } " through WorkOS."
                    }
                }
                (content)
            }
        },
    )
}

fn document(site: &Site, title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                // htmx neither keeps pages for “back”, which are personal, nor brings styles of its own.
                meta name="htmx-config" content=r#"{"history":"reload","includeIndicatorCSS":false}"#;
                title { (title) " – " (BRAND) }
                link rel="icon" href=(site.icon) type="image/svg+xml";
                link rel="stylesheet" href=(site.css);
                script src=(site.htmx) defer {}
                script src=(site.js) defer {}
            }
            body { (body) }
        }
    }
}

/// The mark: a doorway within a doorway.
pub const MARK: PreEscaped<&str> = PreEscaped(
    r#"<svg class="mark" viewBox="0 0 40 40" fill="none" stroke="currentColor" stroke-width="3" aria-hidden="true"><path d="M8 36V14a12 12 0 0 1 24 0v22M15 36V17a5 5 0 0 1 10 0v19"/><path d="M4 36h32" stroke-linecap="round"/></svg>"#,
);

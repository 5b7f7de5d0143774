//! What every page has around it. A page contains its fragment: there is no second template.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::account_menu::{Who, menu};

/// What every page needs to know of the site.
#[derive(Debug, Clone)]
pub struct Site {
    /// What the console is called.
    pub brand: String,
    /// What people know the console by, such as `console.example.com`.
    pub host: String,
    /// Address of the style sheet.
    pub css: String,
    /// Address of the style sheet with the team's own accent, if they have one.
    pub accent_css: Option<String>,
    /// Address of the team's own logo, shown in place of our mark.
    pub logo: Option<String>,
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
            (mark(site))
            (self.body)
        }
    }
}

/// A page of the console, for someone signed in.
pub fn console_page(site: &Site, title: &str, who: &Who<'_>, content: &Markup) -> Markup {
    document(
        site,
        title,
        &html! {
            header.bar {
                a.brand href="/dashboard" { (mark(site)) (site.brand) }
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
                title { (title) " – " (site.brand) }
                link rel="icon" href=(site.icon) type="image/svg+xml";
                (style_sheets(site))
                script src=(site.htmx) defer {}
                script src=(site.js) defer {}
            }
            body { (body) }
        }
    }
}

/// What a page looks like: our style sheet, and the team's own accent after it.
pub(super) fn style_sheets(site: &Site) -> Markup {
    html! {
        link rel="stylesheet" href=(site.css);
        @if let Some(accent) = &site.accent_css { link rel="stylesheet" href=(accent); }
    }
}

/// The team's logo, or the mark. The console's name stands beside it in words.
pub(super) fn mark(site: &Site) -> Markup {
    html! {
        @match &site.logo {
            Some(logo) => img.mark src=(logo) alt="" width="40" height="40";,
            None => (MARK),
        }
    }
}

/// The mark: a doorway within a doorway.
const MARK: PreEscaped<&str> = PreEscaped(
    r#"<svg class="mark" viewBox="0 0 40 40" fill="none" stroke="currentColor" stroke-width="3" aria-hidden="true"><path d="M8 36V14a12 12 0 0 1 24 0v22M15 36V17a5 5 0 0 1 10 0v19"/><path d="M4 36h32" stroke-linecap="round"/></svg>"#,
);

//! The page that the provider redirects to. It strips the query from the address bar and from history.

use maud::{DOCTYPE, Markup, html};

use super::layout::{Site, style_sheets};

/// The page that follows.
#[derive(Debug, Clone, Copy)]
pub enum LandingTarget<'a> {
    /// The sign-in is complete: the page that the person asked for.
    To(&'a str),
    /// The provider has not answered yet: the address that waits for the answer.
    Waiting(&'a str),
}

/// Strips the address and continues, with and without JavaScript. While the provider is slow, the stripped
/// address is the waiting one, so a reload loses nothing.
pub fn page(site: &Site, target: LandingTarget<'_>) -> Markup {
    let (to, rest, words, link) = match target {
        LandingTarget::To(to) => (to, "/", "Not redirected? ", "Continue to the console"),
        LandingTarget::Waiting(at) => (
            at,
            at,
            "WorkOS is taking longer than usual. This page continues by itself. ",
            "Continue now",
        ),
    };
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Signing you in…" }
                script src=(site.assets.landing_js) data-to=(to) data-rest=(rest) {}
                noscript { meta http-equiv="refresh" content={ "0;url=" (to) }; }
                link rel="icon" href=(site.assets.icon) type="image/svg+xml";
                (style_sheets(&site.assets))
            }
            body {
                main.door {
                    div #card .card {
                        (site.mark)
                        h1 role="status" { "Signing you in…" }
                        p.lead { (words) a href=(to) { (link) } "." }
                    }
                }
                footer.foot { (site.host) }
            }
        }
    }
}

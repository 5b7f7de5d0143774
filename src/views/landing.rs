//! Where the provider sends people back to. It leaves nothing in the address bar or in history.

use maud::{DOCTYPE, Markup, html};

use super::layout::{Site, style_sheets};

/// Where the page leads, which is in a moment either way.
#[derive(Debug, Clone, Copy)]
pub enum LandingTarget<'a> {
    /// They are in.
    To(&'a str),
    /// The provider has not answered yet; this address waits for it.
    Waiting(&'a str),
}

/// Strips the address and goes on, with and without JavaScript. Where it has to wait, the stripped
/// address is the one that waits: who reloads then has lost nothing.
pub fn page(site: &Site, on: LandingTarget<'_>) -> Markup {
    let (to, rest, words, link) = match on {
        LandingTarget::To(to) => (to, "/", "If nothing happens, ", "go on to the console"),
        LandingTarget::Waiting(at) => (
            at,
            at,
            "WorkOS is taking longer than usual. This page goes on by itself; if it doesn’t, ",
            "go on here",
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

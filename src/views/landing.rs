//! Where the provider sends people back to. It leaves nothing in the address bar or in history.

use maud::{DOCTYPE, Markup, html};

use super::layout::{MARK, Site};

/// Strips the address and goes on to `to`, with and without JavaScript.
pub fn page(site: &Site, to: &str) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Signing you in…" }
                script src=(site.landing_js) data-to=(to) {}
                noscript { meta http-equiv="refresh" content={ "0;url=" (to) }; }
                link rel="icon" href=(site.icon) type="image/svg+xml";
                link rel="stylesheet" href=(site.css);
            }
            body {
                main.door {
                    div #card .card {
                        (MARK)
                        h1 role="status" { "Signing you in…" }
                        p.lead { "If nothing happens, " a href=(to) { "go on to the console" } "." }
                    }
                }
                footer.foot { (site.host) }
            }
        }
    }
}

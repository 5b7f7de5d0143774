//! The pages on which people manage their own account.

pub mod activity;
pub mod profile;
pub mod sessions;

use maud::{Markup, html};

use super::account_menu::Viewer;
use super::components::{Tab, tabs};
use super::layout::{Site, console_page};

const PAGES: [Tab<'_>; 3] = [
    Tab {
        name: "Profile",
        path: "/account",
    },
    Tab {
        name: "Sessions",
        path: "/account/sessions",
    },
    Tab {
        name: "Activity",
        path: "/account/activity",
    },
];

fn page(site: &Site, viewer: &Viewer<'_>, path: &str, title: &str, content: &Markup) -> Markup {
    let content = html! {
        (tabs("Your account", &PAGES, path))
        h1 { (title) }
        (content)
    };
    console_page(site, title, viewer, &content)
}

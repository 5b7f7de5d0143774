//! The admin pages.

pub mod account;
pub mod accounts;
pub mod activity;
pub mod codes;
pub mod delete_account;
pub mod health;
pub mod import;

use maud::{Markup, html};

use super::account_menu::Viewer;
use super::components::{Tab, tabs};
use super::layout::{Site, console_page};

pub const ACCOUNTS: &str = "/admin/accounts";
pub const CODES: &str = "/admin/codes";
pub const ACTIVITY: &str = "/admin/activity";
pub const HEALTH: &str = "/admin/health";

const PAGES: [Tab<'_>; 4] = [
    Tab {
        name: "Accounts",
        path: ACCOUNTS,
    },
    Tab {
        name: "Why no code?",
        path: CODES,
    },
    Tab {
        name: "Activity",
        path: ACTIVITY,
    },
    Tab {
        name: "Health",
        path: HEALTH,
    },
];

/// A page of this section. `current` is the path of its tab in the navigation.
pub fn page(
    site: &Site,
    title: &str,
    viewer: &Viewer<'_>,
    current: &str,
    content: &Markup,
) -> Markup {
    let content = html! {
        (tabs("Admin", &PAGES, current))
        (content)
    };
    console_page(site, title, viewer, &content)
}

/// A text field and its error.
fn text_field(name: &str, label: &str, value: &str, error: Option<&str>) -> Markup {
    let error_id = format!("{name}-error");
    html! {
        div.field {
            label for=(name) { (label) }
            // With type=email, browsers rewrite or refuse addresses in other scripts.
            input id=(name) name=(name) type="text" autocomplete="off" autocapitalize="none" spellcheck="false"
                maxlength="300" value=(value) aria-invalid=[error.map(|_| "true")]
                aria-describedby=[error.map(|_| &error_id)];
            @if let Some(error) = error { p.error id=(error_id) role="alert" { (error) } }
        }
    }
}

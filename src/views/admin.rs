//! The pages for admins, one file each.

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

/// Where the accounts are.
pub const ACCOUNTS: &str = "/admin/accounts";
/// Where it says why no code came.
pub const CODES: &str = "/admin/codes";
/// Where it says what happened.
pub const ACTIVITY: &str = "/admin/activity";

/// Where it says how the console is.
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

/// A page of this section; `current` is the path of the one in the navigation that it belongs to.
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

/// The field for an address or a part of one, with what is wrong with it.
fn text_field(name: &str, label: &str, value: &str, error: Option<&str>) -> Markup {
    let error_id = format!("{name}-error");
    html! {
        div.field {
            label for=(name) { (label) }
            // Not type=email: browsers then rewrite or refuse addresses in other scripts.
            input id=(name) name=(name) type="text" autocomplete="off" autocapitalize="none" spellcheck="false"
                maxlength="300" value=(value) aria-invalid=[error.map(|_| "true")]
                aria-describedby=[error.map(|_| &error_id)];
            @if let Some(error) = error { p.error id=(error_id) role="alert" { (error) } }
        }
    }
}

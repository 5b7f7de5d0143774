//! The avatar menu, top right. It opens without JavaScript.

use maud::{Markup, html};

/// Who the menu belongs to.
#[derive(Debug)]
pub struct Viewer<'a> {
    /// The name; may be empty.
    pub name: &'a str,
    /// The address.
    pub email: &'a str,
    /// Who really sits there, when a WorkOS admin looks through their eyes.
    pub impersonator: Option<&'a str>,
    /// Whether they let others in and out.
    pub is_admin: bool,
}

/// Initials, name, address, where else there is to go, and the way out.
pub fn menu(viewer: &Viewer<'_>) -> Markup {
    let initials = initials(viewer);
    html! {
        details.menu {
            // Its name begins with what it shows, for people who speak to their browser (WCAG 2.5.3).
            summary aria-label={ (initials) ", account menu" } { (initials) }
            div.sheet {
                @if !viewer.name.is_empty() { div.viewer { (viewer.name) } }
                div.mail { (viewer.email) }
                a href="/account" { "Your account" }
                @if viewer.is_admin { a href="/admin/accounts" { "Admin" } }
                form method="post" action="/sign-out" {
                    button.button.plain type="submit" { "Sign out" }
                }
            }
        }
    }
}

/// The first letters of the first and the last word of the name, or of the address.
fn initials(viewer: &Viewer<'_>) -> String {
    let source = if viewer.name.trim().is_empty() {
        viewer.email
    } else {
        viewer.name
    };
    let mut words = source.split_whitespace();
    let first = words.next();
    let last = words.next_back();
    first
        .into_iter()
        .chain(last)
        .filter_map(|word| word.chars().next())
        .flat_map(char::to_uppercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_read_from_whatever_there_is() {
        let of = |name, email| {
            initials(&Viewer {
                name,
                email,
                impersonator: None,
                is_admin: false,
            })
        };
        assert_eq!(of("Mira Bell", "x@acme.test"), "MB");
        assert_eq!(of("Mira de la Bell", "x@acme.test"), "MB");
        assert_eq!(of("Mira", "x@acme.test"), "M");
        assert_eq!(of(" ", "x@acme.test"), "X");
        assert_eq!(of("山田 太郎", "x@acme.test"), "山太");
    }
}

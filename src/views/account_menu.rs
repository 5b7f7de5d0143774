//! The avatar menu, top right. It opens without JavaScript.

use maud::{Markup, html};

/// The person who looks at a page.
#[derive(Debug)]
pub struct Viewer<'a> {
    /// May be empty.
    pub name: &'a str,
    pub email: &'a str,
    /// The WorkOS admin who impersonates this person.
    pub impersonator: Option<&'a str>,
    pub is_admin: bool,
}

/// Initials that open a sheet with name, address, links and the sign-out button.
pub fn menu(viewer: &Viewer<'_>) -> Markup {
    let initials = initials(viewer);
    html! {
        details.menu {
            // The label starts with the visible text, for speech control (WCAG 2.5.3).
            summary aria-label={ (initials) ", account menu" } { (initials) }
            div.sheet {
                @if !viewer.name.is_empty() { div.who { (viewer.name) } }
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
    fn initials_come_from_the_name_or_else_from_the_address() {
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

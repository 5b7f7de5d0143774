use maud::html;

use super::letter::{Letter, html_letter};

/// Tells the admins that somebody is guessing codes of many accounts, and what was done about it.
pub fn guessing_notice() -> Letter {
    let what = "Over the last 24 hours, 1000 wrong sign-in codes were tried against accounts of your console, \
                from browsers that never signed in before. That looks like somebody guessing.";
    let done = "For now, codes are taken only from browsers that have signed in to the same account before. \
                This stops on its own when there are fewer such tries in 24 hours again.";
    let to_do = "You need not do anything. If people cannot get in, ask them to use a browser that they have \
                 signed in with before. The server's log names the addresses that the tries came from.";
    let body = html! { p { (what) } p { (done) } p { (to_do) } };
    Letter {
        subject: "Somebody is guessing sign-in codes".to_owned(),
        text: format!("{what}\r\n\r\n{done}\r\n\r\n{to_do}\r\n"),
        html: html_letter("Somebody is guessing sign-in codes", &body),
    }
}

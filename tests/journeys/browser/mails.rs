//! All mails as a mail program shows them: light and dark, on a phone and on a desktop.

use std::time::Duration;

use vestibule::domain::{
    AccountId, ActivityId, BrowserName, ClientIp, Colour, Email, Role, SignInCode, Timestamp, WayIn,
};
use vestibule::mail::messages::{
    CodeMail, InvitationMail, Letter, Letterhead, LinkedMail, MovedBackMail, MovedMail,
    NewBrowserMail, RoleMail, UsedCodeReport, WrongCodesMail, guessing_notice, test_letter,
};

use super::{MIRA, app_with_mira};
use crate::support::browser::{Browser, Theme};

const HOST: &str = "console.acme.test";
/// 28 Nov 2026, 07:09 UTC.
const SENT_AT: Timestamp = Timestamp(1_795_849_740_000);

/// The elements that are wider than the screen or cut off.
const SPILLED: &str = r"
    const wide = document.documentElement.clientWidth;
    return [...document.querySelectorAll('body *')]
        .filter((e) => e.checkVisibility())
        .filter((e) => e.getBoundingClientRect().right > wide + 0.5 || e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0)
        .map((e) => e.outerHTML.slice(0, 120));";

/// Selects as a double click on the code does.
const SELECTED: &str = r"
    const code = document.querySelector('.code');
    getSelection().selectAllChildren(code);
    return [getSelection().toString().trim(), getComputedStyle(code).userSelect];";

const BACKGROUND: &str = "return getComputedStyle(document.body).backgroundColor";

fn code_mail() -> CodeMail {
    CodeMail {
        activity_id: ActivityId(1),
        account_id: AccountId(1),
        recipient: Email::parse(MIRA).unwrap(),
        code: SignInCode::parse("934197").unwrap(),
        lifetime: Duration::from_mins(10),
        browser: firefox(),
        ip: client_ip(),
        issued_at: SENT_AT,
        expires_at: SENT_AT.plus(Duration::from_mins(10)),
        not_me: format!("https://{HOST}/sign-in/not-me?link={}", "a1B2".repeat(24)),
    }
}

fn firefox() -> BrowserName {
    BrowserName::from_user_agent("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Firefox/145.0")
}

fn client_ip() -> ClientIp {
    ClientIp::new("203.0.113.7".parse().unwrap())
}

/// Every mail, with a name for its pictures.
fn letters() -> [(&'static str, Letter); 13] {
    let [sessions_page, activity_page, sign_in] = [
        &format!("https://{HOST}/account/sessions"),
        &format!("https://{HOST}/account/activity"),
        &format!("https://{HOST}/sign-in"),
    ];
    let at = SENT_AT;
    let role_mail = |role| RoleMail {
        role,
        at,
        activity_page,
    };
    let invitation = InvitationMail {
        inviter: "ada.of.the.north.with.a.long.name@subsidiary.acme.test",
        recipient: MIRA,
        sign_in: "https://console.acme.test/sign-in",
    };
    let [moved, admin] = [false, true].map(|for_admin| MovedMail {
        account_id: AccountId(1),
        recipient: Email::parse(MIRA).unwrap(),
        sign_in: format!("https://{HOST}/sign-in"),
        for_admin,
    });
    let new_browser = NewBrowserMail {
        way_in: WayIn::EmailCode,
        browser: firefox(),
        ip: client_ip(),
        at: SENT_AT,
        sessions_page: format!("https://{HOST}/account/sessions"),
    };
    let report = UsedCodeReport {
        email: MIRA,
        browser: "Firefox on Linux",
        ip: "203.0.113.7",
        asked_at: SENT_AT,
        activity_page: format!("https://{HOST}/admin/activity"),
    };
    [
        ("code", code_mail().letter(HOST)),
        ("invitation", invitation.letter(HOST)),
        ("moved", moved.letter(HOST)),
        ("admin", admin.letter(HOST)),
        ("new-browser", new_browser.letter(HOST)),
        ("guessing", guessing_notice()),
        ("used-code", report.letter(HOST)),
        ("linked", LinkedMail { at, sessions_page }.letter(HOST)),
        ("admin", role_mail(Role::Admin).letter(HOST)),
        ("member", role_mail(Role::Member).letter(HOST)),
        ("moved-back", MovedBackMail { at, sign_in }.letter(HOST)),
        ("wrong-codes", WrongCodesMail { activity_page }.letter(HOST)),
        ("test", test_letter(HOST)),
    ]
}

#[actix_web::test]
async fn every_mail_can_be_read_light_and_dark_on_a_phone_and_a_desktop() {
    let app = app_with_mira().await;
    let browser = Browser::open(&app).await;
    for (accent, pictures) in [(None, "mail"), (Colour::parse("#ffd400"), "mail-branded")] {
        let letterhead = Letterhead::new("Acme Console".to_owned(), HOST.to_owned(), accent);
        for (name, letter) in letters() {
            let html = letter.rendered(&letterhead).html;
            assert!(html.len() < 20_000, "{name}: {} bytes", html.len());
            browser.show(&html).await;
            for theme in Theme::BOTH {
                browser.prefer(theme, "reduce").await;
                let background: String = browser.ask(BACKGROUND).await;
                let expected = match theme {
                    Theme::Light => "rgb(246, 245, 242)",
                    Theme::Dark => "rgb(19, 20, 22)",
                };
                assert_eq!(background, expected, "{name}");
                let violations = browser.wcag_violations().await;
                assert!(violations.is_empty(), "{name}, {theme:?}: {violations:#?}");
                for width in [320, 720] {
                    browser.resize(width, 1.0).await;
                    let spilled: Vec<String> = browser.ask(SPILLED).await;
                    assert!(spilled.is_empty(), "{name}, {width} px: {spilled:#?}");
                    let picture = format!("{pictures}-{name}-{}-{width}", theme.name());
                    browser.photograph(&picture).await;
                }
            }
        }
    }
    browser.close(&[]).await;
}

#[actix_web::test]
async fn a_double_click_selects_the_whole_code_and_the_preheader_is_hidden() {
    let app = app_with_mira().await;
    let browser = Browser::open(&app).await;
    let letterhead = Letterhead::new("Acme Console".to_owned(), HOST.to_owned(), None);
    browser
        .show(&code_mail().letter(HOST).rendered(&letterhead).html)
        .await;
    let selected: [String; 2] = browser.ask(SELECTED).await;
    assert_eq!(selected, ["934197", "all"]);
    browser.read("body", "@console.acme.test #934197").await;
    // The preheader shows in the list of mails only.
    browser.lose("body > div").await;
    browser.close(&[]).await;
}

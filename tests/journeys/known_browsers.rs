//! Known browsers: what makes one, and what forgets it.

use std::fs;
use std::time::Duration;

use actix_web::cookie::{Cookie, CookieJar, Key};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hkdf::Hkdf;
use hkdf::hmac::{Hmac, KeyInit, Mac};
use insta::assert_snapshot;
use sha2::Sha256;
use vestibule::domain::SecretKey;

use crate::support::visitor::words;
use crate::support::{TestApp, Visitor, Workplace, other_than};

const MIRA: &str = "mira@acme.test";
const NOOR: &str = "noor@acme.test";
const ADMIN: &str = "admin@acme.test";
const DAY: Duration = Duration::from_hours(24);

/// One request for a code fills the window of an address, so that only known browsers get another one.
async fn console() -> TestApp {
    TestApp::spawn_with(|settings| settings.code_limit_address = Some("1".to_owned())).await
}

/// Signs in after the windows of a minute.
async fn sign_in(app: &TestApp, visitor: &Visitor, email: &str) {
    app.later(Duration::from_mins(1));
    visitor.sign_in(app, email).await;
}

/// Whether this browser gets a code although a stranger has used up the window of the address.
async fn is_known(app: &TestApp, visitor: &Visitor, email: &str) -> bool {
    app.later(Duration::from_mins(1));
    let stranger = app.visitor();
    assert_eq!(stranger.ask_for_code(email).await.status, 303);
    assert_eq!(stranger.ask_for_code(email).await.status, 429);
    visitor.ask_for_code(email).await.status == 303
}

/// An admin, signed in.
async fn admin_of(app: &TestApp) -> Visitor {
    let admin = app.signed_in(ADMIN).await;
    app.sql(&format!(
        "UPDATE accounts SET role = 'admin' WHERE email = '{ADMIN}'"
    ));
    admin
}

/// The path of an account's page among the admin's pages.
fn page_of(app: &TestApp, email: &str) -> String {
    let id = app.number(&format!("SELECT id FROM accounts WHERE email = '{email}'"));
    format!("/admin/accounts/{id}")
}

/// A terminal on the machine of a server.
fn terminal(app: &TestApp) -> Workplace {
    Workplace::empty().with("DATA_DIR", app.data().to_string_lossy())
}

// SECURITY rule 33: a thief of the secret key can sign cookies, and makes no known browser with them.
#[actix_web::test]
async fn the_secret_key_alone_makes_no_known_browser() {
    let app = console().await;
    app.signed_in(MIRA).await;
    let key = fs::read_to_string(app.data().join("secret.key")).unwrap();
    let key = SecretKey::parse(&key).unwrap();
    // The cookie of version 0.1: an id, and a keyed hash of each address with the time of the sign-in.
    let mut address_key = [0; 64];
    let master = STANDARD.decode(key.expose()).unwrap();
    Hkdf::<Sha256>::new(None, &master)
        .expand(b"vestibule device addresses", &mut address_key)
        .unwrap();
    let mut name = Hmac::<Sha256>::new(&address_key.into());
    name.update(MIRA.as_bytes());
    let name = URL_SAFE_NO_PAD.encode(&name.finalize().into_bytes()[..16]);
    let text = format!("{}.{name}:{}", "A".repeat(22), app.clock.now().0);
    let mut jar = CookieJar::new();
    jar.signed_mut(&Key::from(&key.cookie_key()))
        .add(Cookie::new("device", text));
    let forged = jar.get("device").unwrap().encoded().to_string();

    let thief = app.visitor();
    thief.set_cookie("device", forged.strip_prefix("device=").unwrap());
    assert!(!is_known(&app, &thief, MIRA).await);
}

// SECURITY rule 33: each of these forgets the known browsers of the account, and of no other account. Restoring the
// account does not bring them back.
#[actix_web::test]
async fn ending_all_access_forgets_known_browsers() {
    let mut forget_nothing = Vec::new();
    for act in [
        "end others",
        "admin: end all",
        "admin: suspend",
        "terminal: end all",
        "terminal: suspend",
    ] {
        let app = console().await;
        let admin = admin_of(&app).await;
        let (here, there, noor) = (app.visitor(), app.visitor(), app.visitor());
        app.add_account(MIRA, "");
        app.add_account(NOOR, "");
        sign_in(&app, &there, MIRA).await;
        sign_in(&app, &here, MIRA).await;
        sign_in(&app, &noor, NOOR).await;
        assert!(is_known(&app, &there, MIRA).await, "{act}");

        let page = page_of(&app, MIRA);
        let change = async |verb: &str| admin.post(&format!("{page}/{verb}"), &[]).await.status;
        let on_terminal = async |arguments: &[&str]| terminal(&app).run(arguments).await.code;
        match act {
            "end others" => {
                let ended = here.post("/account/sessions/end-others", &[]).await;
                assert_eq!(ended.location(), "/account/sessions?done=others-ended");
            }
            "admin: end all" => assert_eq!(change("sessions/end").await, 303),
            "admin: suspend" => {
                assert_eq!(change("suspend").await, 303);
                assert_eq!(change("restore").await, 303);
            }
            "terminal: end all" => {
                let ended = on_terminal(&["sessions", "end", "--all", MIRA]).await;
                assert_eq!(ended, Some(0));
            }
            _ => {
                let suspended = on_terminal(&["account", "suspend", MIRA]).await;
                let restored = on_terminal(&["account", "restore", MIRA]).await;
                assert_eq!((suspended, restored), (Some(0), Some(0)));
            }
        }
        if is_known(&app, &there, MIRA).await {
            forget_nothing.push(act);
            continue;
        }
        let keeps_its_own = act == "end others";
        assert_eq!(is_known(&app, &here, MIRA).await, keeps_its_own, "{act}");
        assert!(is_known(&app, &noor, NOOR).await, "{act}");
    }
    assert_eq!(forget_nothing, Vec::<&str>::new());
}

// SECURITY rule 33: a known browser belongs to an account, not to its address.
#[actix_web::test]
async fn the_next_owner_of_an_address_does_not_inherit_known_browsers() {
    let app = console().await;
    let admin = admin_of(&app).await;
    app.add_account(MIRA, "");
    let former = app.visitor();
    sign_in(&app, &former, MIRA).await;
    let deleted = admin
        .post(&format!("{}/delete", page_of(&app, MIRA)), &[])
        .await;
    assert_eq!(deleted.status, 303);
    app.add_account(MIRA, "");
    assert!(!is_known(&app, &former, MIRA).await);
}

/// Presses “This wasn’t me” in the newest mail.
async fn disown(app: &TestApp) {
    let link = app.not_me_link().await;
    let (_, mark) = link.split_once("?link=").unwrap();
    let anyone = app.visitor();
    let pressed = anyone.post("/sign-in/not-me", &[("link", mark)]).await;
    assert_eq!(pressed.location(), link);
}

// SECURITY rule 33: “This wasn't me” about a code that was used, or that a known browser asked for. A stranger whose
// request is disowned must not take the owner's known browser away by that.
#[actix_web::test]
async fn a_disowned_code_forgets_known_browsers_if_one_of_them_may_be_another_persons() {
    let app = console().await;
    app.add_account(MIRA, "");
    let owner = app.visitor();
    sign_in(&app, &owner, MIRA).await;

    app.later(Duration::from_mins(1));
    let stranger = app.visitor();
    stranger.ask_for_code(MIRA).await;
    disown(&app).await;
    assert!(is_known(&app, &owner, MIRA).await);

    app.later(Duration::from_mins(1));
    owner.ask_for_code(MIRA).await;
    disown(&app).await;
    assert!(!is_known(&app, &owner, MIRA).await);

    sign_in(&app, &owner, MIRA).await;
    app.later(Duration::from_mins(1));
    stranger.sign_in(&app, MIRA).await;
    disown(&app).await;
    for browser in [&owner, &stranger] {
        assert!(!is_known(&app, browser, MIRA).await);
    }
}

// SECURITY rule 33: shown and forgotten by the account's owner.
#[actix_web::test]
async fn the_sessions_page_lists_known_browsers_and_forgets_one() {
    let app = console().await;
    app.add_account(MIRA, "");
    app.add_account(NOOR, "");
    let (here, there, noor) = (app.visitor(), app.visitor(), app.visitor());
    sign_in(&app, &there, MIRA).await;
    sign_in(&app, &here, MIRA).await;
    sign_in(&app, &noor, NOOR).await;
    there.post("/sign-out", &[]).await;
    app.later(Duration::from_hours(3));
    sign_in(&app, &here, MIRA).await;
    let page = here.get("/account/sessions").await;
    let all = words(&page.body);
    let (_, section) = all.split_once("Browsers you’ve signed in with\n").unwrap();
    assert_snapshot!(section, @r"
    You get a mail when you sign in with any other browser. Forget browsers that you don’t use any more.
    Firefox on Linux this browser
    first signed in 3 hours ago · last signed in just now
    Forget
    Firefox on Linux
    first signed in 3 hours ago · last signed in 3 hours ago
    Forget
    ");

    let forget = page.attributes("form[action*='/forget']", "action");
    assert_eq!(forget.len(), 2);
    let done = here.post(&forget[1], &[]).await;
    assert_eq!(done.location(), "/account/sessions?done=forgotten");
    let page = here.get(done.location()).await;
    assert_eq!(
        page.text("[role=status]"),
        "That browser is forgotten. Its next sign-in counts as new."
    );
    assert!(!is_known(&app, &there, MIRA).await);
    assert!(is_known(&app, &here, MIRA).await);
    let noted = "SELECT group_concat(detail) FROM activity WHERE kind = 'browser_forgotten'";
    assert_eq!(app.text(noted), "Firefox on Linux");

    // Another account's browser, a forgotten one and one that never was get the same answer.
    let theirs = app.number("SELECT id FROM known_browsers WHERE account_id = 2");
    for id in [theirs, 987_654] {
        let path = format!("/account/browsers/{id}/forget");
        assert_eq!(here.post(&path, &[]).await.location(), done.location());
    }
    assert_eq!(here.post(&forget[1], &[]).await.location(), done.location());
    assert!(is_known(&app, &noor, NOOR).await);
    assert_eq!(app.text(noted), "Firefox on Linux");
    for id in ["x", "-1x", "99999999999999999999", "%00"] {
        let path = format!("/account/browsers/{id}/forget");
        assert_eq!(here.post(&path, &[]).await.status, 404, "{id}");
    }
}

// SECURITY rule 33: a cookie that another person planted in a browser, or copied from it, is worth nothing after the
// browser's next sign-in.
#[actix_web::test]
async fn a_token_is_replaced_at_every_sign_in() {
    let app = console().await;
    app.add_account(MIRA, "");
    let (owner, thief) = (app.visitor(), app.visitor());
    sign_in(&app, &owner, MIRA).await;
    thief.set_cookie("device", &owner.cookie("device").unwrap());
    assert!(is_known(&app, &thief, MIRA).await);
    sign_in(&app, &owner, MIRA).await;
    assert!(!is_known(&app, &thief, MIRA).await);
    assert!(is_known(&app, &owner, MIRA).await);

    // The thief's own browser is known for Noor's account, and its cookie is planted in Mira's.
    app.add_account(NOOR, "");
    sign_in(&app, &thief, NOOR).await;
    let planted = thief.cookie("device").unwrap();
    owner.set_cookie("device", &planted);
    sign_in(&app, &owner, MIRA).await;
    thief.set_cookie("device", &planted);
    assert!(!is_known(&app, &thief, MIRA).await);
    assert!(is_known(&app, &owner, MIRA).await);
}

// SECURITY rule 33: the browser that stays known gets a new token.
#[actix_web::test]
async fn a_copied_token_is_worthless_after_all_other_sessions_were_ended() {
    let app = console().await;
    app.add_account(MIRA, "");
    let (owner, thief) = (app.visitor(), app.visitor());
    sign_in(&app, &owner, MIRA).await;
    thief.set_cookie("device", &owner.cookie("device").unwrap());
    assert!(is_known(&app, &thief, MIRA).await);
    owner.post("/account/sessions/end-others", &[]).await;
    assert!(!is_known(&app, &thief, MIRA).await);
    assert!(is_known(&app, &owner, MIRA).await);
}

// SECURITY rule 33: the newest 20 browsers of an account are known, for 180 days.
#[actix_web::test]
async fn known_browsers_are_bounded_in_number_and_time() {
    let app = console().await;
    let first = app.signed_in(MIRA).await;
    let count = "SELECT count(*) FROM known_browsers";
    for _ in 0..20 {
        sign_in(&app, &app.visitor(), MIRA).await;
    }
    assert_eq!(app.number(count), 20);
    assert!(!is_known(&app, &first, MIRA).await);
    app.later(DAY);
    sign_in(&app, &first, MIRA).await;
    assert_eq!(app.number(count), 20);
    app.later(DAY * 180 - Duration::from_secs(1));
    app.server().housekeeping().clean_up().await.unwrap();
    assert_eq!(app.number(count), 1);
    app.later(Duration::from_secs(1));
    app.server().housekeeping().clean_up().await.unwrap();
    assert_eq!(app.number(count), 0);
}

/// Five wrong codes from a browser. Returns how many were evaluated.
async fn guess(app: &TestApp, browser: &Visitor) -> usize {
    assert_eq!(browser.ask_for_code(MIRA).await.status, 303);
    let wrong = other_than(&app.newest_code(MIRA).await);
    let mut evaluated = 0;
    for _ in 0..5 {
        match browser.enter(&wrong).await.status.as_u16() {
            422 => evaluated += 1,
            status => assert_eq!(status, 429),
        }
    }
    evaluated
}

// SECURITY rule 8: 100 wrong tries a day for all known browsers of an account together, over new and forgotten ones,
// restarts and the clock.
#[actix_web::test]
async fn in_no_twenty_four_hours_do_known_browsers_get_a_hundred_and_first_wrong_code() {
    let mut app = TestApp::spawn().await;
    let admin = admin_of(&app).await;
    app.add_account(MIRA, "");
    let browsers = [(); 4].map(|()| app.visitor());
    for browser in &browsers {
        browser.sign_in(&app, MIRA).await;
    }
    let page = page_of(&app, MIRA);
    let mut evaluated = Vec::new();
    for hour in 0..32 {
        for browser in &browsers {
            let now = app.clock.now();
            evaluated.extend(vec![now; guess(&app, browser).await]);
        }
        let verbs = match hour {
            1 => &["sessions/end"][..],
            3 => &["suspend", "restore"],
            _ => &[],
        };
        for verb in verbs {
            admin.post(&format!("{page}/{verb}"), &[]).await.location();
        }
        if !verbs.is_empty() {
            app.later(Duration::from_mins(2));
            for browser in &browsers {
                // Forgotten, so it gets in like any other, and is known again.
                browser.sign_in(&app, MIRA).await;
            }
        }
        if hour == 6 {
            app.restart_with(|_| {}).await;
        }
        app.later(Duration::from_hours(1));
    }
    for window in evaluated.windows(101) {
        assert!(window[100].since(window[0]) >= DAY);
    }
    // Five hours of twenty tries, a pause until the first are a day old, then the same again.
    assert_eq!(evaluated.len(), 200);

    // The tries of known browsers do not keep an unknown one out.
    app.visitor().sign_in(&app, MIRA).await;
    assert_eq!(browsers[0].ask_for_code(MIRA).await.status, 303);
    let code = app.newest_code(MIRA).await;
    let refused = browsers[0].enter(&code).await;
    assert_eq!(refused.status, 429);
    assert!(
        refused
            .text("#code-error")
            .starts_with("Too many wrong codes for this address. Try again in ")
    );
}

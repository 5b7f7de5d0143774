//! The cookies: their names, attributes and sizes, and the keys that sign them.

use std::fs;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use vestibule::domain::SecretKey;

use crate::support::outbox::Mail;
use crate::support::{Answer, TestApp};

const MIRA: &str = "mira@acme.test";
const AN_HOUR: u32 = 3_600;
const SEVEN_DAYS: u32 = 7 * 24 * 3_600;
const HALF_A_YEAR: u32 = 180 * 24 * 3_600;

#[track_caller]
fn assert_attributes(answer: &Answer, name: &str, max_age: u32, secure: bool) {
    let line = answer.set_cookie(name);
    let mut attributes: Vec<&str> = line.split("; ").skip(1).collect();
    attributes.sort_unstable();
    let max_age = format!("Max-Age={max_age}");
    let mut expected = vec!["HttpOnly", &max_age, "Path=/", "SameSite=Lax"];
    if secure {
        expected.push("Secure");
    }
    assert_eq!(attributes, expected, "{name}: {line}");
    assert!(line.len() < 4_096);
}

// SECURITY rule 12: HttpOnly, SameSite; on http the plain names, since browsers refuse `__Host-`.
#[actix_web::test]
async fn on_localhost_the_cookies_have_plain_names_and_all_other_attributes() {
    let app = TestApp::spawn().await;
    app.add_account(MIRA, "");
    let mira = app.visitor();
    let asked = mira.ask_for_code(MIRA).await;
    assert_attributes(&asked, "challenge", AN_HOUR, false);
    let entered = mira.enter(&app.newest_code(MIRA).await).await;
    assert_attributes(&entered, "session", SEVEN_DAYS, false);
    assert_attributes(&entered, "device", HALF_A_YEAR, false);
    assert!(!entered.set_cookie("challenge").is_empty());
    assert!(mira.cookie("challenge").is_none());
}

/// Puts an answer's cookie into a browser that would keep a secure one from plain http.
fn carry_over(answer: &Answer, visitor: &crate::support::Visitor, name: &str) {
    let pair = answer.set_cookie(name).split("; ").next().unwrap();
    let (_, value) = pair.split_once('=').unwrap();
    visitor.set_cookie(name, value);
}

// SECURITY rule 12: `__Host-`, Secure, HttpOnly, SameSite.
#[actix_web::test]
async fn on_https_every_cookie_is_secure_and_bound_to_the_host() {
    let (app, smtp) = TestApp::spawn_on_https().await;
    app.add_account(MIRA, "");
    let mira = app.visitor();
    let asked = mira.ask_for_code(MIRA).await;
    assert_attributes(&asked, "__Host-challenge", AN_HOUR, true);
    carry_over(&asked, &mira, "__Host-challenge");
    let code = Mail::parse(smtp.next_mail().await.data).code();
    let entered = mira.enter(&code).await;
    assert_eq!(entered.location(), "/dashboard");
    assert_attributes(&entered, "__Host-session", SEVEN_DAYS, true);
    assert_attributes(&entered, "__Host-device", HALF_A_YEAR, true);

    carry_over(&entered, &mira, "__Host-session");
    assert!(mira.is_in().await);
    let (session, plain) = (mira.cookie("__Host-session").unwrap(), app.visitor());
    plain.set_cookie("session", &session);
    assert!(!plain.is_in().await, "the plain name was taken on https");
}

// SECURITY rule 12: under 4 096 bytes, however many people share the browser.
#[actix_web::test]
async fn a_browser_of_many_accounts_has_small_cookies() {
    let app = TestApp::spawn().await;
    let shared = app.visitor();
    for number in 0..10 {
        let email = format!("person-number-{number}@a-rather-long-domain.acme.test");
        app.add_account(&email, "");
        shared.sign_in(&app, &email).await;
    }
    let all = ["session", "device"].map(|name| shared.cookie(name).unwrap().len());
    assert!(all.iter().sum::<usize>() < 1_000, "{all:?}");
}

fn new_key() -> String {
    SecretKey::generate(&mut rand::rng()).expose()
}

// SECURITY rule 29: `SECRET_KEY` rotated with `SECRET_KEY_PREVIOUS`: no one is signed out.
#[actix_web::test]
async fn a_new_key_keeps_sessions_codes_and_known_browsers_of_the_older_one() {
    let mut app = TestApp::spawn().await;
    let older = fs::read_to_string(app.data().join("secret.key")).unwrap();
    let mira = app.signed_in(MIRA).await;
    let session = mira.cookie("session").unwrap();
    let (waiting, code) = app.asked(MIRA).await;
    app.restart_with(|settings| {
        settings.secret_key = Some(new_key());
        settings.secret_key_previous = Some(older);
    })
    .await;
    assert!(mira.is_in().await);
    assert_eq!(waiting.enter(&code).await.location(), "/dashboard");
    for _ in 0..10 {
        app.visitor().ask_for_code(MIRA).await;
    }
    // Beside a session that the older key has signed, the other cookies are read as they came.
    mira.set_cookie("session", &session);
    let known = mira.ask_for_code(MIRA).await;
    assert_eq!(known.location(), "/sign-in/code");
}

// SECURITY rule 29: after one request a browser no longer needs the older key, and no cacheable response
// sets a session cookie.
#[actix_web::test]
async fn a_session_reissued_under_a_new_key_survives_the_next_rotation() {
    let mut app = TestApp::spawn().await;
    let first = fs::read_to_string(app.data().join("secret.key")).unwrap();
    let (second, third) = (new_key(), new_key());
    let mira = app.signed_in(MIRA).await;
    let stays_away = app.visitor();
    stays_away.set_cookie("session", &mira.cookie("session").unwrap());
    app.restart_with(|settings| {
        settings.secret_key = Some(second.clone());
        settings.secret_key_previous = Some(first);
    })
    .await;
    let page = app.visitor().get("/sign-in").await;
    let css = page.attribute("link[rel=stylesheet]", "href");
    let kept = mira.get(&css).await;
    assert!(kept.header("cache-control").contains("immutable"));
    assert_eq!(kept.set_cookie("session"), "");
    assert_attributes(&mira.get("/dashboard").await, "session", SEVEN_DAYS, false);
    assert_eq!(mira.get("/dashboard").await.set_cookie("session"), "");

    app.restart_with(|settings| {
        settings.secret_key = Some(third);
        settings.secret_key_previous = Some(second);
    })
    .await;
    assert!(mira.is_in().await);
    assert!(!stays_away.is_in().await);
    assert_eq!(mira.post("/sign-out", &[]).await.location(), "/signed-out");
    assert_eq!(mira.cookie("session"), None);
}

// SECURITY rule 29: and the other way round, a key that is gone reads nothing any more.
#[actix_web::test]
async fn without_the_previous_key_older_cookies_are_refused() {
    let mut app = TestApp::spawn().await;
    let mira = app.signed_in(MIRA).await;
    let (waiting, code) = app.asked(MIRA).await;
    app.restart_with(|settings| settings.secret_key = Some(new_key()))
        .await;
    assert!(!mira.is_in().await);
    assert_eq!(
        waiting.enter(&code).await.status,
        reqwest::StatusCode::UNPROCESSABLE_ENTITY
    );
}

// SECURITY rule 4: the key is in no page, cookie or database either.
#[actix_web::test]
async fn the_secret_key_stays_in_its_file() {
    let app = TestApp::spawn().await;
    let mira = app.signed_in(MIRA).await;
    let key = fs::read_to_string(app.data().join("secret.key")).unwrap();
    let bytes = STANDARD.decode(key.trim()).unwrap();
    let database = fs::read(format!("{}-wal", app.database().display())).unwrap();
    assert!(
        database
            .windows(MIRA.len())
            .any(|window| window == MIRA.as_bytes())
    );
    assert!(!database.windows(16).any(|window| window == &bytes[..16]));
    let page = mira.get("/dashboard").await;
    assert!(!page.body.contains(&key[..16]) && !format!("{:?}", page.headers).contains(&key[..16]));
}

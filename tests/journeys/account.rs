//! One's own account: what it says, and what can be changed there.

mod new_browser;
mod not_me;
mod sessions;

use insta::assert_snapshot;

use crate::support::visitor::{other_than, words};
use crate::support::{Answer, TestApp, Visitor};

const MIRA: &str = "mira@acme.test";

async fn with_mira() -> (TestApp, Visitor) {
    let app = TestApp::spawn().await;
    app.add_account(MIRA, "Mira Bell");
    let mira = app.visitor();
    mira.sign_in(&app, MIRA).await;
    (app, mira)
}

/// The words of a page below the navigation.
fn content(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{answer:?}");
    let all = words(&answer.body);
    let (_, content) = all.split_once("Profile\nSessions\nActivity\n").unwrap();
    content.to_owned()
}

async fn rename(visitor: &Visitor, name: &str) -> Answer {
    visitor.post("/account/name", &[("name", name)]).await
}

#[actix_web::test]
async fn the_profile_shows_the_account_and_its_sign_in_method() {
    let (app, mira) = with_mira().await;
    let profile = mira.get("/account").await;
    assert_snapshot!(content(&profile), @r"
    Profile
    Name
    Save name
    How you sign in
    Email
    mira@acme.test
    Sign-in
    Email code
    Your admin set this address. You can’t change it here.
    ");
    assert_eq!(profile.attribute("#name", "value"), "Mira Bell");
    assert_eq!(profile.text(".tabs [aria-current=page]"), "Profile");

    let moved = app.clock.now().0;
    app.sql(&format!("UPDATE accounts SET moved_at = {moved}"));
    let sign_in = mira.get("/account").await.text("dl div:last-child dd");
    let why = mira.get("/account").await.text(".why");
    assert_eq!(
        why,
        "Your admin or WorkOS set this address. You can’t change it here."
    );
    assert_eq!(sign_in, "WorkOS, since 23 Nov 2026, 12:00 UTC");
}

#[actix_web::test]
async fn a_name_is_changed_by_its_owner_and_shows_everywhere_at_once() {
    let (app, mira) = with_mira().await;
    let noor = app.signed_in("noor@acme.test").await;
    let saved = rename(&mira, "  Mira Jane Bell ").await;
    assert_eq!(saved.location(), "/account?done=saved");
    let profile = mira.get(saved.location()).await;
    assert_eq!(profile.text("[role=status]"), "Your name is saved.");
    assert_eq!(profile.attribute("#name", "value"), "Mira Jane Bell");
    assert_eq!(profile.text(".menu .who"), "Mira Jane Bell");
    assert!(!noor.get("/account").await.body.contains("Mira"));

    // The same name again is no change.
    rename(&mira, "Mira Jane Bell").await;
    assert_eq!(
        app.number("SELECT count(*) FROM activity WHERE kind = 'name_changed'"),
        1
    );
    // Invisible characters alone are not a name.
    for nothing in ["", "\u{3164}", "\u{200b} \u{ad}\u{e0041}"] {
        rename(&mira, "Mira").await.location();
        let saved = rename(&mira, nothing).await;
        assert_eq!(saved.location(), "/account?done=saved");
        assert_eq!(
            app.number("SELECT count(*) FROM accounts WHERE name = ''"),
            2
        );
    }
    assert_eq!(
        mira.get("/dashboard").await.text("h1"),
        format!("Welcome, {MIRA}")
    );
}

#[actix_web::test]
async fn an_invalid_name_is_shown_again_with_the_error() {
    let (app, mira) = with_mira().await;
    for (typed, words) in [
        (
            "M".repeat(201).as_str(),
            "That is too long. Use at most 200 characters.",
        ),
        (
            "Mira\u{202e}Bell",
            "Use one line of letters, without line breaks or hidden characters.",
        ),
        (
            "Mira\nBell",
            "Use one line of letters, without line breaks or hidden characters.",
        ),
    ] {
        let refused = rename(&mira, typed).await;
        assert_eq!(refused.status, 422);
        assert_eq!(refused.text("#name-error[role=alert]"), words);
        assert_eq!(refused.attribute("#name", "aria-describedby"), "name-error");
        assert_eq!(refused.attribute("#name", "value"), typed);
    }
    assert_eq!(app.text("SELECT name FROM accounts"), "Mira Bell");
    // A name that looks like markup is shown as text.
    rename(&mira, "<b>Mira</b>").await;
    assert_eq!(mira.get("/account").await.text(".menu .who"), "<b>Mira</b>");
}

#[actix_web::test]
async fn only_fixed_words_are_shown_after_a_change() {
    let (_app, mira) = with_mira().await;
    for path in [
        "/account?done=nonsense",
        "/account?done=",
        "/account/sessions?done=%3Cb%3Eyou+won",
        "/account/sessions?done=saved",
    ] {
        let page = mira.get(path).await;
        assert_eq!(page.status, 200);
        assert!(!page.has("[role=status]"), "{path}");
    }
}

#[actix_web::test]
async fn the_activity_shows_events_and_the_mail_servers_answers_only_to_admins() {
    let (app, mira) = with_mira().await;
    let stranger = app.visitor();
    stranger.ask_for_code(MIRA).await;
    let code = app.newest_code(MIRA).await;
    stranger.enter(&other_than(&code)).await;
    rename(&mira, "Mira").await;
    app.sql(
        "INSERT INTO activity (at, kind, account_id, email, actor, ip, browser, detail)
         SELECT 0, 'role_changed', id, email, 'noor@acme.test', '192.0.2.7', 'Safari on macOS', 'admin' FROM accounts",
    );
    let outcome = "UPDATE activity SET outcome = 'accepted', detail = '250 OK from mx'";
    app.sql(&format!("{outcome} WHERE kind = 'code_requested'"));
    // Another account's activity is not listed.
    app.signed_in("noor@acme.test").await;

    let page = mira.get("/account/activity").await;
    let shown = content(&page).replace("20780 days ago", "long ago");
    assert_snapshot!(shown, @r"
    Activity
    What happened on your account, newest first.
    Name changed
    just now · Mira · Firefox on Linux · 127.0.0.1
    Wrong code
    just now · Firefox on Linux · 127.0.0.1
    Code requested
    just now · Firefox on Linux · 127.0.0.1
    Signed in
    just now · email code · Firefox on Linux · 127.0.0.1
    Code requested
    just now · Firefox on Linux · 127.0.0.1
    Role changed
    long ago · admin · by noor@acme.test
    ");
    assert!(!page.body.contains("250 OK"));
}

#[actix_web::test]
async fn the_activity_is_paged_and_every_row_is_on_one_page() {
    let (app, mira) = with_mira().await;
    app.sql(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 118)
         INSERT INTO activity (at, kind, account_id, email, detail)
         SELECT 0, 'name_changed', a.id, a.email, 'n' || i FROM n, accounts a",
    );
    let mut path = "/account/activity".to_owned();
    let mut lengths = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    loop {
        let page = mira.get(&path).await;
        let text = content(&page);
        let rows = text.lines().filter(|line| line.contains(" ago · n"));
        seen.extend(rows.map(str::to_owned));
        lengths.push(page.attributes(".row time", "datetime").len());
        match page.attributes(".pager [rel=next]", "href").pop() {
            Some(next) => path = next,
            None => break,
        }
    }
    assert_eq!(lengths, [50, 50, 20]);
    assert_eq!(seen.len(), 118);
    let last = mira.get(&path).await;
    assert_eq!(last.attribute(".pager a", "href"), "/account/activity");
    for path in [
        "/account/activity?older_than=x",
        "/account/activity?older_than=",
    ] {
        assert!(!mira.get(path).await.has(".pager a:not([rel])"), "{path}");
    }
    let oldest = app.number("SELECT min(id) FROM activity WHERE at = 0");
    let nothing = mira
        .get(&format!("/account/activity?older_than={oldest}"))
        .await;
    assert_eq!(nothing.text(".empty"), "No activity.");
}

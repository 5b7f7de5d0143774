use insta::assert_snapshot;
use std::time::Duration;

use super::{MIRA, content, with_mira};
use crate::support::{TestApp, Visitor};

/// The path that ends the session that this browser holds.
fn end_of(app: &TestApp, place: &str) -> String {
    let id = app.number(&format!(
        "SELECT id FROM sessions ORDER BY id {place} LIMIT 1"
    ));
    format!("/account/sessions/{id}/end")
}

async fn second_browser(app: &TestApp) -> Visitor {
    let there = app.visitor();
    there.sign_in(app, MIRA).await;
    there
}

#[actix_web::test]
async fn every_session_is_listed_and_this_one_is_marked() {
    let (app, here) = with_mira().await;
    app.later(Duration::from_hours(3));
    second_browser(&app).await;
    app.signed_in("noor@acme.test").await;
    app.later(Duration::from_mins(2));
    let page = here.get("/account/sessions").await;
    assert_snapshot!(content(&page), @r"
    Sessions
    Where you’re signed in. End sessions that you don’t recognise.
    Firefox on Linux this browser
    127.0.0.1 · email code
    signed in 3 hours ago · last seen just now
    Sign out
    Firefox on Linux
    127.0.0.1 · email code
    signed in 2 minutes ago · last seen 2 minutes ago
    End session
    End all other sessions
    Browsers you’ve signed in with
    You get a mail when you sign in with any other browser. Forget browsers that you don’t use any more.
    Firefox on Linux this browser
    first signed in 3 hours ago · last signed in 3 hours ago
    Forget
    Firefox on Linux
    first signed in 2 minutes ago · last signed in 2 minutes ago
    Forget
    ");
    let dashboard = here.get("/dashboard").await;
    assert_eq!(dashboard.attribute(".more", "href"), "/account/sessions");
}

// SECURITY rule 11: an ended session is refused on its very next request.
#[actix_web::test]
async fn a_session_that_is_ended_is_over_at_once_and_the_other_goes_on() {
    let (app, here) = with_mira().await;
    let there = second_browser(&app).await;
    assert!(there.is_in().await);
    let path = end_of(&app, "DESC");
    let ended = here.post(&path, &[]).await;
    assert_eq!(ended.location(), "/account/sessions?done=ended");
    assert!(!there.is_in().await);
    assert!(here.is_in().await);
    let page = here.get(ended.location()).await;
    assert_eq!(page.text("[role=status]"), "That session has ended.");
    assert!(!page.has("[action='/account/sessions/end-others']"));
    let detail = "SELECT detail FROM activity WHERE kind = 'session_ended'";
    assert_eq!(app.text(detail), "Firefox on Linux at 127.0.0.1");

    // Twice is no error, and is written down once.
    assert_eq!(here.post(&path, &[]).await.location(), ended.location());
    let count = "SELECT count(*) FROM activity WHERE kind = 'session_ended'";
    assert_eq!(app.number(count), 1);
}

#[actix_web::test]
async fn another_accounts_session_answers_like_a_missing_one() {
    let (app, mira) = with_mira().await;
    let noor = app.signed_in("noor@acme.test").await;
    let theirs = mira.post(&end_of(&app, "DESC"), &[]).await;
    let nobodys = mira.post("/account/sessions/987654/end", &[]).await;
    assert!(noor.is_in().await);
    assert_eq!(theirs.status, nobodys.status);
    assert_eq!(theirs.location(), nobodys.location());
    assert_eq!(theirs.body, nobodys.body);
    let count = "SELECT count(*) FROM activity WHERE kind = 'session_ended'";
    assert_eq!(app.number(count), 0);
    for id in ["x", "-1x", "99999999999999999999", "%00"] {
        let path = format!("/account/sessions/{id}/end");
        assert_eq!(mira.post(&path, &[]).await.status, 404, "{id}");
    }
    assert!(mira.is_in().await);
}

#[actix_web::test]
async fn ending_all_others_ends_only_sessions_of_the_same_account() {
    let (app, here) = with_mira().await;
    let noor = app.signed_in("noor@acme.test").await;
    let others = [second_browser(&app).await, second_browser(&app).await];
    let ended = here.post("/account/sessions/end-others", &[]).await;
    assert_eq!(ended.location(), "/account/sessions?done=others-ended");
    for other in &others {
        assert!(!other.is_in().await);
    }
    assert!(here.is_in().await && noor.is_in().await);
    let page = here.get(ended.location()).await;
    assert_eq!(
        page.text("[role=status]"),
        "All other sessions have ended. All other browsers are forgotten."
    );
    let count = "SELECT count(*) FROM activity WHERE kind = 'session_ended'";
    assert_eq!(app.number(count), 2);
    here.post("/account/sessions/end-others", &[]).await;
    assert_eq!(app.number(count), 2);
}

#[actix_web::test]
async fn ending_the_current_session_signs_out() {
    let (app, here) = with_mira().await;
    let there = second_browser(&app).await;
    let answer = here.post(&end_of(&app, "ASC"), &[]).await;
    assert_eq!(answer.location(), "/signed-out");
    assert!(
        answer.set_cookie("session").contains("Max-Age=0"),
        "{answer:?}"
    );
    assert!(!here.is_in().await);
    assert!(there.is_in().await);
    let last = "SELECT kind FROM activity ORDER BY id DESC LIMIT 1";
    assert_eq!(app.text(last), "signed_out");
}

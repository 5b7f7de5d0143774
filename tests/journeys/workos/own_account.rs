//! The account pages of a person who signs in with `WorkOS`.

use serde_json::json;

use super::{MIRA, assert_landed, come_back, signed_in, until_nothing_is_to_be_revoked, with_mira};
use crate::support::hostile::Hostile;
use crate::support::outbox::Mail;

fn revocations(provider: &Hostile) -> usize {
    let heard = provider.script().heard.clone();
    let revoked = |line: &&String| line.starts_with("/user_management/sessions/revoke");
    heard.iter().filter(revoked).count()
}

// SECURITY rule 22: however a session ends, the provider is told.
#[actix_web::test]
async fn a_session_that_is_ended_from_elsewhere_ends_at_workos_too() {
    let (app, provider) = with_mira().await;
    let there = signed_in(&app).await;
    let here = signed_in(&app).await;
    let id = app.number("SELECT min(id) FROM sessions");
    here.post(&format!("/account/sessions/{id}/end"), &[]).await;
    assert!(!there.is_in().await);
    until_nothing_is_to_be_revoked(&app).await;
    assert_eq!(revocations(&provider), 1);

    let there = [signed_in(&app).await, signed_in(&app).await];
    here.post("/account/sessions/end-others", &[]).await;
    for other in &there {
        assert!(!other.is_in().await);
    }
    until_nothing_is_to_be_revoked(&app).await;
    assert_eq!(revocations(&provider), 3);
    assert!(here.is_in().await);
}

#[actix_web::test]
async fn ending_the_current_session_also_signs_out_at_workos() {
    let (app, provider) = with_mira().await;
    let here = signed_in(&app).await;
    let id = app.number("SELECT id FROM sessions");
    let path = format!("/account/sessions/{id}/end");
    assert_eq!(here.post(&path, &[]).await.location(), "/signed-out");
    let out = here.get("/signed-out").await;
    assert!(out.header("refresh").starts_with("0;url="), "{out:?}");
    until_nothing_is_to_be_revoked(&app).await;
    assert_eq!(revocations(&provider), 1);
}

#[actix_web::test]
async fn the_browser_is_known_after_a_sign_in_with_workos_and_another_one_is_news() {
    let (app, _provider) = with_mira().await;
    let here = app.visitor();
    let landed = come_back(&here).await;
    assert_landed(&landed, "/dashboard");
    let cookie = landed.set_cookie("device");
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
        "{cookie}"
    );
    here.post("/sign-out", &[]).await;
    assert_landed(&come_back(&here).await, "/dashboard");
    let waiting = "SELECT count(*) FROM outgoing_mails WHERE subject LIKE 'New sign-in%'";
    assert_eq!(app.number(waiting), 0);
    let is_news = |mail: &Mail| mail.subject.starts_with("New sign-in");
    assert!(!app.mails().await.iter().any(is_news));

    signed_in(&app).await;
    let mail = app.mail_about("New sign-in").await;
    assert_eq!(mail.to, MIRA);
    let text = mail.part("text/plain");
    assert!(text.contains("with WorkOS"), "{text}");
    assert!(text.contains("password that you use with WorkOS"), "{text}");
}

#[actix_web::test]
async fn an_impersonator_is_named_in_the_activity_and_their_browser_stays_unknown() {
    let (app, provider) = with_mira().await;
    provider.script().field(
        "impersonator",
        json!({ "email": "admin@acme.test", "reason": "a test" }),
    );
    let admin = app.visitor();
    let landed = come_back(&admin).await;
    assert_landed(&landed, "/dashboard");
    assert_eq!(landed.set_cookie("device"), "");
    admin.post("/account/name", &[("name", "Somebody")]).await;
    let actor = "SELECT actor FROM activity WHERE kind = 'name_changed'";
    assert_eq!(app.text(actor), "admin@acme.test");
}

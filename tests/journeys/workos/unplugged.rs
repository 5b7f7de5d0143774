//! The provider goes away, at one point of a journey after the other. Each time a page says what to
//! do, and nothing is lost.

use std::time::Duration;

use futures::future::join_all;

use super::{
    MIRA, assert_landed, assert_turned_back, bring_up, come_back, come_back_to_wait,
    console_and_provider, outdate_the_last_probe, signed_in, take_down,
    until_nothing_is_to_be_revoked, with_mira,
};
use crate::support::TestApp;
use crate::support::app::{START, free_address};
use crate::support::hostile::{CLIENT_ID, Hostile};

#[actix_web::test]
async fn unplugged_before_the_first_contact() {
    let app = TestApp::spawn_with(|settings| {
        settings.oidc_issuer = Some(format!("http://{}", free_address()));
        settings.oidc_client_id = Some("vestibule".to_owned());
        settings.oidc_client_secret = Some("made up".to_owned());
    })
    .await;
    app.add_account(MIRA, "");
    let mira = app.visitor();
    let answer = mira.get("/auth/workos").await;
    let words = assert_turned_back(&mira, &answer, "unreachable").await;
    assert!(words.contains("use an email code"), "{words}");
    mira.sign_in(&app, MIRA).await;
}

#[actix_web::test]
async fn unplugged_during_the_callback() {
    let (app, provider) = with_mira().await;
    let _gate = provider.hold("/user_management/authenticate");
    let mira = app.visitor();
    let on = come_back_to_wait(&mira).await;
    provider.unplug().await;
    let words = assert_turned_back(&mira, &mira.get(&on).await, "unreachable").await;
    assert!(words.contains("Nothing was lost"), "{words}");
    mira.sign_in(&app, MIRA).await;
}

#[actix_web::test]
async fn unplugged_while_a_person_is_signed_in() {
    let (app, provider) = with_mira().await;
    let mira = signed_in(&app).await;
    provider.unplug().await;
    app.later(Duration::from_mins(6));
    assert!(mira.is_in().await);
}

#[actix_web::test]
async fn at_the_sign_out_the_browser_is_not_sent_to_a_page_that_is_not_there() {
    let (app, provider) = with_mira().await;
    let mira = signed_in(&app).await;
    provider.unplug().await;
    outdate_the_last_probe(&app);
    assert_eq!(mira.post("/sign-out", &[]).await.location(), "/signed-out");
    assert!(!mira.is_in().await);
    let page = mira.get("/signed-out").await;
    assert_eq!(page.header("refresh"), "");
    let words = page.text("[role=status]");
    assert!(words.contains("can’t be reached right now"), "{words}");
    assert_eq!(page.attribute("a.button", "href"), "/sign-in");
    assert_eq!(app.number("SELECT count(*) FROM pending_revocations"), 1);
    assert!(!mira.get("/signed-out").await.has("[role=status]"));
}

#[actix_web::test]
async fn during_a_known_outage_sign_ins_stay_here_until_the_provider_answers() {
    let (app, provider) = with_mira().await;
    take_down(&app, &provider).await;
    let mira = app.visitor();
    let anyway = mira.get("/auth/workos").await;
    assert_turned_back(&mira, &anyway, "unreachable").await;
    let another = mira.get("/auth/workos/another-account").await;
    let on = mira.get(another.location()).await;
    assert_turned_back(&mira, &on, "unreachable").await;
    bring_up(&app, &provider).await;
    assert_landed(&come_back(&mira).await, "/dashboard");
}

/// Twenty people try WorkOS at once. How often the provider is asked for a path meanwhile.
async fn asked_by_twenty_sign_ins(app: &TestApp, provider: &Hostile, path: &str) -> usize {
    let before = provider.asked(path);
    let visitors: Vec<_> = (0..20).map(|_| app.visitor()).collect();
    let all = join_all(visitors.iter().map(|visitor| visitor.get("/auth/workos"))).await;
    for answer in all {
        let expected = "/sign-in?problem=unreachable";
        assert!(answer.location().starts_with(expected), "{answer:?}");
    }
    provider.asked(path) - before
}

// SECURITY rule 21: sign-ins during an outage share one probe, whose outcome is good for a second.
#[actix_web::test]
async fn twenty_sign_ins_at_once_during_an_outage_cause_one_request() {
    let (app, provider) = with_mira().await;
    take_down(&app, &provider).await;
    let jwks = "/sso/jwks/client_vestibule";
    outdate_the_last_probe(&app);
    assert_eq!(asked_by_twenty_sign_ins(&app, &provider, jwks).await, 1);
    assert_eq!(asked_by_twenty_sign_ins(&app, &provider, jwks).await, 0);
}

// SECURITY rule 21: also before the first contact, when a sign-in needs the provider's metadata.
#[actix_web::test]
async fn twenty_sign_ins_at_once_before_the_first_contact_cause_at_most_one_request() {
    let provider = Hostile::start(START).await;
    let discovery = "/.well-known/openid-configuration";
    provider.script().refuse(discovery, 503, "");
    let app = TestApp::spawn_with(|settings| {
        settings.oidc_issuer = Some(provider.url.clone());
        settings.oidc_client_id = Some(CLIENT_ID.to_owned());
        settings.oidc_client_secret = Some("made up".to_owned());
    })
    .await;
    let asked = asked_by_twenty_sign_ins(&app, &provider, discovery).await;
    assert!(asked <= 1, "{asked}");
    outdate_the_last_probe(&app);
    let asked = asked_by_twenty_sign_ins(&app, &provider, discovery).await;
    assert!(asked <= 1, "{asked}");
}

#[actix_web::test]
async fn with_email_codes_off_an_outage_offers_none() {
    let (app, provider) = console_and_provider(|settings| {
        settings.email_codes = Some("off".to_owned());
    })
    .await;
    take_down(&app, &provider).await;
    let mira = app.visitor();
    let answer = mira.get("/auth/workos").await;
    let words = assert_turned_back(&mira, &answer, "unreachable").await;
    assert!(words.ends_with("try again in a moment."), "{words}");
    assert!(!mira.get("/sign-in").await.body.contains("email code"));
}

#[actix_web::test]
async fn unplugged_while_changing_to_another_account() {
    let (app, provider) = console_and_provider(|_| {}).await;
    let mira = app.visitor();
    assert_turned_back(&mira, &come_back(&mira).await, "no-account").await;
    until_nothing_is_to_be_revoked(&app).await;
    provider.unplug().await;
    outdate_the_last_probe(&app);
    let answer = mira.get("/auth/workos/another-account").await;
    assert_turned_back(&mira, &answer, "unreachable").await;
}

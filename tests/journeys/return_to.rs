//! `return_to` leads back to the page before the sign-in, and never to another site.

use std::time::Duration;

use reqwest::{StatusCode, Url};

use crate::support::TestApp;

const MIRA: &str = "mira@acme.test";

// SECURITY rule 15: a path and its query survive the whole sign-in.
#[actix_web::test]
async fn return_to_survives_a_sign_in_by_page() {
    let app = TestApp::spawn().await;
    app.add_account(MIRA, "");
    let mira = app.visitor();
    let wanted = "/dashboard?tab=2&name=a%20b%26c";
    let sent = mira.get(wanted).await;
    let door = mira.get(sent.location()).await;
    let step = mira.get(&door.attribute(".aside a", "href")).await;
    let action = step.attribute("form", "action");
    mira.post(&action, &[("email", MIRA)]).await;
    mira.enter("").await;
    mira.resend().await;
    let code = app.newest_code(MIRA).await;
    assert_eq!(mira.enter(&code).await.location(), wanted);
    assert!(mira.get(wanted).await.has("h1"));
}

// SECURITY rule 15: and by fragment, with a typing mistake and another address on the way.
#[actix_web::test]
async fn return_to_survives_a_sign_in_by_fragment() {
    let app = TestApp::spawn().await;
    app.add_account(MIRA, "");
    let mira = app.visitor();
    let wanted = "/dashboard?tab=2&name=a%20b%26c";
    let sent = mira.get_fragment(wanted).await;
    assert_eq!(sent.status, StatusCode::OK);
    let door = mira.get(sent.header("hx-redirect")).await;
    let step = mira
        .get_fragment(&door.attribute(".aside a", "hx-get"))
        .await;
    let action = step.attribute("form", "hx-post");
    let refused = mira.post_fragment(&action, &[("email", "mira")]).await;
    let action = refused.attribute("form", "hx-post");
    let code_step = mira
        .post_fragment(&action, &[("email", "typo@acme.test")])
        .await;
    let another = code_step.attribute("a[href*=email]", "hx-get");
    let action = mira
        .get_fragment(&another)
        .await
        .attribute("form", "hx-post");
    mira.post_fragment(&action, &[("email", MIRA)]).await;
    let code = app.newest_code(MIRA).await;
    let entered = mira
        .post_fragment("/sign-in/code", &[("code", &code)])
        .await;
    assert_eq!(entered.status, StatusCode::OK);
    assert_eq!(entered.header("hx-redirect"), wanted);
    assert_eq!(entered.body, "");
    assert!(mira.is_in().await);
}

#[actix_web::test]
async fn after_a_sign_in_no_one_lands_on_a_sign_in_or_sign_out_page() {
    let app = TestApp::spawn().await;
    let mira = app.signed_in(MIRA).await;
    for path in [
        "/signed-out",
        "/sign-in/code",
        "/sign-out",
        "/static/app.css",
        "/auth/workos",
    ] {
        let answer = mira.get(&format!("/sign-in?return_to={path}")).await;
        assert_eq!(answer.location(), "/dashboard", "{path}");
    }
}

// SECURITY rule 15: a hostile destination becomes one of ours, judged by a real URL parser.
#[actix_web::test]
async fn no_sign_in_leads_to_another_origin() {
    let app = TestApp::spawn().await;
    let mira = app.signed_in(MIRA).await;
    let home = Url::parse("https://console.acme.test/sign-in/code").unwrap();
    for payload in [
        "https://evil.test/",
        "//evil.test",
        "///evil.test",
        "/\\evil.test",
        "\\\\evil.test",
        "/\t/evil.test",
        "/%09/evil.test",
        "/\r\n/evil.test",
        "/..//evil.test",
        "/.//evil.test",
        "/%2e%2e//evil.test",
        "/%2f/evil.test",
        "//user@evil.test",
        "javascript:alert(1)",
        "data:text/html,x",
        "https:evil.test",
        "/\u{ff0f}evil.test",
        "@evil.test",
        "/dashboard\r\nSet-Cookie: x=y",
    ] {
        let encoded: String = url::form_urlencoded::byte_serialize(payload.as_bytes()).collect();
        let ask = format!("/sign-in/email?return_to={encoded}");
        mira.post(&ask, &[("email", MIRA)]).await;
        let entered = mira.enter(&app.newest_code(MIRA).await).await;
        let landed = home.join(entered.location()).unwrap();
        assert_eq!(
            landed.origin(),
            home.origin(),
            "{payload:?} led to {landed}"
        );
        assert_eq!(entered.set_cookie("x"), "");
        let passed_on = mira.get(&format!("/sign-in?return_to={encoded}")).await;
        let landed = home.join(passed_on.location()).unwrap();
        assert_eq!(
            landed.origin(),
            home.origin(),
            "{payload:?} led to {landed}"
        );
        app.later(Duration::from_mins(1));
    }
}

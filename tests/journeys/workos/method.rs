//! How the provider has authenticated a person: noted, shown, and never a reason to refuse a token.

use serde_json::{Value, json};

use super::{MIRA, assert_landed, come_back_from_openid, console_and_openid, signed_in, with_mira};
use crate::support::{TestApp, Visitor};

/// The sign-in method as each page shows it: the dashboard, three account pages and two admin pages.
async fn assert_shown(app: &TestApp, mira: &Visitor, method: &str) {
    let dashboard = mira.get("/dashboard").await;
    let lead = dashboard.text(".lead");
    let words = format!("Signed in with WorkOS, by {method}, ");
    assert!(lead.starts_with(&words), "{lead}");
    let id = app.number("SELECT id FROM accounts WHERE email = 'mira@acme.test'");
    for (path, words) in [
        ("/dashboard".to_owned(), format!("WorkOS, by {method} · ")),
        ("/account".to_owned(), format!("WorkOS, by {method}")),
        (
            "/account/sessions".to_owned(),
            format!(" · WorkOS, by {method}"),
        ),
        (
            "/account/activity".to_owned(),
            format!(" · WorkOS, by {method}"),
        ),
        (
            "/admin/activity".to_owned(),
            format!(" · with WorkOS, by {method}"),
        ),
        (
            format!("/admin/accounts/{id}"),
            format!(" · WorkOS, by {method} · signed in"),
        ),
    ] {
        let page = mira.get(&path).await;
        assert!(page.body.contains(&words), "{path}: {}", page.body);
    }
}

#[actix_web::test]
async fn the_method_is_noted_in_the_activity_and_shown_on_the_account_pages() {
    let (app, provider) = with_mira().await;
    app.sql("UPDATE accounts SET role = 'admin'");
    let cut = format!("{}…", "x".repeat(60));
    for (sent, shown) in [
        ("SSO", "SSO"),
        ("of the \u{202e}\nfuture", "of the \u{fffd} future"),
        (&*"x".repeat(61), &*cut),
    ] {
        provider
            .script()
            .field("authentication_method", json!(sent));
        let mira = signed_in(&app).await;
        assert_shown(&app, &mira, shown).await;
        let newest =
            "SELECT detail FROM activity WHERE kind = 'signed_in' ORDER BY id DESC LIMIT 1";
        assert_eq!(app.text(newest), format!("workos {shown}"));
        mira.post("/sign-out", &[]).await;
    }
}

#[actix_web::test]
async fn a_method_of_a_wrong_type_is_left_out() {
    let (app, provider) = with_mira().await;
    for sent in [json!(7), json!(null), json!(["SSO"]), json!(""), json!({})] {
        provider.script().field("authentication_method", sent);
        let mira = signed_in(&app).await;
        let lead = mira.get("/dashboard").await.text(".lead");
        assert!(
            lead.starts_with("Signed in with WorkOS, just now"),
            "{lead}"
        );
    }
    let details = "SELECT group_concat(DISTINCT detail) FROM activity WHERE kind = 'signed_in'";
    assert_eq!(app.text(details), "workos");
    assert_eq!(
        app.number("SELECT count(authentication_method) FROM sessions"),
        0
    );
}

#[actix_web::test]
async fn the_methods_and_the_class_of_an_id_token_are_noted() {
    let (app, provider) = console_and_openid(|_| {}).await;
    app.add_account(MIRA, "");
    app.sql("UPDATE accounts SET role = 'admin'");
    let absent = Value::Null;
    for (amr, acr, shown) in [
        (json!(["pwd", "otp"]), absent.clone(), Some("pwd + otp")),
        (json!(["pwd"]), json!("silver"), Some("pwd (silver)")),
        (absent.clone(), json!("silver"), Some("silver")),
        // None of these fails the token.
        (json!("pwd"), json!(2), Some("pwd")),
        (json!([1, "otp"]), json!(["gold"]), Some("otp")),
        (json!(7), json!({}), None),
    ] {
        let told = format!("{amr} {acr}");
        provider.script().claim("amr", amr);
        provider.script().claim("acr", acr);
        let mira = app.visitor();
        let landed = come_back_from_openid(&mira, &provider, "/auth/workos").await;
        assert_landed(&landed, "/dashboard");
        match shown {
            Some(method) => assert_shown(&app, &mira, method).await,
            None => {
                let lead = mira.get("/dashboard").await.text(".lead");
                assert!(!lead.contains(", by "), "{told}: {lead}");
            }
        }
        mira.post("/sign-out", &[]).await;
    }
}

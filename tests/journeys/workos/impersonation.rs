//! A WorkOS admin who impersonates a person (SECURITY rule 34).

use reqwest::StatusCode;
use serde_json::json;
use vestibule::routes::{self, Access};

use super::{MIRA, assert_landed, assert_turned_back, come_back, console_and_provider, with_mira};
use crate::support::hostile::Hostile;
use crate::support::{TestApp, Visitor};

const SUPPORT: &str = "support@acme.test";

/// WorkOS's next sign-ins are impersonations.
fn impersonate(provider: &Hostile) {
    let impersonator = json!({ "email": SUPPORT, "reason": "ticket 4711" });
    provider.script().field("impersonator", impersonator);
}

async fn impersonated(app: &TestApp) -> Visitor {
    let support = app.visitor();
    assert_landed(&come_back(&support).await, "/dashboard");
    support
}

#[actix_web::test]
async fn an_impersonated_admin_reads_admin_pages_and_changes_nothing() {
    let (app, provider) = with_mira().await;
    app.sql("UPDATE accounts SET role = 'admin'");
    app.add_account("noor@acme.test", "Noor");
    impersonate(&provider);
    let support = impersonated(&app).await;
    assert_eq!(support.get("/admin/accounts").await.status, StatusCode::OK);
    let content = || {
        let accounts =
            "SELECT group_concat(email || role || ifnull(suspended_at, '')) FROM accounts";
        (
            app.text(accounts),
            app.number("SELECT count(*) FROM sessions"),
        )
    };
    let before = content();
    let mut refused = 0;
    for entry in routes::table() {
        if entry.access != Access::Admin || entry.method != "POST" {
            continue;
        }
        let path = entry.path.replace("{id}", "2").replace("{session}", "1");
        let path = path.replace("{change}", "make-admin");
        let form = [("email", "late@acme.test"), ("role", "admin")];
        let answer = support.post(&path, &form).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
        assert_eq!(
            answer.text("h1"),
            "You are viewing another person’s account"
        );
        refused += 1;
    }
    assert!(refused >= 7, "only {refused} posts");
    assert_eq!(content(), before);
}

#[actix_web::test]
async fn an_impersonation_links_and_moves_nothing_and_leaves_its_reason() {
    let (app, provider) = with_mira().await;
    impersonate(&provider);
    let support = impersonated(&app).await;
    support.post("/sign-out", &[]).await;
    assert_eq!(app.number("SELECT count(*) FROM identities"), 0);
    let ever_told = "SELECT count(*) FROM sqlite_sequence WHERE name = 'account_notices'";
    assert_eq!(app.number(ever_told), 0);
    let moved = "SELECT count(*) FROM accounts WHERE moved_at IS NOT NULL";
    assert_eq!(app.number(moved), 0);
    let trace = "SELECT group_concat(kind || ' by ' || actor || ': ' || detail, '; ')
                 FROM (SELECT * FROM activity WHERE actor <> '' ORDER BY id)";
    assert_eq!(
        app.text(trace),
        format!("impersonated by {SUPPORT}: ticket 4711; signed_out by {SUPPORT}: ")
    );
    let count = "SELECT count(*) FROM activity WHERE kind = 'signed_in'";
    assert_eq!(app.number(count), 0);

    // The person sees it, and still gets codes.
    let mira = app.visitor();
    mira.sign_in(&app, MIRA).await;
    let own = mira.get("/account/activity").await;
    assert!(
        own.body.contains("Viewed by a WorkOS admin"),
        "{}",
        own.body
    );
}

#[actix_web::test]
async fn an_impersonation_creates_no_account() {
    let (app, provider) = console_and_provider(|settings| {
        settings.allowed_email_domains = Some("acme.test".to_owned());
    })
    .await;
    impersonate(&provider);
    let support = app.visitor();
    let answer = come_back(&support).await;
    assert_turned_back(&support, &answer, "no-account").await;
    assert_eq!(app.number("SELECT count(*) FROM accounts"), 0);
}

#[actix_web::test]
async fn an_impersonator_with_a_huge_address_or_reason_still_gets_in() {
    let (app, provider) = with_mira().await;
    let impersonator = json!({ "email": "a".repeat(5_000), "reason": "\u{202e}".repeat(5_000) });
    provider.script().field("impersonator", impersonator);
    let support = impersonated(&app).await;
    assert!(support.is_in().await);
}

//! Whose word of the provider's opens the door, and to which account.

use reqwest::StatusCode;
use serde_json::json;

use super::{
    MIRA, assert_landed, assert_turned_back, bring_back, come_back, console_and_provider, set_out,
    signed_in, until_nothing_is_to_be_revoked, way_back, with_mira,
};
use crate::support::hostile::{Hostile, SUBJECT};
use crate::support::{TestApp, Visitor};

/// What the provider says of the person.
fn person(provider: &Hostile, subject: &str, email: &str, verified: bool) {
    let mut script = provider.script();
    script.claim("sub", json!(subject));
    script.field(
        "user",
        json!({
            "id": subject, "email": email, "email_verified": verified,
            "first_name": "Mira", "last_name": "Bell",
        }),
    );
}

/// The newest refusal in the activity, and whether its person has an account.
fn told(app: &TestApp) -> String {
    app.text(
        "SELECT CASE WHEN account_id IS NULL THEN '' ELSE 'has one: ' END || detail FROM activity
         WHERE kind = 'turned_away' ORDER BY id DESC LIMIT 1",
    )
}

/// Turned back, with nothing left behind: no session here, none at the provider, no link.
async fn assert_kept_out(app: &TestApp, provider: &Hostile, problem: &str) -> Visitor {
    let visitor = app.visitor();
    let answer = come_back(&visitor).await;
    assert_turned_back(&visitor, &answer, problem).await;
    assert!(!visitor.is_in().await);
    assert_eq!(app.number("SELECT count(*) FROM sessions"), 0);
    until_nothing_is_to_be_revoked(app).await;
    assert_revoked(provider);
    visitor
}

fn assert_revoked(provider: &Hostile) {
    let heard = provider.script().heard.clone();
    let revoked = heard
        .iter()
        .filter(|line| line.starts_with("/user_management/sessions/revoke"));
    assert!(revoked.count() > 0, "{heard:?}");
}

#[actix_web::test]
async fn an_account_is_linked_by_its_verified_address_then_moved_and_named() {
    let (app, _provider) = with_mira().await;
    let mira = signed_in(&app).await;
    let dashboard = mira.get("/dashboard").await;
    assert!(dashboard.text(".lead").contains("with WorkOS"));
    assert_eq!(dashboard.text("h1"), "Welcome, Mira");
    assert_eq!(app.text("SELECT subject FROM identities"), SUBJECT);
    assert_eq!(app.text("SELECT name FROM accounts"), "Mira Bell");
    let now = app.clock.now().0;
    assert_eq!(app.number("SELECT moved_at FROM accounts"), now);
    assert_eq!(app.text("SELECT method FROM sessions"), "workos");
}

#[actix_web::test]
async fn a_name_and_the_time_of_the_move_stay_as_they_were() {
    let (app, _provider) = console_and_provider(|_| {}).await;
    app.add_account(MIRA, "Mirabel");
    signed_in(&app).await;
    let moved_at = app.number("SELECT moved_at FROM accounts");
    app.later(std::time::Duration::from_mins(1));
    signed_in(&app).await;
    assert_eq!(app.text("SELECT name FROM accounts"), "Mirabel");
    assert_eq!(app.number("SELECT moved_at FROM accounts"), moved_at);
}

// SECURITY rule 18: what the provider calls a person keeps no one out.
#[actix_web::test]
async fn a_name_from_the_provider_becomes_a_name_of_at_most_two_hundred_letters() {
    let (app, provider) = with_mira().await;
    for (sent, kept) in [
        ("é".repeat(200), "é".repeat(200)),
        ("é".repeat(201), "é".repeat(200)),
        ("é".repeat(300), "é".repeat(200)),
        (
            "\u{202e}Mira\u{200f}\r\nBell".to_owned(),
            "Mira  Bell".to_owned(),
        ),
        ("\u{202e}\u{200b}".to_owned(), String::new()),
        (String::new(), String::new()),
    ] {
        app.sql("UPDATE accounts SET name = ''");
        let user = json!({
            "id": SUBJECT, "email": MIRA, "email_verified": true, "first_name": sent,
        });
        provider.script().field("user", user);
        signed_in(&app).await;
        assert_eq!(app.text("SELECT name FROM accounts"), kept);
    }
}

// SECURITY rule 18: a constraint of the database causes no 500.
#[actix_web::test]
async fn what_cannot_be_stored_leads_back_to_the_sign_in_page() {
    let (app, _provider) = with_mira().await;
    app.sql("CREATE TABLE narrow (subject TEXT CHECK (length(subject) < 4))");
    app.sql(
        "CREATE TRIGGER too_narrow AFTER INSERT ON identities
         BEGIN INSERT INTO narrow VALUES (NEW.subject); END",
    );
    let mira = app.visitor();
    let words = assert_turned_back(&mira, &come_back(&mira).await, "not-storable").await;
    assert!(words.contains("Give your admin the reference"), "{words}");
    assert!(!mira.is_in().await);
    assert_eq!(app.number("SELECT count(*) FROM identities"), 0);
    app.sql("DROP TRIGGER too_narrow");
    signed_in(&app).await;
}

// SECURITY rule 18: identity is provider and subject.
#[actix_web::test]
async fn a_linked_account_is_found_by_subject_after_its_address_changed() {
    let (app, provider) = with_mira().await;
    signed_in(&app).await;
    app.sql("UPDATE accounts SET email = 'bell@acme.test'");
    signed_in(&app).await;
    person(&provider, SUBJECT, "elsewhere@other.test", false);
    signed_in(&app).await;
    assert_eq!(app.number("SELECT count(*) FROM identities"), 1);
    assert_eq!(app.number("SELECT count(*) FROM accounts"), 1);
}

// SECURITY rule 18: linked by an address only where the provider has verified it.
#[actix_web::test]
async fn an_address_that_is_not_verified_proves_nothing() {
    let (app, provider) = with_mira().await;
    person(&provider, SUBJECT, MIRA, false);
    assert_kept_out(&app, &provider, "address-not-verified").await;
    assert_eq!(app.number("SELECT count(*) FROM identities"), 0);
    let why = "has one: the address is not verified at WorkOS";
    assert_eq!(told(&app), why);
}

// SECURITY rule 18.
#[actix_web::test]
async fn a_linked_account_is_not_taken_over_by_another_subject_with_its_address() {
    let (app, provider) = with_mira().await;
    signed_in(&app).await;
    app.sql("DELETE FROM sessions");
    person(&provider, "user_other", MIRA, true);
    assert_kept_out(&app, &provider, "linked-to-another").await;
    let why = "has one: the account belongs to another WorkOS user";
    assert_eq!(told(&app), why);
    assert_eq!(app.text("SELECT subject FROM identities"), SUBJECT);
}

#[actix_web::test]
async fn a_person_without_an_account_is_told_so_and_can_use_another_account() {
    let (app, provider) = console_and_provider(|_| {}).await;
    let visitor = assert_kept_out(&app, &provider, "no-account").await;
    assert_eq!(told(&app), "no account has this address");
    assert_eq!(app.number("SELECT count(*) FROM accounts"), 0);
    let page = visitor.get("/sign-in?problem=no-account").await;
    let link = page.attribute("#problem a", "href");
    let out = visitor.get(&link).await;
    let logout = format!("{}/user_management/sessions/logout?", provider.url);
    assert!(out.location().starts_with(&logout), "{out:?}");
    // Once: then it is the provider's sign-in again.
    assert_eq!(visitor.get(&link).await.location(), "/auth/workos");
}

#[actix_web::test]
async fn a_suspended_or_unconfirmed_account_is_refused_linked_or_not() {
    let (app, provider) = with_mira().await;
    app.sql("UPDATE accounts SET suspended_at = 1");
    assert_kept_out(&app, &provider, "suspended").await;
    assert_eq!(told(&app), "has one: the account is suspended");
    assert_eq!(app.number("SELECT count(*) FROM identities"), 0);
    app.sql("UPDATE accounts SET suspended_at = NULL, confirmed_at = NULL");
    assert_kept_out(&app, &provider, "not-confirmed").await;
    assert_eq!(told(&app), "has one: the account is not confirmed");
    app.sql("UPDATE accounts SET confirmed_at = 1");
    signed_in(&app).await;
    app.sql("UPDATE accounts SET suspended_at = 1");
    app.sql("DELETE FROM sessions");
    assert_kept_out(&app, &provider, "suspended").await;
}

#[actix_web::test]
async fn a_verified_address_of_an_allowed_domain_needs_no_invitation() {
    let (app, provider) = console_and_provider(|settings| {
        settings.allowed_email_domains = Some("other.test, @ACME.test".to_owned());
    })
    .await;
    for (email, verified, problem) in [
        ("mira@acme.test.evil.test", true, "no-account"),
        ("mira@sub.acme.test", true, "no-account"),
        (MIRA, false, "address-not-verified"),
    ] {
        person(&provider, SUBJECT, email, verified);
        assert_kept_out(&app, &provider, problem).await;
        assert_eq!(app.number("SELECT count(*) FROM accounts"), 0, "{email}");
    }
    person(&provider, SUBJECT, "Mira@Acme.test", true);
    signed_in(&app).await;
    assert_eq!(app.text("SELECT role FROM accounts"), "member");
    assert_eq!(app.text("SELECT name FROM accounts"), "Mira Bell");
}

#[actix_web::test]
async fn members_of_the_organization_need_no_invitation() {
    let (app, provider) = console_and_provider(|settings| {
        settings.workos_organization_id = Some("org_1".to_owned());
    })
    .await;
    provider.script().field("organization_id", json!("org_2"));
    assert_kept_out(&app, &provider, "no-account").await;
    provider.script().field("organization_id", json!("org_1"));
    signed_in(&app).await;
}

#[actix_web::test]
async fn a_sign_in_leads_to_its_return_to_and_nowhere_else() {
    let (app, _provider) = with_mira().await;
    for (asked, to) in [
        ("%2Fdashboard%3Fa%3D1%26b%3D2", "/dashboard?a=1&b=2"),
        ("https%3A%2F%2Fevil.test", "/dashboard"),
        ("%2F%2Fevil.test", "/dashboard"),
    ] {
        let visitor = app.visitor();
        let state = set_out(&visitor, &format!("/auth/workos?return_to={asked}")).await;
        assert_landed(&bring_back(&visitor, &way_back(&state)).await, to);
    }
}

#[actix_web::test]
async fn a_signed_in_person_is_not_sent_to_the_provider() {
    let (app, _provider) = with_mira().await;
    let mira = signed_in(&app).await;
    assert_eq!(mira.get("/auth/workos").await.location(), "/dashboard");
}

// SECURITY rule 39: the rule that admitted an account is asked at every sign-in.
#[actix_web::test]
async fn a_person_who_left_the_domain_or_organization_is_refused_until_an_admin_confirms() {
    for rule in ["domain", "organization"] {
        let (mut app, provider) = console_and_provider(|settings| {
            settings.allowed_email_domains = Some("acme.test".to_owned());
            settings.workos_organization_id = Some("org_acme".to_owned());
        })
        .await;
        if rule == "organization" {
            person(&provider, SUBJECT, "mira@elsewhere.test", true);
            provider
                .script()
                .field("organization_id", json!("org_acme"));
        }
        signed_in(&app).await;
        assert_eq!(app.text("SELECT admitted_by FROM accounts"), rule);
        // The rule still holds.
        signed_in(&app).await;

        app.sql("DELETE FROM sessions");
        provider
            .script()
            .field("organization_id", json!("org_other"));
        app.restart_with(|settings| {
            settings.allowed_email_domains = Some("other.test".to_owned());
        })
        .await;
        let visitor = assert_kept_out(&app, &provider, "no-longer-admitted").await;
        let page = visitor.get("/sign-in?problem=no-longer-admitted").await;
        assert!(
            page.body.contains("Ask your admin to confirm"),
            "{}",
            page.body
        );
        assert!(told(&app).contains("no longer does"));
        // A refusal links nothing.
        app.sql("DELETE FROM identities");
        assert_kept_out(&app, &provider, "no-longer-admitted").await;
        assert_eq!(app.number("SELECT count(*) FROM identities"), 0);

        app.add_account("admin@acme.test", "");
        app.sql("UPDATE accounts SET role = 'admin' WHERE email = 'admin@acme.test'");
        let admin = app.visitor();
        admin.sign_in(&app, "admin@acme.test").await;
        let confirmed = admin.post("/admin/accounts/1/confirm", &[]).await;
        assert_eq!(confirmed.status, 303);
        signed_in(&app).await;
        assert_eq!(
            app.text("SELECT admitted_by FROM accounts WHERE id = 1"),
            "invitation"
        );
    }
}

// SECURITY rule 39: neither WorkOS nor an email code lets in a person who has left.
#[actix_web::test]
async fn a_person_who_left_gets_no_email_code_either() {
    for rule in ["domain", "organization"] {
        let (mut app, provider) = console_and_provider(|settings| {
            settings.email_codes = Some("always".to_owned());
            settings.allowed_email_domains = Some("acme.test".to_owned());
            settings.workos_organization_id = Some("org_acme".to_owned());
        })
        .await;
        let address = match rule {
            "domain" => MIRA,
            _ => "mira@elsewhere.test",
        };
        let organization = |id: &str| provider.script().field("organization_id", json!(id));
        person(&provider, SUBJECT, address, true);
        organization(if rule == "domain" {
            "org_other"
        } else {
            "org_acme"
        });
        signed_in(&app).await;
        assert_eq!(app.text("SELECT admitted_by FROM accounts"), rule);
        let early = app.visitor();
        early.ask_for_code(address).await;
        let code = app.newest_code(address).await;
        if rule == "domain" {
            // The rule changes here. WorkOS need not be asked.
            app.restart_with(|settings| {
                settings.allowed_email_domains = Some("other.test".to_owned());
            })
            .await;
        } else {
            // WorkOS says so at the next sign-in.
            app.sql("DELETE FROM sessions");
            organization("org_other");
            assert_kept_out(&app, &provider, "no-longer-admitted").await;
        }
        assert_eq!(
            early.enter(&code).await.status,
            StatusCode::UNPROCESSABLE_ENTITY
        );
        let late = app.visitor();
        assert_eq!(late.ask_for_code(address).await.location(), "/sign-in/code");
        let outcome =
            "SELECT outcome FROM activity WHERE kind = 'code_requested' ORDER BY id DESC LIMIT 1";
        assert_eq!(app.text(outcome), "no_longer_admitted");

        // The person comes back.
        if rule == "domain" {
            app.restart_with(|settings| {
                settings.allowed_email_domains = Some("acme.test".to_owned());
            })
            .await;
        } else {
            organization("org_acme");
            signed_in(&app).await;
        }
        let back = app.visitor();
        back.ask_for_code(address).await;
        let code = app.newest_code(address).await;
        assert_eq!(back.enter(&code).await.location(), "/dashboard");
    }
}

// SECURITY rule 39: an invitation does not depend on a rule.
#[actix_web::test]
async fn an_invited_person_stays_when_the_rules_change() {
    let (mut app, _provider) = console_and_provider(|settings| {
        settings.allowed_email_domains = Some("acme.test".to_owned());
    })
    .await;
    app.add_account(MIRA, "");
    signed_in(&app).await;
    app.restart_with(|settings| settings.allowed_email_domains = None)
        .await;
    signed_in(&app).await;
}

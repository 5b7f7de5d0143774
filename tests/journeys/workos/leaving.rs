//! People who have left the organization, the domain or the provider while they are signed in here.

use std::time::Duration;

use serde_json::{Value, json};

use super::while_signed_in::{REVOKE, TOKENS, expires_at, heard, refreshes, run_out};
use super::{
    MIRA, assert_landed, come_back_from_openid, console_and_openid, console_and_provider,
    signed_in, until_nothing_is_to_be_revoked, with_mira,
};
use crate::support::hostile::{Hostile, Key, SUBJECT, Script, Signature};
use crate::support::{TestApp, Visitor, until};

const HOUR: Duration = Duration::from_hours(1);
const SECOND: Duration = Duration::from_secs(1);

/// How many sessions the page of a person's sessions lists.
async fn listed(visitor: &Visitor) -> usize {
    let page = visitor.get("/account/sessions").await;
    let buttons = ".row form:not([action^=\"/account/browsers\"]) button";
    page.attributes(buttons, "aria-describedby").len()
}

async fn counted_by_health(admin: &Visitor, app: &TestApp) -> (bool, i64) {
    let page = admin.get("/admin/health").await;
    let is_one = page.body.contains(" 1 session in force");
    (is_one, app.number("SELECT count(*) FROM sessions"))
}

// SECURITY rule 39: where the provider cannot be asked again, it cannot say that a person has left.
#[actix_web::test]
async fn a_session_without_a_refresh_token_ends_after_the_idle_timeout_however_much_it_is_used() {
    let (app, provider) = with_mira().await;
    app.sql("UPDATE accounts SET role = 'admin'");
    let refreshed = signed_in(&app).await;
    provider.script().answer.remove("refresh_token").unwrap();
    let unchecked = signed_in(&app).await;
    for later in [HOUR * 6, HOUR * 6 - SECOND * 10] {
        app.later(later);
        assert!(unchecked.is_in().await && refreshed.is_in().await);
    }
    assert_eq!(listed(&refreshed).await, 2);
    // Writes down when the sessions were used.
    app.server().housekeeping().clean_up().await.unwrap();
    assert_eq!(counted_by_health(&refreshed, &app).await, (false, 2));

    app.later(SECOND * 9);
    assert!(unchecked.is_in().await && refreshed.is_in().await);
    app.later(SECOND);
    assert!(!unchecked.is_in().await);
    assert_eq!(listed(&refreshed).await, 1);
    assert_eq!(counted_by_health(&refreshed, &app).await, (true, 2));
    app.server().housekeeping().clean_up().await.unwrap();
    assert_eq!(counted_by_health(&refreshed, &app).await, (true, 1));
    assert!(refreshed.is_in().await);
}

/// A console that admits members of `org_1` and addresses at `acme.test`.
async fn console_with_rules(organization: bool, domain: bool) -> (TestApp, Hostile) {
    console_and_provider(|settings| {
        settings.workos_organization_id = organization.then(|| "org_1".to_owned());
        settings.allowed_email_domains = domain.then(|| "acme.test".to_owned());
    })
    .await
}

fn user(email: Value, verified: Value) -> Value {
    json!({ "id": SUBJECT, "email": email, "email_verified": verified, "first_name": "Mira" })
}

/// Signs in while the rule holds, changes what the provider says, and refreshes. Whether the session goes on.
async fn stays_after(app: &TestApp, provider: &Hostile, change: impl FnOnce(&mut Script)) -> bool {
    {
        let mut script = provider.script();
        script.field("organization_id", json!("org_1"));
        script.field("user", user(json!(MIRA), json!(true)));
        script.claims.remove("org_id");
    }
    run_out(app, provider, "the first");
    let mira = signed_in(app).await;
    run_out(app, provider, "the next");
    change(&mut provider.script());
    let before = refreshes(provider);
    let stays = mira.is_in().await;
    assert_eq!(refreshes(provider), before + 1);
    stays
}

/// The newest session that ended has a row that says why, and it ends at the provider too.
async fn assert_ended_for_the_rule(app: &TestApp, provider: &Hostile, times: usize) {
    let told = "SELECT a.email || ': ' || actor || ': ' || detail FROM activity a
                JOIN accounts ON accounts.id = account_id
                WHERE kind = 'session_ended' ORDER BY a.id DESC LIMIT 1";
    let why = "the organization or domain that admitted the account no longer does";
    assert_eq!(app.text(told), format!("{MIRA}: WorkOS: {why}"));
    assert_eq!(
        app.number("SELECT count(*) FROM activity WHERE kind = 'session_ended'"),
        i64::try_from(times).unwrap()
    );
    until_nothing_is_to_be_revoked(app).await;
    assert_eq!(heard(provider, REVOKE, "session_1"), times);
}

// SECURITY rules 21 and 39: the organization is asked about at each refresh. What the answer does not say ends nothing.
#[actix_web::test]
async fn a_person_who_left_the_organization_is_signed_out_at_the_next_refresh() {
    let (app, provider) = console_with_rules(true, false).await;
    let mut ended = 0;
    for (field, claim, stays) in [
        (Some(json!("org_1")), None, true),
        (None, None, true),
        (None, Some(json!("org_1")), true),
        (None, Some(json!(7)), true),
        (Some(json!(null)), Some(json!("org_1")), true),
        (Some(json!(null)), None, false),
        (Some(json!("org_2")), None, false),
        (None, Some(json!("org_2")), false),
    ] {
        let told = format!("{field:?} {claim:?}");
        let stayed = stays_after(&app, &provider, |script| {
            script.answer.remove("organization_id");
            if let Some(id) = field {
                script.field("organization_id", id);
            }
            if let Some(id) = claim {
                script.claim("org_id", id);
            }
        });
        assert_eq!(stayed.await, stays, "{told}");
        if !stays {
            ended += 1;
            assert_ended_for_the_rule(&app, &provider, ended).await;
        }
    }
    assert_eq!(app.text("SELECT admitted_by FROM accounts"), "organization");
}

// SECURITY rules 21 and 39: and so is the verified address.
#[actix_web::test]
async fn a_person_whose_address_left_the_domain_is_signed_out_at_the_next_refresh() {
    let (app, provider) = console_with_rules(false, true).await;
    let elsewhere = json!("mira@elsewhere.test");
    let mut ended = 0;
    for (user, stays) in [
        (user(json!(MIRA), json!(true)), true),
        (user(json!("other@ACME.test"), json!(true)), true),
        (json!(null), true),
        (user(json!(null), json!(null)), true),
        (user(json!("no address"), json!(true)), true),
        (
            json!({ "id": "user_other", "email": elsewhere, "email_verified": true }),
            true,
        ),
        (user(json!(MIRA), json!(false)), false),
        (user(elsewhere.clone(), json!(true)), false),
    ] {
        let told = user.to_string();
        let stayed = stays_after(&app, &provider, |script| script.field("user", user));
        assert_eq!(stayed.await, stays, "{told}");
        if !stays {
            ended += 1;
            assert_ended_for_the_rule(&app, &provider, ended).await;
        }
    }
}

// SECURITY rule 39: one rule that holds is enough, as at a sign-in.
#[actix_web::test]
async fn a_person_whom_another_rule_admits_stays() {
    let (app, provider) = console_with_rules(true, true).await;
    let left = |script: &mut Script| script.field("organization_id", json!("org_2"));
    assert!(stays_after(&app, &provider, left).await);
    let left_both = |script: &mut Script| {
        script.field("organization_id", json!("org_2"));
        script.field("user", user(json!("mira@elsewhere.test"), json!(true)));
    };
    assert!(!stays_after(&app, &provider, left_both).await);
    assert_ended_for_the_rule(&app, &provider, 1).await;
}

// SECURITY rule 39: an invitation depends on no rule.
#[actix_web::test]
async fn an_invited_person_stays_wherever_they_belong() {
    let (app, provider) = console_with_rules(true, true).await;
    app.add_account(MIRA, "");
    let left = |script: &mut Script| {
        script.field("organization_id", json!(null));
        script.field("user", user(json!("mira@elsewhere.test"), json!(false)));
    };
    assert!(stays_after(&app, &provider, left).await);
}

// SECURITY rule 39: an admin who confirms the account while the provider answers has the last word.
#[actix_web::test]
async fn a_confirmation_during_the_refresh_keeps_the_session() {
    let (app, provider) = console_with_rules(true, false).await;
    let mira = signed_in(&app).await;
    app.add_account("admin@acme.test", "");
    app.sql("UPDATE accounts SET role = 'admin' WHERE email = 'admin@acme.test'");
    let admin = app.visitor();
    admin.sign_in(&app, "admin@acme.test").await;
    run_out(&app, &provider, "rotated");
    provider.script().field("organization_id", json!("org_2"));
    let gate = provider.hold(TOKENS);
    let confirm = async {
        until("the refresh is under way", async || {
            refreshes(&provider) == 1
        })
        .await;
        let confirmed = admin.post("/admin/accounts/1/confirm", &[]).await;
        assert_eq!(confirmed.status, 303);
        gate.open();
    };
    futures::join!(mira.get("/dashboard"), confirm);
    until("the refresh has ended", async || {
        expires_at(&app) > app.clock.now().0
    })
    .await;
    assert!(mira.is_in().await);
    assert_eq!(
        app.number("SELECT count(*) FROM activity WHERE kind = 'session_ended'"),
        0
    );
}

// SECURITY rules 21 and 39: with another provider, an ID token that comes with the refresh says it.
#[actix_web::test]
async fn the_id_token_of_a_refresh_says_that_a_person_has_left() {
    let (app, provider) = console_and_openid(|settings| {
        settings.allowed_email_domains = Some("acme.test".to_owned());
        settings.workos_organization_id = Some("org_1".to_owned());
    })
    .await;
    let mira = app.visitor();
    let landed = come_back_from_openid(&mira, &provider, "/auth/workos").await;
    assert_landed(&landed, "/dashboard");
    assert_eq!(app.text("SELECT admitted_by FROM accounts"), "domain");
    provider
        .script()
        .claim("email", json!("mira@elsewhere.test"));
    for (signature, organization, stays) in [
        (Signature::Absent, json!("org_2"), true),
        (Signature::By(Key::A), json!(null), true),
        (Signature::By(Key::A), json!("org_2"), false),
    ] {
        run_out(&app, &provider, "rotated");
        provider.script().signature = signature;
        provider.script().claim("org_id", organization);
        assert_eq!(mira.is_in().await, stays, "{signature:?}");
    }
}

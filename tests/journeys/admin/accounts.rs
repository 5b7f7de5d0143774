//! Accounts: found, added, changed, ended.

use insta::assert_snapshot;
use reqwest::StatusCode;

use super::{ADMIN, NOOR, admin_of, app_with_admin, id_of, make_admin, noted, page_of};
use crate::support::outbox::Mail;
use crate::support::visitor::words;
use crate::support::{Answer, TestApp, Visitor};

fn people(page: &Answer) -> Vec<String> {
    page.attributes("a.person", "href")
}

// SECURITY rule 28: SQLite would refuse so long a pattern.
#[actix_web::test]
async fn a_search_text_longer_than_any_address_finds_no_account() {
    let (_app, admin) = app_with_admin().await;
    for length in [1_000, 1_001, 25_000, 60_000] {
        let page = admin
            .get(&format!("/admin/accounts?q={}", "a".repeat(length)))
            .await;
        assert_eq!(page.status, StatusCode::OK, "{length} letters");
        assert!(people(&page).is_empty());
    }
}

#[actix_web::test]
async fn accounts_are_found_only_by_a_part_of_the_address_or_the_name() {
    let (app, admin) = app_with_admin().await;
    app.add_account(NOOR, "Noor Haddad");
    app.add_account("under_score@acme.test", "100% Mira");
    app.add_account("underXscore@acme.test", "");
    let found = async |text: &str| {
        let path = format!("/admin/accounts?q={}", text.replace('%', "%25"));
        people(&admin.get(&path).await).len()
    };
    assert_eq!(found("").await, 4);
    assert_eq!(found("NOOR@").await, 1);
    assert_eq!(found("haddad").await, 1);
    assert_eq!(found("acme.test").await, 4);
    assert_eq!(found("under_score").await, 1);
    assert_eq!(found("%").await, 1);
    assert_eq!(found("\\").await, 0);
    assert_eq!(found("nobody").await, 0);
    let nothing = admin.get("/admin/accounts?q=nobody").await;
    assert!(
        nothing
            .text(".count")
            .starts_with("No account matches “nobody”")
    );
}

#[actix_web::test]
async fn each_account_shows_its_state() {
    let (app, admin) = app_with_admin().await;
    for email in ["a@acme.test", "b@acme.test", "c@acme.test"] {
        app.add_account(email, "");
    }
    app.sql("UPDATE accounts SET confirmed_at = NULL WHERE email = 'a@acme.test'");
    app.sql("UPDATE accounts SET suspended_at = 1 WHERE email = 'b@acme.test'");
    app.sql("UPDATE accounts SET moved_at = 1 WHERE email = 'c@acme.test'");
    let page = admin.get("/admin/accounts").await;
    let row = |email: &str| format!("tr:has(a[href='{}'])", page_of(&app, email));
    assert!(page.text(&row("a@acme.test")).contains("Not confirmed"));
    assert!(page.text(&row("b@acme.test")).contains("Suspended"));
    assert!(page.text(&row("c@acme.test")).contains("Moved to WorkOS"));
    assert!(page.text(&row("c@acme.test")).contains("Never"));
    let own = page.text(&row(ADMIN));
    assert!(own.contains("Admin") && own.contains("just now"), "{own}");
}

#[actix_web::test]
async fn page_after_page_shows_every_account_once() {
    let (app, admin) = app_with_admin().await;
    app.sql(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120)
         INSERT INTO accounts (email, confirmed_at, created_at) SELECT 'p' || i || '@acme.test', 0, 0 FROM n",
    );
    let mut seen = Vec::new();
    let mut path = "/admin/accounts?q=acme".to_owned();
    loop {
        let page = admin.get(&path).await;
        assert_eq!(page.text(".count"), "121 accounts with “acme”");
        seen.extend(people(&page));
        match page.attributes("nav.pager a[rel=next]", "href").first() {
            Some(next) => path.clone_from(next),
            None => break,
        }
    }
    assert_eq!(seen.len(), 121);
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 121);
}

#[actix_web::test]
async fn the_page_of_an_account_shows_no_other_account() {
    let (app, admin) = app_with_admin().await;
    app.add_account(NOOR, "");
    app.visitor().ask_for_code(NOOR).await;
    app.visitor().ask_for_code("nobody@acme.test").await;
    let page = admin.get(&page_of(&app, NOOR)).await;
    assert_eq!(page.attributes("main li.row time", "datetime").len(), 1);
    assert!(page.text("main li.row").contains("Code requested"));
}

#[actix_web::test]
async fn an_added_person_is_invited_by_mail_and_signs_in() {
    let (app, smtp) = TestApp::spawn_with_smtp(|_| {}).await;
    app.add_account(ADMIN, "");
    make_admin(&app, ADMIN);
    let admin = app.visitor();
    admin.ask_for_code(ADMIN).await;
    let code = Mail::parse(smtp.next_mail().await.data).code();
    admin.enter(&code).await.location();

    let form = [
        ("email", NOOR),
        ("name", " Noor Haddad "),
        ("role", "member"),
    ];
    let added = admin.post("/admin/accounts", &form).await;
    assert_eq!(
        added.location(),
        format!("{}?done=added", page_of(&app, NOOR))
    );
    let page = admin.get(added.location()).await;
    assert_eq!(page.text("h1"), "Noor Haddad");
    assert_eq!(
        page.text("[role=status]"),
        "Added. An invitation is on its way."
    );
    assert_eq!(noted(&app, "account_added", NOOR), 1);

    let received = smtp.next_mail().await;
    assert_eq!(received.to, [NOOR]);
    let port = app.server().address().port().to_string();
    let mail = Mail::parse(received.data);
    assert_eq!(
        mail.subject,
        format!("You can sign in to localhost:{port} now")
    );
    assert_snapshot!(mail.part("text/plain").replace(&port, "[port]"), @r"
    admin@acme.test has added an account for you at localhost:[port].

    Sign in with this address, noor@acme.test. You don't need a password.

    Open the sign-in page:
    http://localhost:[port]/sign-in

    Don't know why you got this mail? You can ignore it.

    Vestibule, localhost:[port]
    ");
    assert_snapshot!(words(&mail.part("text/html")).replace(&port, "[port]"), @r"
    You don't need a password.
    Vestibule
    admin@acme.test has added an account for you at localhost:[port].
    Sign in with this address, noor@acme.test. You don't need a password.
    Open the sign-in page
    Don't know why you got this mail? You can ignore it.
    Vestibule, localhost:[port]
    ");

    let noor = app.visitor();
    noor.ask_for_code(NOOR).await;
    let code = Mail::parse(smtp.next_mail().await.data).code();
    noor.enter(&code).await.location();
    assert!(noor.is_in().await);
}

// SECURITY rule 7: nothing typed reaches a mail header.
#[actix_web::test]
async fn errors_in_a_new_account_are_shown_beside_the_field_and_no_mail_is_sent() {
    let (app, admin) = app_with_admin().await;
    let add = async |email: &str, name: &str| {
        let form = [("email", email), ("name", name), ("role", "member")];
        admin.post("/admin/accounts", &form).await
    };
    let malformed = add("noor\r\nBcc: eve@evil.test", "Noor").await;
    assert_eq!(malformed.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(malformed.has("#email-error") && malformed.has("details[open] #name[value=Noor]"));
    let two_lines = add(NOOR, "Noor\nHaddad").await;
    assert_eq!(two_lines.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(two_lines.has("#name-error") && !two_lines.has("#email-error"));
    let there = add("ADMIN@acme.test", "").await;
    assert_eq!(there.status, StatusCode::CONFLICT);
    assert_eq!(
        there.text("#email-error"),
        "This address already has an account."
    );
    assert_eq!(app.number("SELECT count(*) FROM accounts"), 1);
    assert_eq!(app.number("SELECT count(*) FROM outgoing_mails"), 0);
}

/// Presses a button on the page of an account.
async fn change(app: &TestApp, admin: &Visitor, email: &str, verb: &str) -> Answer {
    admin
        .post(&format!("{}/{verb}", page_of(app, email)), &[])
        .await
}

// SECURITY rule 11: suspension acts on the server at once.
#[actix_web::test]
async fn a_suspended_account_is_signed_out_on_its_next_request() {
    let (app, admin) = app_with_admin().await;
    let noor = app.signed_in(NOOR).await;
    let done = change(&app, &admin, NOOR, "suspend").await;
    assert_eq!(
        done.location(),
        format!("{}?done=suspend", page_of(&app, NOOR))
    );
    assert!(!noor.is_in().await);
    assert_eq!(app.number("SELECT count(*) FROM sessions"), 1);
    change(&app, &admin, NOOR, "restore").await.location();
    assert!(!noor.is_in().await, "an ended session came back");
    noor.sign_in(&app, NOOR).await;
    assert_eq!(noted(&app, "account_suspended", NOOR), 1);
    assert_eq!(noted(&app, "account_restored", NOOR), 1);
}

#[actix_web::test]
async fn an_account_is_confirmed_promoted_and_moved_back() {
    let (app, admin) = app_with_admin().await;
    app.add_account(NOOR, "");
    app.sql("UPDATE accounts SET confirmed_at = NULL, moved_at = 1 WHERE email = 'noor@acme.test'");
    for (verb, column) in [
        ("confirm", "confirmed_at IS NOT NULL"),
        ("make-admin", "role = 'admin'"),
        ("make-member", "role = 'member'"),
        ("move-back", "moved_at IS NULL"),
    ] {
        let done = change(&app, &admin, NOOR, verb).await;
        let path = format!("{}?done={verb}", page_of(&app, NOOR));
        assert_eq!(done.location(), path);
        let id = id_of(&app, NOOR);
        let query = format!("SELECT {column} FROM accounts WHERE id = {id}");
        assert_eq!(app.number(&query), 1, "{verb}");
        assert!(
            !admin
                .get(&path)
                .await
                .text(".notice[role=status]")
                .is_empty()
        );
    }
    let again = change(&app, &admin, NOOR, "confirm").await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert_eq!(
        again.text("[role=alert]"),
        "No change: the account is already in that state."
    );
}

#[actix_web::test]
async fn the_last_admin_can_be_neither_removed_nor_suspended_nor_demoted() {
    let (app, admin) = app_with_admin().await;
    app.add_account(NOOR, "");
    for verb in ["suspend", "make-member", "delete"] {
        let refused = change(&app, &admin, ADMIN, verb).await;
        assert_eq!(refused.status, StatusCode::CONFLICT, "{verb}");
        assert_eq!(
            refused.text("[role=alert]"),
            "This is the last admin. Make someone else an admin first."
        );
    }
    assert!(admin.is_in().await);
    // What would be refused is not offered, and why is said instead.
    let refused =
        ["suspend", "make-member", "delete"].map(|verb| format!("{}/{verb}", page_of(&app, ADMIN)));
    let offered = async || {
        let page = admin.get(&page_of(&app, ADMIN)).await;
        let forms = page.attributes("main form", "action");
        let links = page.attributes("main a", "href");
        let ways: Vec<_> = forms.into_iter().chain(links).collect();
        let offered = refused.iter().filter(|way| ways.contains(*way)).count();
        (offered, page.has(".actions + .why"))
    };
    assert_eq!(offered().await, (0, true));
    let asked = admin.get(&refused[2]).await;
    assert!(
        asked
            .text("[role=alert]")
            .starts_with("This is the last admin.")
    );
    assert!(!asked.has("main form"));
    // With a second admin each may act on themselves.
    make_admin(&app, NOOR);
    assert_eq!(offered().await, (3, false));
    assert!(admin.get(&refused[2]).await.has("main form"));
    change(&app, &admin, ADMIN, "make-member").await.location();
    let page = admin.get(&page_of(&app, ADMIN)).await;
    assert_eq!(page.text("#error-title"), "There is no such page");
    assert!(admin.is_in().await);
}

#[actix_web::test]
async fn two_admins_demoting_each_other_in_parallel_leave_one_admin() {
    let (app, admin) = app_with_admin().await;
    app.add_account(NOOR, "");
    make_admin(&app, NOOR);
    let noor = app.visitor();
    noor.sign_in(&app, NOOR).await;
    let noors = format!("{}/make-member", page_of(&app, NOOR));
    let admins = format!("{}/make-member", page_of(&app, ADMIN));
    let count = "SELECT count(*) FROM accounts WHERE role = 'admin'";
    for _ in 0..20 {
        make_admin(&app, ADMIN);
        make_admin(&app, NOOR);
        futures::future::join(admin.post(&noors, &[]), noor.post(&admins, &[])).await;
        assert_eq!(app.number(count), 1);
    }
}

#[actix_web::test]
async fn an_account_is_deleted_after_confirmation_and_its_activity_stays() {
    let (app, admin) = app_with_admin().await;
    let noor = app.signed_in(NOOR).await;
    let path = page_of(&app, NOOR);
    let asked = admin.get(&format!("{path}/delete")).await;
    assert_eq!(asked.text(".subject"), NOOR);
    assert_eq!(
        asked.attribute("main form", "action"),
        format!("{path}/delete")
    );
    assert!(noor.is_in().await, "asking has already deleted");
    let done = admin.post(&format!("{path}/delete"), &[]).await;
    assert_eq!(done.location(), "/admin/accounts?done=deleted");
    assert!(!noor.is_in().await);
    assert_eq!(admin.get(&path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(noted(&app, "account_deleted", NOOR), 1);
    let all = admin.get("/admin/activity?email=noor@acme.test").await;
    assert!(all.body.contains("Account deleted") && all.body.contains("Signed in"));
}

// SECURITY rule 11: an ended session is refused on its next request.
#[actix_web::test]
async fn an_admin_ends_one_session_or_all_of_them() {
    let (app, admin) = app_with_admin().await;
    let desk = app.signed_in(NOOR).await;
    let [phone, tablet] = [app.visitor(), app.visitor()];
    phone.sign_in(&app, NOOR).await;
    tablet.sign_in(&app, NOOR).await;
    let path = page_of(&app, NOOR);
    let page = admin.get(&path).await;
    let ends = page.attributes("li form", "action");
    assert_eq!(ends.len(), 3);
    // The newest stands first.
    let done = admin.post(&ends[0], &[]).await;
    assert_eq!(done.location(), format!("{path}?done=ended"));
    assert!(desk.is_in().await && phone.is_in().await && !tablet.is_in().await);
    admin.post(&ends[0], &[]).await.location();
    assert_eq!(noted(&app, "session_ended", NOOR), 1);

    // Another account's session is not ended by way of this one.
    let own = app.number("SELECT id FROM sessions WHERE account_id = 1");
    admin.post(&format!("{path}/sessions/{own}/end"), &[]).await;
    assert!(admin.is_in().await);

    assert!(page.text(".particulars").contains("Known browsers3"));
    let end_all = format!("{path}/sessions/end");
    let ended = admin.post(&end_all, &[]).await;
    let page = admin.get(ended.location()).await;
    assert_eq!(
        page.text("[role=status]"),
        "All sessions have ended, and every browser counts as new."
    );
    assert!(!page.text(".particulars").contains("Known browsers"));
    assert!(!page.has(&format!("form[action='{end_all}']")));
    assert!(!desk.is_in().await && !phone.is_in().await);
    assert_eq!(noted(&app, "session_ended", NOOR), 3);
    assert_eq!(noted(&app, "browser_forgotten", NOOR), 1);
}

#[actix_web::test]
async fn an_admin_who_suspends_themselves_is_signed_out() {
    let app = TestApp::spawn().await;
    let admin = admin_of(&app).await;
    app.add_account(NOOR, "");
    make_admin(&app, NOOR);
    change(&app, &admin, ADMIN, "suspend").await.location();
    let path = page_of(&app, ADMIN);
    assert_eq!(
        admin.get(&path).await.location(),
        format!("/sign-in?return_to={path}")
    );
}

#[actix_web::test]
async fn the_confirmation_of_a_change_states_what_the_account_can_do_now() {
    let (app, admin) = app_with_admin().await;
    app.add_account(NOOR, "");
    let path = page_of(&app, NOOR);
    let said = async |verb: &str| {
        let done = admin.post(&format!("{path}/{verb}"), &[]).await;
        admin.get(done.location()).await.text(".notice")
    };
    app.sql("UPDATE accounts SET confirmed_at = NULL, suspended_at = 1, moved_at = 1 WHERE id = 2");
    assert_eq!(
        said("move-back").await,
        "Moved back. The account is still suspended."
    );
    assert_eq!(
        said("restore").await,
        "Restored. The account isn’t confirmed yet."
    );
    app.sql("UPDATE accounts SET moved_at = 1 WHERE id = 2");
    assert_eq!(
        said("move-back").await,
        "Moved back. The account isn’t confirmed yet."
    );
    app.sql("UPDATE accounts SET suspended_at = 1 WHERE id = 2");
    assert_eq!(
        said("confirm").await,
        "Confirmed. The account is still suspended."
    );
    // The word stands in the address, and is not taken for granted.
    for untrue in ["restore", "make-admin", "nonsense"] {
        let page = admin.get(&format!("{path}?done={untrue}")).await;
        assert!(!page.has(".notice"), "{untrue}");
    }
    let fewer = admin.get("/admin/accounts?done=imported&count=-5").await;
    assert_eq!(fewer.status, StatusCode::OK);
    assert!(!fewer.has(".notice"));
}

#[actix_web::test]
async fn mail_waiting_for_a_suspended_or_deleted_account_is_not_sent() {
    let (app, admin) = app_with_admin().await;
    app.add_account(NOOR, "");
    app.add_account("ada@acme.test", "");
    let later = app.clock.now().0 + 3_600_000;
    app.sql(&format!(
        "INSERT INTO outgoing_mails
         (message_id, recipient, subject, body_text, body_html, attempts, created_at, next_attempt_at, give_up_at)
         SELECT email, email, 'You can sign in', '', '', 0, 0, {later}, {later} FROM accounts"
    ));
    let waiting = "SELECT group_concat(recipient ORDER BY recipient) FROM outgoing_mails";
    change(&app, &admin, NOOR, "suspend").await.location();
    assert_eq!(app.text(waiting), "ada@acme.test,admin@acme.test");
    change(&app, &admin, "ada@acme.test", "delete")
        .await
        .location();
    assert_eq!(app.text(waiting), ADMIN);
}

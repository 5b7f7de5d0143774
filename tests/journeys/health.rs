//! How the console says that it is: a word for anyone, the details for admins.

use crate::support::app::connect;
use crate::support::hostile::{CLIENT_ID, Hostile};
use crate::support::smtp::{Behaviour, Reply};
use crate::support::{TestApp, Visitor, until};

const MIRA: &str = "mira@acme.test";
const NOOR: &str = "noor@acme.test";
const HEALTH: &str = "/admin/health";

async fn admin(app: &TestApp) -> Visitor {
    let mira = app.signed_in(MIRA).await;
    app.sql("UPDATE accounts SET role = 'admin'");
    mira
}

/// What the page says of one part.
async fn row(visitor: &Visitor, part: &str) -> String {
    let page = visitor.get(HEALTH).await;
    assert_eq!(page.status, 200);
    let document = scraper::Html::parse_document(&page.body);
    let rows = scraper::Selector::parse(".row").unwrap();
    let texts: Vec<String> = document
        .select(&rows)
        .map(|row| row.text().collect())
        .collect();
    let found = texts.iter().find(|text| text.starts_with(part));
    found
        .unwrap_or_else(|| panic!("no {part} in {texts:?}"))
        .clone()
}

#[actix_web::test]
async fn an_admin_sees_that_everything_works() {
    let app = TestApp::spawn().await;
    let mira = admin(&app).await;
    assert_eq!(mira.get(HEALTH).await.text("h1 + p"), "Everything works.");
    let database = row(&mira, "Database").await;
    assert!(
        database.contains("fine") && database.contains("1 session in force"),
        "{database}"
    );
    let mail = row(&mira, "Mail").await;
    assert!(
        mail.contains("No codes wait") && mail.contains("sent just now"),
        "{mail}"
    );
    assert!(row(&mira, "WorkOS").await.contains("isn’t configured"));
    assert!(
        row(&mira, "Sign-outs at WorkOS")
            .await
            .contains("Nothing is waiting")
    );
    let sign_outs = row(&mira, "Sign-outs at WorkOS").await;
    assert!(
        sign_outs.contains("isn’t configured") && !sign_outs.contains("fine"),
        "{sign_outs}"
    );
    let versions = row(&mira, "Versions").await;
    assert!(versions.contains(env!("CARGO_PKG_VERSION")), "{versions}");
    assert!(versions.contains("SQLite 3."), "{versions}");
    assert!(versions.contains("newest migration 2026"), "{versions}");
}

#[actix_web::test]
async fn the_health_page_is_missing_for_members_and_strangers_are_sent_to_sign_in() {
    let app = TestApp::spawn().await;
    let noor = app.signed_in(NOOR).await;
    let (here, nowhere) = (noor.get(HEALTH).await, noor.get("/admin/nowhere").await);
    assert_eq!(here.status, 404);
    let without_reference = |answer: &crate::support::Answer| {
        let reference = answer.header("x-request-id").to_owned();
        answer.body.replace(&reference, "")
    };
    assert_eq!(without_reference(&here), without_reference(&nowhere));
    let stranger = app.visitor().get(HEALTH).await;
    assert_eq!(stranger.location(), "/sign-in?return_to=/admin/health");
}

#[actix_web::test]
async fn the_page_works_while_the_database_is_locked() {
    use diesel::connection::SimpleConnection;
    let app = TestApp::spawn().await;
    let mira = admin(&app).await;
    let mut holder = connect(&app.database());
    holder.batch_execute("BEGIN IMMEDIATE").unwrap();
    assert!(row(&mira, "Database").await.contains("Reachable"));
    assert_eq!(app.visitor().get("/readyz").await.body, "ready");
}

#[actix_web::test]
async fn a_failing_write_is_shown_until_the_next_write_succeeds() {
    use diesel::connection::SimpleConnection;
    let app = TestApp::spawn().await;
    let mira = admin(&app).await;
    let mut holder = connect(&app.database());
    holder.batch_execute("BEGIN IMMEDIATE").unwrap();
    assert_eq!(app.visitor().ask_for_code(NOOR).await.status, 503);
    let database = row(&mira, "Database").await;
    assert!(database.contains("needs attention"), "{database}");
    assert!(
        database
            .contains("A write failed just now, and none has worked since: database is locked.")
            && database.contains("fuser -v"),
        "{database}"
    );
    assert_eq!(app.visitor().get("/readyz").await.body, "ready");
    holder.batch_execute("COMMIT").unwrap();
    assert!(row(&mira, "Database").await.contains("needs attention"));
    app.visitor().ask_for_code(NOOR).await.location();
    let database = row(&mira, "Database").await;
    assert!(
        database.contains("fine") && !database.contains("failed"),
        "{database}"
    );
}

#[actix_web::test]
async fn a_world_readable_database_is_shown_with_its_fix() {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt;
    let app = TestApp::spawn().await;
    let mira = admin(&app).await;
    let data = app.data();
    for folder in [data.parent().unwrap(), &data] {
        set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
    }
    assert!(row(&mira, "Database").await.contains("fine"));
    set_permissions(app.database(), Permissions::from_mode(0o644)).unwrap();
    let database = row(&mira, "Database").await;
    let command = format!("chmod 600 {}*", app.database().display());
    assert!(
        database.contains("needs attention") && database.contains(&command),
        "{database}"
    );
}

#[actix_web::test]
async fn the_size_on_disk_includes_the_write_ahead_log() {
    let app = TestApp::spawn().await;
    let mira = admin(&app).await;
    let database = row(&mira, "Database").await;
    let size_of = |end: &str| {
        let file = format!("{}{end}", app.database().display());
        std::fs::metadata(file).unwrap().len()
    };
    assert!(size_of("-wal") > 100_000);
    let all = size_of("") + size_of("-wal") + size_of("-shm");
    let all = format!("{} kB on disk", all / 1_000);
    assert!(database.contains(&all), "{database} for {all}");
}

#[actix_web::test]
async fn a_guessing_attack_is_shown_until_the_budget_recovers() {
    let app = TestApp::spawn().await;
    let mira = admin(&app).await;
    // The newest of them a minute ago, the oldest that counts at 11:42.
    app.sql(
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 999)
         INSERT INTO wrong_tries (email, account_id, tried_at)
         SELECT 'mira@acme.test', 1, 1795435140000 - n * 1000 FROM n",
    );
    let page = mira.get(HEALTH).await;
    assert_eq!(page.text("h1 + p"), "Everything works.");
    app.sql("INSERT INTO wrong_tries (email, account_id, tried_at) VALUES ('mira@acme.test', 1, 1795435140000)");
    let guessing = row(&mira, "Guessing").await;
    assert!(guessing.contains("needs attention"), "{guessing}");
    for words in [
        "1000 wrong codes in 24 hours",
        "Until 24 Nov 2026, 11:42 UTC",
        "browsers that have signed in before",
        "vestibule limits clear",
    ] {
        assert!(guessing.contains(words), "no {words} in {guessing}");
    }
    // Without WorkOS the page does not mention it.
    assert!(!guessing.contains("WorkOS"), "{guessing}");
    app.sql("DELETE FROM wrong_tries WHERE id = (SELECT min(id) FROM wrong_tries)");
    let page = mira.get(HEALTH).await;
    assert_eq!(page.text("h1 + p"), "Everything works.");
}

// SECURITY rule 36: a proxy in front of a console that trusts none.
#[actix_web::test]
async fn a_proxy_that_is_not_trusted_is_shown_with_the_name_of_the_setting() {
    for header in ["X-Forwarded-For", "Forwarded"] {
        let app = TestApp::spawn().await;
        let mira = admin(&app).await;
        assert_eq!(mira.get(HEALTH).await.text("h1 + p"), "Everything works.");
        let through_a_proxy = app
            .visitor()
            .request(reqwest::Method::GET, "/sign-in")
            .header(header, "203.0.113.7");
        assert_eq!(through_a_proxy.send().await.unwrap().status(), 200);
        let proxies = row(&mira, "Proxies").await;
        for words in ["needs attention", "at 127.0.0.1", "Set TRUSTED_PROXIES"] {
            assert!(proxies.contains(words), "{proxies}");
        }
    }
    let app = TestApp::spawn_behind_a_proxy().await;
    let mira = admin(&app).await;
    app.visitor_at("203.0.113.7").get("/sign-in").await;
    assert_eq!(mira.get(HEALTH).await.text("h1 + p"), "Everything works.");
}

// SECURITY rule 36.
#[actix_web::test]
async fn too_wide_a_network_of_trusted_proxies_is_shown() {
    for (networks, shown) in [
        ("0.0.0.0/0", "TRUSTED_PROXIES trusts 0.0.0.0/0."),
        ("10.0.0.0/8, ::/0", "TRUSTED_PROXIES trusts ::/0."),
    ] {
        let app = TestApp::spawn_with(|settings| {
            settings.trusted_proxies = Some(networks.to_owned());
        })
        .await;
        let mira = admin(&app).await;
        let proxies = row(&mira, "Proxies").await;
        assert!(proxies.contains("needs attention"), "{proxies}");
        assert!(proxies.contains(shown), "{proxies}");
    }
}

#[actix_web::test]
async fn a_failing_database_is_reported_without_details() {
    let app = TestApp::spawn().await;
    assert_eq!(app.visitor().get("/readyz").await.body, "ready");
    app.sql("DROP TABLE session_revision");
    let answer = app.visitor().get("/readyz").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.body, "not ready");
}

#[actix_web::test]
async fn a_mail_server_that_refuses_is_shown_with_its_answer_until_it_accepts() {
    let (app, smtp) = TestApp::spawn_with_smtp(|_| {}).await;
    app.add_account(MIRA, "");
    let mira = app.visitor();
    mira.ask_for_code(MIRA).await;
    let code = crate::support::outbox::Mail::parse(smtp.next_mail().await.data).code();
    assert_eq!(mira.enter(&code).await.location(), "/dashboard");
    app.sql("UPDATE accounts SET role = 'admin'");
    assert!(row(&mira, "Mail").await.contains("fine"));

    app.later(std::time::Duration::from_secs(61));
    smtp.set_behaviour(Behaviour::plain().replying(Reply::Permanent));
    app.visitor().ask_for_code(MIRA).await;
    assert_eq!(
        app.server()
            .mail()
            .drain(std::time::Duration::from_secs(20))
            .await,
        0
    );
    let mail = row(&mira, "Mail").await;
    assert!(mail.contains("needs attention"), "{mail}");
    assert!(
        mail.contains("550") && mail.contains("vestibule doctor"),
        "{mail}"
    );
    assert_eq!(
        mira.get(HEALTH).await.text("h1 + p"),
        "One thing needs attention."
    );

    app.later(std::time::Duration::from_secs(1));
    smtp.set_behaviour(Behaviour::plain());
    app.visitor().ask_for_code(MIRA).await;
    smtp.next_mail().await;
    app.server()
        .mail()
        .drain(std::time::Duration::from_secs(20))
        .await;
    assert!(row(&mira, "Mail").await.contains("fine"));
}

#[actix_web::test]
async fn a_provider_outage_is_shown_with_its_waiting_revocations() {
    let provider = Hostile::start(crate::support::app::START).await;
    let url = provider.url.clone();
    let app = TestApp::spawn_with(|settings| {
        settings.workos_client_id = Some(CLIENT_ID.to_owned());
        settings.workos_api_key = Some("sk_test_made_up".to_owned());
        settings.workos_api_url = Some(url);
    })
    .await;
    let mira = admin(&app).await;
    assert!(row(&mira, "WorkOS").await.contains("fine"));

    provider
        .script()
        .refuse("/user_management/authenticate", 503, "");
    until("the probe has failed twice", async || {
        row(&mira, "WorkOS").await.contains("needs attention")
    })
    .await;
    app.sql(
        "INSERT INTO pending_revocations (session_id, provider, attempts, next_attempt_at)
         VALUES (1, 'client_vestibule', 20, 9000000000000)",
    );
    let workos = row(&mira, "WorkOS").await;
    assert!(
        workos.contains("can’t be reached") && workos.contains("503"),
        "{workos}"
    );
    let waiting = row(&mira, "Sign-outs").await;
    assert!(
        waiting.contains("1 sign-out waits") && waiting.contains("20 times"),
        "{waiting}"
    );
    assert_eq!(
        mira.get(HEALTH).await.text("h1 + p"),
        "2 things need attention."
    );
}

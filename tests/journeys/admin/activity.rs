//! What happened, to everyone: filtered, page by page, as a file, and quickly.

use diesel::prelude::*;
use diesel::sql_types::Text;
use reqwest::StatusCode;

use super::{ADMIN, NOOR, app_with_admin, page_of};
use crate::support::app::connect;
use crate::support::{Answer, TestApp};

fn lines(page: &Answer) -> usize {
    page.attributes("main li.row time", "datetime").len()
}

/// Adds past rows, one an hour, for an address without other activity.
fn write_down(app: &TestApp, kind: &str, email: &str, count: i64) {
    let newest = app.clock.now().0;
    app.sql(&format!(
        "WITH RECURSIVE n(i) AS (SELECT {count} UNION ALL SELECT i - 1 FROM n WHERE i > 1)
         INSERT INTO activity (at, kind, email) SELECT {newest} - i * 3600000, '{kind}', '{email}' FROM n"
    ));
}

#[actix_web::test]
async fn activity_is_found_by_person_kind_and_day() {
    let (app, admin) = app_with_admin().await;
    write_down(&app, "wrong_code", NOOR, 30);
    write_down(&app, "signed_in", "ada@acme.test", 10);
    let found = async |query: &str| lines(&admin.get(&format!("/admin/activity?{query}")).await);
    assert_eq!(found("email=NOOR@acme.test").await, 30);
    assert_eq!(found("kind=wrong_code").await, 30);
    assert_eq!(found("kind=signed_in&email=noor@acme.test").await, 0);
    assert_eq!(found("email=ada@acme.test&kind=signed_in").await, 10);
    // The clock stands at noon: twelve of the thirty hours lie on this day, eighteen on the day before.
    assert_eq!(found("email=noor@acme.test&from=2026-11-23").await, 12);
    assert_eq!(found("email=noor@acme.test&to=2026-11-22").await, 18);
    let one_day = "kind=wrong_code&from=2026-11-22&to=2026-11-22";
    assert_eq!(found(one_day).await, 18);
    assert_eq!(found("from=2026-11-24").await, 0);

    let no_day = admin.get("/admin/activity?from=yesterday&to=").await;
    assert_eq!(no_day.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(no_day.has("#from-error") && !no_day.has("#to-error"));
}

#[actix_web::test]
async fn actions_of_admins_are_listed_with_their_name() {
    let (app, admin) = app_with_admin().await;
    app.add_account(NOOR, "");
    admin
        .post(&format!("{}/make-admin", page_of(&app, NOOR)), &[])
        .await;
    let page = admin.get("/admin/activity?kind=role_changed").await;
    let line = page.text("main li.row");
    assert!(
        line.contains("Role changed") && line.contains(NOOR),
        "{line}"
    );
    assert!(line.contains("Admin") && line.contains(&format!("by {ADMIN}")));
    assert!(line.contains("Firefox on Linux") && line.contains("127.0.0.1"));
}

#[actix_web::test]
async fn page_after_page_shows_everything_once_though_the_clock_stood_still_or_went_back() {
    let (app, admin) = app_with_admin().await;
    app.sql("DELETE FROM activity");
    app.sql(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 170)
         INSERT INTO activity (at, kind, email, detail)
         SELECT 1795435200000 - (i * 7919 % 13) * 60000, 'wrong_code', 'noor@acme.test', 'no. ' || i FROM n",
    );
    let mut seen = Vec::new();
    let mut path = "/admin/activity?kind=wrong_code&to=2026-11-23".to_owned();
    loop {
        let page = admin.get(&path).await;
        let numbers = page.body.split("no. ").skip(1);
        seen.extend(numbers.map(|rest| rest.split('<').next().unwrap().to_owned()));
        match page.attributes("nav.pager a[rel=next]", "href").first() {
            Some(older) => path.clone_from(older),
            None => break,
        }
        assert!(
            path.contains("kind=wrong_code"),
            "{path} forgets the filter"
        );
        // What a page ended with may be forgotten before the next one is opened.
        app.sql("DELETE FROM activity WHERE detail = 'no. 4711'");
    }
    assert_eq!(seen.len(), 170);
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 170);
}

#[actix_web::test]
async fn the_next_page_opens_though_the_row_before_it_is_forgotten() {
    let (app, admin) = app_with_admin().await;
    write_down(&app, "wrong_code", NOOR, 60);
    let page = admin.get("/admin/activity?kind=wrong_code").await;
    let older = page.attribute("nav.pager a[rel=next]", "href");
    let (_, last) = older.split_once("older_than=").unwrap();
    app.sql(&format!("DELETE FROM activity WHERE id = {last}"));
    assert_eq!(lines(&admin.get(&older).await), 10);
}

#[actix_web::test]
async fn a_file_holds_what_the_filter_finds_and_no_cell_that_a_spreadsheet_would_run() {
    let (app, admin) = app_with_admin().await;
    write_down(&app, "wrong_code", NOOR, 2_500);
    app.sql(
        "INSERT INTO activity (at, kind, email, detail, browser)
         VALUES (1795435200000, 'wrong_code', '=1+1@acme.test', '550 \"no\", said the server;=1+1', '@SUM(A1)')",
    );
    let page = admin.get("/admin/activity?kind=wrong_code").await;
    let file = admin.get(&page.attribute(".file a", "href")).await;
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(
        file.header("content-disposition"),
        "attachment; filename=\"activity.csv\""
    );
    assert_eq!(file.header("cache-control"), "no-store");
    let mut lines = file.body.lines();
    assert_eq!(
        lines.next(),
        Some("at,kind,email,actor,ip,browser,outcome,detail")
    );
    assert_eq!(
        lines.next(),
        Some(
            "2026-11-23T12:00:00Z,wrong_code,'=1+1@acme.test,,,'@SUM(A1),,\"550 \"\"no\"\", said the server;'=1+1\""
        )
    );
    assert_eq!(lines.count(), 2_500);
    let other = admin
        .get("/admin/activity.csv?email=nobody@acme.test")
        .await;
    assert_eq!(other.body.lines().count(), 1);
    let no_day = admin.get("/admin/activity.csv?from=x").await;
    assert_eq!(no_day.status, StatusCode::BAD_REQUEST);
}

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    detail: String,
}

/// How SQLite would go about a list of activity with these conditions.
fn plan(app: &TestApp, conditions: &str) -> String {
    let query = format!(
        "EXPLAIN QUERY PLAN SELECT * FROM activity WHERE {conditions} ORDER BY at DESC, id DESC LIMIT 51"
    );
    let steps: Vec<Step> = diesel::sql_query(query)
        .load(&mut connect(&app.database()))
        .unwrap();
    let steps: Vec<String> = steps.into_iter().map(|step| step.detail).collect();
    steps.join("; ")
}

#[actix_web::test]
async fn every_activity_filter_reads_from_an_index_in_order() {
    let app = TestApp::spawn().await;
    let parts = [
        "email = 'noor@acme.test'",
        "kind = 'signed_in'",
        "at >= 1",
        "at <= 2 AND (at < 2 OR id < 3)",
    ];
    for chosen in 0..1 << parts.len() {
        let mut conditions = vec!["1"];
        let is_chosen = |index: &usize| chosen & (1 << index) != 0;
        conditions.extend((0..parts.len()).filter(is_chosen).map(|index| parts[index]));
        let conditions = conditions.join(" AND ");
        let plan = plan(&app, &conditions);
        assert!(plan.contains("USING INDEX"), "{conditions}: {plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{conditions}: {plan}");
        for column in ["email", "kind"] {
            let sought = plan.contains(&format!("{column}=?"));
            assert_eq!(sought, conditions.contains(column), "{conditions}: {plan}");
        }
    }
    for of_one in [
        "account_id = 1",
        "account_id = 1 AND at <= 2 AND (at < 2 OR id < 3)",
    ] {
        let plan = plan(&app, of_one);
        assert!(
            plan.contains("activity_by_account") && !plan.contains("TEMP"),
            "{plan}"
        );
    }
}

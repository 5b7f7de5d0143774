//! The way in by email code, and out again.

use crate::support::TestApp;

#[actix_web::test]
async fn a_person_asks_for_a_code_enters_it_stands_on_the_dashboard_and_signs_out() {
    let app = TestApp::spawn().await;
    app.add_account("mira@acme.test", "Mira Bell");
    let mira = app.visitor();

    assert_eq!(mira.get("/").await.location(), "/sign-in");
    let page = mira.get("/sign-in").await;
    assert_eq!(page.attribute("a.button", "aria-disabled"), "true");
    assert_eq!(page.attribute(".aside a", "href"), "/sign-in/email");
    assert!(mira.get("/sign-in/email").await.has("input[name=email]"));

    assert_eq!(
        mira.ask_for_code("mira@acme.test").await.location(),
        "/sign-in/code"
    );
    let step = mira.get("/sign-in/code").await;
    assert!(step.text(".lead").contains("mira@acme.test"));
    let code = app.newest_code("mira@acme.test").await;
    assert_eq!(mira.enter(&code).await.location(), "/dashboard");

    let dashboard = mira.get("/dashboard").await;
    assert_eq!(dashboard.text("h1"), "Welcome, Mira");
    assert_eq!(dashboard.text("summary"), "MB");
    assert!(dashboard.text(".row").contains("Firefox on Linux"));
    assert_eq!(mira.get("/").await.location(), "/dashboard");
    assert_eq!(mira.get("/sign-in").await.location(), "/dashboard");

    let cookie = mira.cookie("session").unwrap();
    assert_eq!(mira.post("/sign-out", &[]).await.location(), "/signed-out");
    assert_eq!(
        mira.get("/signed-out").await.text("h1"),
        "You’re signed out"
    );
    assert!(!mira.is_in().await);
    mira.set_cookie("session", &cookie);
    assert!(
        !mira.is_in().await,
        "the ended session still opens the dashboard"
    );
}

//! For a member, every request under `/admin` answers like a missing page.

use reqwest::{Method, StatusCode};
use vestibule::routes::{self, Access};

use super::{NOOR, app_with_admin};
use crate::support::{Answer, TestApp, Visitor};

const METHODS: [Method; 6] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::DELETE,
    Method::OPTIONS,
];

/// The address of every admin's page, with an account and a session that are there.
fn paths() -> Vec<String> {
    let mut paths: Vec<String> = routes::table()
        .into_iter()
        .filter(|entry| entry.access == Access::Admin)
        .map(|entry| entry.path.replace("{id}", "1").replace("{session}", "1"))
        .map(|path| path.replace("{change}", "suspend"))
        .collect();
    paths.sort_unstable();
    paths.dedup();
    assert!(paths.len() >= 12, "{paths:?}");
    paths
}

#[test]
fn every_page_under_admin_is_for_admins_alone() {
    for entry in routes::table() {
        let under_admin = entry.path == "/admin" || entry.path.starts_with("/admin/");
        assert_eq!(under_admin, entry.access == Access::Admin, "{}", entry.path);
    }
}

async fn ask(visitor: &Visitor, method: &Method, path: &str) -> Answer {
    Answer::of(visitor.request(method.clone(), path).send().await.unwrap()).await
}

/// What a page says, without what differs from request to request.
fn said(answer: &Answer) -> (StatusCode, Vec<(String, String)>, String) {
    let reference = answer.header("x-request-id");
    let mut headers: Vec<_> = answer
        .headers
        .iter()
        // Whether the connection stays open depends on how much of the request has come by then.
        .filter(|(name, _)| !["x-request-id", "date", "connection"].contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort_unstable();
    let body = answer.body.replace(reference, "[reference]");
    (answer.status, headers, body)
}

#[actix_web::test]
async fn every_admin_route_answers_a_member_like_a_missing_page() {
    let (app, _admin) = app_with_admin().await;
    let noor = app.signed_in(NOOR).await;
    for method in METHODS {
        let nowhere = said(&ask(&noor, &method, "/no/such/page").await);
        assert_eq!(nowhere.0, StatusCode::NOT_FOUND);
        for path in paths() {
            let answer = said(&ask(&noor, &method, &path).await);
            assert_eq!(answer, nowhere, "{method} {path}");
        }
    }
}

#[actix_web::test]
async fn a_bad_or_huge_form_on_an_admin_route_tells_a_member_nothing() {
    let (app, _admin) = app_with_admin().await;
    let noor = app.signed_in(NOOR).await;
    for kind in [
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ] {
        let sent_to = async |path: &str| {
            let request = noor.request(Method::POST, path);
            let request = request.header("content-type", kind);
            let answer = request.body("x".repeat(10_000)).send().await.unwrap();
            said(&Answer::of(answer).await)
        };
        let nowhere = sent_to("/no/such/page").await;
        for path in paths() {
            assert_eq!(sent_to(&path).await, nowhere, "{kind} to {path}");
        }
    }
    for path in paths() {
        let odd_query = format!("{path}?q=1&q=2&email=1&email=2&done=1&done=2");
        assert_eq!(said(&noor.get(&odd_query).await).0, StatusCode::NOT_FOUND);
    }
}

#[actix_web::test]
async fn a_signed_out_visitor_of_an_admin_page_signs_in_and_comes_back() {
    let app = TestApp::spawn().await;
    let visitor = app.visitor();
    for path in paths() {
        let page = ask(&visitor, &Method::GET, &path).await;
        assert_eq!(page.location(), format!("/sign-in?return_to={path}"));
        let form = ask(&visitor, &Method::POST, &path).await;
        assert_eq!(form.location(), "/sign-in?return_to=/dashboard", "{path}");
    }
}

#[actix_web::test]
async fn an_admin_finds_the_way_and_every_page_opens() {
    let (app, admin) = app_with_admin().await;
    let noor = app.signed_in(NOOR).await;
    let dashboard = admin.get("/dashboard").await;
    assert!(dashboard.has(".sheet a[href='/admin/accounts']"));
    let members = noor.get("/dashboard").await;
    assert!(!members.has("a[href^='/admin']"), "{}", members.body);
    assert_eq!(admin.get("/admin").await.location(), "/admin/accounts");
    let opened = routes::table().into_iter().filter(|entry| {
        entry.access == Access::Admin && entry.method == "GET" && entry.path != "/admin"
    });
    for entry in opened {
        let path = entry.path.replace("{id}", "1");
        let page = admin.get(&path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        if path.ends_with(".csv") {
            continue;
        }
        assert_eq!(page.attributes("nav.tabs a", "href").len(), 4, "{path}");
        assert!(page.has("nav.tabs a[aria-current=page]"), "{path}");
        assert_eq!(page.attributes("h1", "class").len(), 0);
        assert!(!page.text("h1").is_empty());
    }
}

#[actix_web::test]
async fn an_admin_gets_a_clear_error_for_a_missing_page_or_a_wrong_method() {
    let (_app, admin) = app_with_admin().await;
    for path in [
        "/admin/accounts/4711",
        "/admin/accounts/x",
        "/admin/accounts/-1/delete",
        "/admin/accounts/99999999999999999999",
        "/admin/nothing",
    ] {
        assert_eq!(
            admin.get(path).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    for path in [
        "/admin/accounts/1/praise",
        "/admin/accounts/4711/suspend",
        "/admin/accounts/4711/sessions/end",
        "/admin/accounts/1/sessions/x/end",
        "/admin/accounts/4711/delete",
    ] {
        let status = admin.post(path, &[]).await.status;
        assert!([404, 409].contains(&status.as_u16()), "{path}: {status}");
    }
    let wrong_method = ask(&admin, &Method::PUT, "/admin/accounts").await;
    assert_eq!(wrong_method.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(wrong_method.header("allow"), "GET, HEAD, POST");
}

//! What every response has: its headers, its words, and its form as page or fragment.

use reqwest::{Method, StatusCode};
use vestibule::routes::{self, Access};

use crate::support::{Answer, TestApp, Visitor};

const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// One response of every kind that a visitor can get.
async fn every_kind(visitor: &Visitor) -> Vec<Answer> {
    let huge = "x".repeat(5_000);
    let style_sheet = visitor
        .get("/sign-in")
        .await
        .attribute("link[rel=stylesheet]", "href");
    let foreign = visitor
        .request(Method::POST, "/sign-out")
        .header("sec-fetch-site", "cross-site");
    vec![
        visitor.get("/sign-in").await,
        visitor.get_fragment("/sign-in").await,
        visitor.get("/").await,
        visitor.get("/dashboard").await,
        visitor.get_fragment("/dashboard").await,
        visitor.get("/nowhere").await,
        visitor.post("/sign-in", &[]).await,
        visitor.post("/sign-in/email", &[("email", "")]).await,
        visitor.post("/sign-in/email", &[("email", &huge)]).await,
        visitor.get(&style_sheet).await,
        visitor.get("/static/nothing.css").await,
        visitor.get("/healthz").await,
        visitor.get("/readyz").await,
        Answer::of(foreign.send().await.unwrap()).await,
    ]
}

// SECURITY rule 13.
#[actix_web::test]
async fn every_response_has_the_headers_that_keep_browsers_strict() {
    let app = TestApp::spawn().await;
    for answer in every_kind(&app.visitor()).await {
        assert_eq!(answer.header("content-security-policy"), CSP, "{answer:?}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "same-origin");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin");
        let permissions = answer.header("permissions-policy");
        assert!(permissions.contains("camera=()") && permissions.contains("geolocation=()"));
        assert_eq!(answer.header("x-request-id").len(), 12);
        assert_eq!(answer.header("strict-transport-security"), "");
        assert_eq!(answer.header("server"), "");
    }
}

// SECURITY rule 13: HSTS on https only.
#[actix_web::test]
async fn on_https_every_response_has_hsts() {
    let (app, _smtp) = TestApp::spawn_on_https().await;
    for answer in every_kind(&app.visitor()).await {
        let hsts = answer.header("strict-transport-security");
        assert_eq!(hsts, "max-age=63072000", "{answer:?}");
        assert_eq!(answer.header("content-security-policy"), CSP);
    }
}

/// The address of each page that is for people.
fn pages() -> Vec<String> {
    routes::table()
        .into_iter()
        .filter(|entry| entry.method == Method::GET.as_str())
        .map(|entry| entry.path.to_owned())
        .filter(|path| !path.starts_with("/static") && !path.ends_with('z'))
        .collect()
}

// SECURITY rule 13: `no-store` on everything personal.
#[actix_web::test]
async fn no_page_is_stored_by_a_browser_or_a_proxy() {
    let app = TestApp::spawn().await;
    let (visitor, mira) = (app.visitor(), app.signed_in("mira@acme.test").await);
    let paths = pages();
    assert!(paths.len() >= 6);
    for path in &paths {
        for answer in [
            visitor.get(path).await,
            visitor.get_fragment(path).await,
            mira.get(path).await,
        ] {
            assert_eq!(answer.header("cache-control"), "no-store", "{path}");
            assert_eq!(answer.header("vary"), "HX-Request-Type", "{path}");
        }
    }
    let entered = visitor.enter("123456").await;
    assert_eq!(entered.header("cache-control"), "no-store");
}

#[actix_web::test]
async fn a_partial_request_gets_a_fragment_and_every_other_a_page() {
    let app = TestApp::spawn().await;
    let visitor = app.visitor();
    visitor.ask_for_code("mira@acme.test").await;
    for path in [
        "/sign-in",
        "/sign-in/email",
        "/sign-in/code",
        "/signed-out",
        "/nowhere",
    ] {
        let page = visitor.get(path).await;
        let fragment = visitor.get_fragment(path).await;
        assert!(page.is_page(), "{path}");
        assert!(fragment.is_fragment(), "{path}");
        assert_eq!(page.text("h1"), fragment.text("h1"));
        assert_eq!(page.status, fragment.status);
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");

        let restoring = visitor
            .request(Method::GET, path)
            .header("HX-Request-Type", "full");
        assert!(
            Answer::of(restoring.send().await.unwrap()).await.is_page(),
            "{path}"
        );
        let only_htmx = visitor
            .request(Method::GET, path)
            .header("HX-Request", "true");
        assert!(
            Answer::of(only_htmx.send().await.unwrap()).await.is_page(),
            "{path}"
        );
    }
}

#[actix_web::test]
async fn a_step_swapped_in_place_has_its_own_address() {
    let app = TestApp::spawn().await;
    let visitor = app.visitor();
    for path in [
        "/sign-in",
        "/sign-in/email",
        "/sign-in/email?return_to=/dashboard%3Ftab%3D2",
    ] {
        let fragment = visitor.get_fragment(path).await;
        assert_eq!(fragment.header("hx-push-url"), path);
        assert_eq!(visitor.get(path).await.header("hx-push-url"), "");
    }
    let form = [("email", "mira@acme.test")];
    let asked = visitor.post_fragment("/sign-in/email", &form).await;
    assert_eq!(asked.status, StatusCode::OK);
    assert_eq!(asked.header("hx-push-url"), "/sign-in/code");
    let refused = visitor
        .post_fragment("/sign-in/code", &[("code", "1")])
        .await;
    assert_eq!(refused.header("hx-push-url"), "");
}

#[actix_web::test]
async fn a_signed_out_visitor_is_sent_to_sign_in_and_back() {
    let app = TestApp::spawn().await;
    let visitor = app.visitor();
    let guarded: Vec<_> = routes::table()
        .into_iter()
        .filter(|entry| entry.access == Access::SignedIn)
        .collect();
    assert!(!guarded.is_empty());
    for entry in guarded {
        let method = Method::from_bytes(entry.method.as_str().as_bytes()).unwrap();
        let page = visitor.request(method.clone(), entry.path);
        let page = Answer::of(page.send().await.unwrap()).await;
        // A browser cannot come back to a POST.
        let back = match method {
            Method::GET => entry.path,
            _ => "/dashboard",
        };
        let door = format!("/sign-in?return_to={back}");
        assert_eq!(page.location(), door);

        let fragment = visitor
            .request(method, entry.path)
            .header("HX-Request-Type", "partial");
        let fragment = Answer::of(fragment.send().await.unwrap()).await;
        assert_eq!(fragment.status, StatusCode::OK);
        assert_eq!(fragment.header("hx-redirect"), door);
        assert_eq!(fragment.body, "");
    }
}

#[track_caller]
fn assert_words(answer: &Answer, status: StatusCode, title: &str) {
    assert_eq!(answer.status, status);
    assert_eq!(answer.text("#error-title"), title);
    assert!(!answer.text(".lead").is_empty());
    assert_eq!(answer.text(".why code"), answer.header("x-request-id"));
    assert_eq!(answer.attribute("a.button", "href"), "/");
}

#[actix_web::test]
async fn an_error_page_has_a_message_and_a_reference() {
    let app = TestApp::spawn().await;
    let visitor = app.visitor();
    for path in [
        "/nowhere",
        "/sign-in/",
        "//",
        "/static/nothing.css",
        "/dashboard/x",
    ] {
        let missing = visitor.get(path).await;
        assert_words(&missing, StatusCode::NOT_FOUND, "There is no such page");
        assert!(missing.is_page());
    }
    let [one, other] = [visitor.get("/nowhere").await, visitor.get("/nowhere").await];
    assert_ne!(one.header("x-request-id"), other.header("x-request-id"));

    for (method, path, allow) in [
        (Method::POST, "/sign-in", "GET, HEAD"),
        (Method::GET, "/sign-out", "POST"),
        (Method::DELETE, "/sign-in/code", "GET, HEAD, POST"),
        (Method::PUT, "/dashboard", "GET, HEAD"),
        (Method::POST, "/healthz", "GET, HEAD"),
    ] {
        let request = visitor.request(method, path);
        let refused = Answer::of(request.send().await.unwrap()).await;
        let title = "This page can’t be used that way";
        assert_words(&refused, StatusCode::METHOD_NOT_ALLOWED, title);
        assert_eq!(refused.header("allow"), allow, "{path}");
    }
}

#[actix_web::test]
async fn a_too_large_or_malformed_form_is_refused_with_a_message() {
    let app = TestApp::spawn().await;
    let visitor = app.visitor();
    for (path, field) in [("/sign-in/email", "email"), ("/sign-in/code", "code")] {
        let large = "7".repeat(5_000);
        let too_large = visitor.post(path, &[(field, &large)]).await;
        let title = "That is too large";
        assert_words(&too_large, StatusCode::PAYLOAD_TOO_LARGE, title);
        let fragment = visitor.post_fragment(path, &[(field, &large)]).await;
        assert!(fragment.is_fragment());

        for kind in [
            "application/json",
            "text/plain",
            "multipart/form-data; boundary=x",
        ] {
            let request = visitor
                .request(Method::POST, path)
                .header("content-type", kind);
            let sent = request
                .body(r#"{"email":"mira@acme.test"}"#)
                .send()
                .await
                .unwrap();
            let title = "That request can’t be read";
            assert_words(
                &Answer::of(sent).await,
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                title,
            );
        }
        let nothing = visitor.post(path, &[]).await;
        assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert_eq!(app.number("SELECT count(*) FROM challenges"), 0);
}

#[actix_web::test]
async fn head_answers_like_get_without_a_body() {
    let app = TestApp::spawn().await;
    let visitor = app.visitor();
    let style_sheet = visitor
        .get("/sign-in")
        .await
        .attribute("link[rel=stylesheet]", "href");
    let paths =
        pages()
            .into_iter()
            .chain(["/healthz".to_owned(), "/nowhere".to_owned(), style_sheet]);
    for path in paths {
        let get = visitor.get(&path).await;
        let head = visitor.request(Method::HEAD, &path).send().await.unwrap();
        let head = Answer::of(head).await;
        assert_eq!(head.status, get.status, "{path}");
        assert_eq!(head.body, "", "{path}");
        for name in [
            "content-type",
            "content-length",
            "cache-control",
            "location",
        ] {
            assert_eq!(head.header(name), get.header(name), "{name} of {path}");
        }
    }
}

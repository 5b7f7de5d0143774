//! Where a request comes from: other sites, other hosts' names, and proxies in between.

use reqwest::header::HeaderValue;
use reqwest::{Method, StatusCode};
use vestibule::routes;

use crate::support::{Answer, TestApp, Visitor};

const MIRA: &str = "mira@acme.test";

/// Sends an empty form with these headers.
async fn write(visitor: &Visitor, path: &str, headers: &[(&str, &str)]) -> StatusCode {
    let mut request = visitor.request(Method::POST, path).form(&[("email", MIRA)]);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap().status()
}

fn writing_routes() -> Vec<&'static str> {
    routes::table()
        .into_iter()
        .filter(|entry| entry.method != Method::GET.as_str())
        .map(|entry| entry.path)
        .collect()
}

// SECURITY rule 14: by `Sec-Fetch-Site`, or by `Origin` where it is missing; every POST route.
#[actix_web::test]
async fn every_write_that_another_site_causes_is_refused() {
    let app = TestApp::spawn().await;
    let visitor = app.signed_in(MIRA).await;
    let before = app.rows();
    let (here, port) = (app.url(), app.server().address().port());
    let (https, other_port) = (
        here.replace("http", "https"),
        format!("http://localhost:{}", port ^ 1),
    );
    let sub_host = format!("http://evil.localhost:{port}");
    let paths = writing_routes();
    assert!(paths.len() >= 4);
    for path in &paths {
        for headers in [
            &[("sec-fetch-site", "cross-site")][..],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "cross-site"), ("origin", here.as_str())],
            &[("sec-fetch-site", "Same-Origin")],
            &[("sec-fetch-site", "")],
            &[("origin", "https://evil.test")],
            &[("origin", "null")],
            &[("origin", "")],
            &[("origin", https.as_str())],
            &[("origin", other_port.as_str())],
            &[("origin", sub_host.as_str())],
        ] {
            let status = write(&visitor, path, headers).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{path} with {headers:?}");
        }
    }
    assert_eq!(app.rows(), before);
    assert!(visitor.is_in().await);
}

// SECURITY rule 14: what comes from here, or from no browser at all, is let.
#[actix_web::test]
async fn no_write_from_here_is_taken_for_a_foreign_one() {
    let app = TestApp::spawn().await;
    let here = app.url();
    for path in writing_routes() {
        for headers in [
            &[("sec-fetch-site", "same-origin")][..],
            &[("sec-fetch-site", "none")],
            &[("sec-fetch-site", "same-origin"), ("origin", "null")],
            &[("origin", here.as_str())],
            &[],
        ] {
            let status = write(&app.visitor(), path, headers).await;
            assert_ne!(status, StatusCode::FORBIDDEN, "{path} with {headers:?}");
        }
    }
}

// SECURITY rule 14: looking is let from anywhere: a link on another site leads here.
#[actix_web::test]
async fn a_link_on_another_site_opens_the_page() {
    let app = TestApp::spawn().await;
    let request = app.visitor().request(Method::GET, "/sign-in");
    let answer = request.header("sec-fetch-site", "cross-site").send().await;
    assert_eq!(answer.unwrap().status(), StatusCode::OK);
}

// SECURITY rule 14: a refused form says so, in words.
#[actix_web::test]
async fn a_form_from_another_site_gets_a_page_that_says_why() {
    let app = TestApp::spawn().await;
    let request = app.visitor().request(Method::POST, "/sign-out");
    let refused = request.header("origin", "https://evil.test").send().await;
    let refused = Answer::of(refused.unwrap()).await;
    assert_eq!(
        refused.text("#error-title"),
        "This form came from another site"
    );
}

const SPOOFED: [(&str, &str); 5] = [
    ("host", "evil.test"),
    ("x-forwarded-host", "evil.test"),
    ("x-forwarded-server", "evil.test"),
    ("x-forwarded-proto", "https"),
    ("forwarded", "host=evil.test;proto=https"),
];

/// Sends a request that claims to be for another host.
async fn spoofed(visitor: &Visitor, method: Method, path: &str) -> Answer {
    let mut request = visitor.request(method.clone(), path);
    if method == Method::POST {
        request = request.form(&[("email", MIRA)]);
    }
    for (name, value) in SPOOFED {
        request = request.header(name, value);
    }
    Answer::of(request.send().await.unwrap()).await
}

// SECURITY rule 16: links and redirects never come from `Host` or `X-Forwarded-Host`, a trusted
// proxy's included.
#[actix_web::test]
async fn a_spoofed_host_shows_up_nowhere() {
    let app = TestApp::spawn_behind_a_proxy().await;
    app.add_account(MIRA, "");
    let visitor = app.visitor();
    for entry in routes::table() {
        let method = Method::from_bytes(entry.method.as_str().as_bytes()).unwrap();
        let path = entry.path.replace("{name:.*}", "nothing.css");
        let answer = spoofed(&visitor, method, &path).await;
        let all = format!("{:?} {}", answer.headers, answer.body);
        assert!(!all.contains("evil.test"), "{path}: {all}");
        if answer.status == StatusCode::SEE_OTHER {
            assert!(answer.location().starts_with('/'), "{path}");
        }
        assert_eq!(answer.header("strict-transport-security"), "");
    }
    let mails = app.mails().await;
    assert!(!mails.is_empty());
    for mail in &mails {
        assert!(!mail.raw.contains("evil.test"), "{}", mail.raw);
        assert!(mail.subject.contains("sign-in code for localhost"));
    }
}

/// The address that the server wrote down for a sign-in with this `X-Forwarded-For`.
async fn ip_written_down(app: &TestApp, forwarded_for: &str) -> String {
    app.visitor_at(forwarded_for).sign_in(app, MIRA).await;
    app.later(std::time::Duration::from_mins(1));
    let mails = app.mails().await;
    let ip = app.text("SELECT ip FROM sessions ORDER BY id DESC LIMIT 1");
    let newest = mails.iter().rfind(|mail| mail.has_code()).unwrap();
    assert!(newest.raw.contains(&format!(" {ip},")));
    ip
}

// SECURITY rule 16: `X-Forwarded-For` only from `TRUSTED_PROXIES`.
#[actix_web::test]
async fn forwarded_headers_of_an_untrusted_peer_are_ignored() {
    let app = TestApp::spawn_with(|settings| {
        settings.trusted_proxies = Some("10.0.0.0/8".to_owned());
    })
    .await;
    app.add_account(MIRA, "");
    assert_eq!(ip_written_down(&app, "203.0.113.7").await, "127.0.0.1");
    assert_eq!(
        ip_written_down(&app, "203.0.113.7, 10.1.2.3").await,
        "127.0.0.1"
    );
}

// SECURITY rule 16: read from the right: what stands left of the last untrusted one is made up.
#[actix_web::test]
async fn the_forwarded_address_is_read_from_the_right() {
    let app = TestApp::spawn_with(|settings| {
        settings.trusted_proxies = Some("127.0.0.1/32, 10.0.0.0/8".to_owned());
    })
    .await;
    app.add_account(MIRA, "");
    for (forwarded_for, expected) in [
        ("203.0.113.7", "203.0.113.7"),
        ("6.6.6.6, 203.0.113.7", "203.0.113.7"),
        ("6.6.6.6, 203.0.113.7, 10.1.2.3", "203.0.113.7"),
        ("6.6.6.6,203.0.113.7:4711,10.1.2.3", "203.0.113.7"),
        ("203.0.113.7, not an address, 10.1.2.3", "10.1.2.3"),
        ("evil<script>", "127.0.0.1"),
        ("", "127.0.0.1"),
        ("10.9.9.9, 10.1.2.3", "10.9.9.9"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
    ] {
        let found = ip_written_down(&app, forwarded_for).await;
        assert_eq!(found, expected, "{forwarded_for}");
    }
}

// SECURITY rule 16: bytes that are not text do not hide the client behind the proxy.
#[actix_web::test]
async fn a_hop_that_is_no_text_does_not_hide_the_one_to_its_right() {
    let app = TestApp::spawn_behind_a_proxy().await;
    app.add_account(MIRA, "");
    let mira = app.visitor();
    let hidden = HeaderValue::from_bytes(b"\xff, 203.0.113.7").unwrap();
    let asked = mira
        .request(Method::POST, "/sign-in/email")
        .header("x-forwarded-for", hidden)
        .form(&[("email", MIRA)]);
    assert_eq!(asked.send().await.unwrap().status(), StatusCode::SEE_OTHER);
    let mail = app.mails().await.remove(0);
    assert!(mail.raw.contains("203.0.113.7"), "{}", mail.raw);
}

// SECURITY rule 16: lines that a client sent before the proxy's own are further left.
#[actix_web::test]
async fn several_forwarded_headers_are_read_as_one() {
    let app = TestApp::spawn_behind_a_proxy().await;
    app.add_account(MIRA, "");
    let mira = app.visitor_at("6.6.6.6");
    mira.ask_for_code(MIRA).await;
    let code = app.newest_code(MIRA).await;
    let request = mira
        .request(Method::POST, "/sign-in/code")
        .form(&[("code", &code)]);
    let entered = request
        .header("x-forwarded-for", "203.0.113.7")
        .send()
        .await;
    assert_eq!(entered.unwrap().status(), StatusCode::SEE_OTHER);
    assert_eq!(app.text("SELECT ip FROM sessions"), "203.0.113.7");
}

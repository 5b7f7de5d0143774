//! A session that ends while a request's body is still on its way.

use reqwest::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use vestibule::routes::{self, Access};

use super::{ADMIN, NOOR, app_with_admin, id_of, make_admin};
use crate::support::{TestApp, Visitor};

const FORM: &str = "email=late@acme.test&name=Late&role=admin";
const FILE: &str = "--edge\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\n\
                    email,role\r\nlate@acme.test,admin\r\n--edge--\r\n";

/// Their handlers read no body, so nothing can come late.
const WITHOUT_BODY: [&str; 7] = [
    "/account/browsers/{id}/forget",
    "/account/sessions/end-others",
    "/account/sessions/{id}/end",
    "/admin/accounts/{id}/delete",
    "/admin/accounts/{id}/{change}",
    "/admin/accounts/{id}/sessions/end",
    "/admin/accounts/{id}/sessions/{session}/end",
];

/// A request whose head has been read. The server waits for the body.
struct Begun {
    stream: TcpStream,
    body: &'static str,
}

impl Begun {
    async fn post(app: &TestApp, visitor: &Visitor, path: &str) -> Self {
        let (kind, body) = if path.contains("/import") {
            ("multipart/form-data; boundary=edge", FILE)
        } else {
            ("application/x-www-form-urlencoded", FORM)
        };
        let address = app.url().replace("http://localhost", "127.0.0.1");
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nExpect: 100-continue\r\n\
             Cookie: session={}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
            visitor.cookie("session").unwrap(),
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut first = [0; 25];
        stream.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"HTTP/1.1 100 Continue\r\n\r\n");
        Self { stream, body }
    }

    /// Sends the body and returns the response.
    async fn finish(mut self) -> String {
        self.stream.write_all(self.body.as_bytes()).await.unwrap();
        self.response().await
    }

    async fn response(mut self) -> String {
        let mut response = String::new();
        self.stream.read_to_string(&mut response).await.unwrap();
        response
    }
}

/// Every account with its name and role, and the number of sessions.
fn content(app: &TestApp) -> String {
    let accounts = "SELECT group_concat(email || ' ' || name || ' ' || role, ', ')
                    FROM (SELECT * FROM accounts ORDER BY id)";
    let sessions = app.number("SELECT count(*) FROM sessions");
    format!("{}; {sessions} sessions", app.text(accounts))
}

/// Signs both admins in. The second one acts while the first one's body is on its way.
async fn two_admins() -> (TestApp, Visitor, Visitor) {
    let (app, admin) = app_with_admin().await;
    app.add_account(NOOR, "Noor");
    make_admin(&app, NOOR);
    let noor = app.visitor();
    noor.sign_in(&app, NOOR).await;
    (app, admin, noor)
}

fn posts(with_body: bool) -> impl Iterator<Item = String> {
    routes::table()
        .into_iter()
        .filter(|entry| entry.method == "POST")
        .filter(|entry| matches!(entry.access, Access::Admin | Access::SignedIn))
        .filter(move |entry| WITHOUT_BODY.contains(&entry.path) != with_body)
        .map(|entry| entry.path.replace("{id}", "2").replace("{session}", "1"))
        .map(|path| path.replace("{change}", "make-member"))
}

// SECURITY rule 31, by construction for every POST of the table.
#[actix_web::test]
async fn a_body_that_arrives_after_the_session_has_ended_changes_nothing() {
    let mut waited = 0;
    for path in posts(true) {
        for act in ["suspend", "delete", "make-member", "sign-out"] {
            let is_own = path.starts_with("/account");
            if is_own && act == "make-member" {
                continue;
            }
            let (app, admin, noor) = two_admins().await;
            let begun = Begun::post(&app, &admin, &path).await;
            waited += 1;
            let acted = if act == "sign-out" {
                admin.post("/sign-out", &[]).await
            } else {
                let id = id_of(&app, ADMIN);
                noor.post(&format!("/admin/accounts/{id}/{act}"), &[]).await
            };
            assert_eq!(acted.status, StatusCode::SEE_OTHER, "{act}");
            let before = content(&app);
            let response = begun.finish().await;
            let refused = response.contains("location: /sign-in")
                || response.starts_with("HTTP/1.1 404 ")
                || path.ends_with("/import");
            assert!(refused, "{path} after {act}: {response}");
            assert_eq!(content(&app), before, "{path} after {act}");
        }
    }
    assert!(waited >= 11, "only {waited} requests waited for their body");
}

#[actix_web::test]
async fn the_other_posts_answer_without_a_body() {
    let mut answered = 0;
    for path in posts(false) {
        let (app, admin, _noor) = two_admins().await;
        let begun = Begun::post(&app, &admin, &path).await;
        let response = begun.response().await;
        assert!(response.starts_with("HTTP/1.1 "), "{path}: {response}");
        answered += 1;
    }
    assert_eq!(answered, WITHOUT_BODY.len());
}

// SECURITY rule 31: a streaming export stops.
#[actix_web::test]
async fn an_export_stops_when_its_admin_is_suspended() {
    let (app, admin, noor) = two_admins().await;
    app.sql(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 99000)
         INSERT INTO activity (at, kind, email, actor, detail, ip, browser)
         SELECT 0, 'name_changed', 'noor@acme.test', '', printf('%.200c', 'x'), '', '' FROM n",
    );
    let whole = admin.get("/admin/activity.csv").await.body.len();
    let mut response = admin
        .request(reqwest::Method::GET, "/admin/activity.csv")
        .send()
        .await
        .unwrap();
    let mut read = response.chunk().await.unwrap().unwrap().len();
    let id = id_of(&app, ADMIN);
    noor.post(&format!("/admin/accounts/{id}/suspend"), &[])
        .await;
    let ended = loop {
        match response.chunk().await {
            Ok(Some(chunk)) => read += chunk.len(),
            Ok(None) => break true,
            Err(_) => break false,
        }
    };
    assert!(!ended, "the export ended as if it were complete");
    assert!(read < whole, "{read} of {whole} bytes were sent");
}
